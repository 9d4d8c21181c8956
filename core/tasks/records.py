"""Tasks in the database: rows to Task and back, each save with its version, wire text and event."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from common.db import tables
from common.db.prepared import Prepared
from common.db.reader import Reader
from common.db.write import WriteTransaction
from common.entities.task import TASK
from common.errors import Conflict, NotFound
from common.events import EventType, TaskStatus
from common.fields.base import is_uuid
from core import versioned
from core.insights.rule import Place, task_created, task_moved
from core.tasks.task import Task, wire_text

_t = tables.tasks
_COLUMNS = [field.name for field in TASK.stored()]
_a = tables.attachments
_r = tables.runs
_u = tables.undo_tokens
# Most tasks have no attachments and no runs: whether they have costs less than two more statements.
_SELECT = Prepared(
    sa.select(
        *(_t.c[name] for name in _COLUMNS),
        sa.exists().where(_a.c.task_id == _t.c.id).label("has_attachments"),
        sa.exists().where(_r.c.task_id == _t.c.id).label("has_runs"),
    ).where(_t.c.id == sa.bindparam("task_id"), _t.c.deleted_at.is_(None))
)
_INSERT = Prepared(sa.insert(_t), [*_COLUMNS, "wire"])
_UPDATE = Prepared(sa.update(_t).where(_t.c.id == sa.bindparam("task_id")), [*_COLUMNS, "wire"])
_ATTACHMENTS = (
    sa.select(_a.c.filename, _a.c.size, _a.c.content_type, _a.c.uploaded_at)
    .where(_a.c.task_id == sa.bindparam("task_id"), _a.c.deleted_at.is_(None))
    .order_by(_a.c.rank)
)
_CHAIN = (
    sa.select(
        _r.c.id,
        _r.c.parent_id,
        _r.c.agent_name,
        _r.c.started_at,
        _r.c.ended_at,
        _r.c.input,
        _r.c.output,
        _r.c.completion_report,
    )
    .where(_r.c.task_id == sa.bindparam("task_id"), _r.c.kind == "agent")
    .order_by(_r.c.rank)
)


def load(reader: Reader, task_id: str) -> Task:
    """The task with its attachments and chain. Raises NotFound."""
    rows = reader.run(_SELECT, {"task_id": task_id}) if is_uuid(task_id) else []
    if not rows:
        raise NotFound("There is no such task; it may have been deleted.")
    *values, has_attachments, has_runs = rows[0]
    columns = dict(zip(_COLUMNS, values, strict=True))
    attachments = _attachments(reader, task_id) if has_attachments else []
    chain = _chain(reader, task_id) if has_runs else []
    status = TaskStatus(columns.pop("status"))
    place = Place(status, columns["status_since"], columns["archived_at"] is None)
    return Task(**columns, status=status, stored=place, attachments=attachments, chain=chain)


def _attachments(reader: Reader, task_id: str) -> list[dict[str, Any]]:
    rows = reader.execute(_ATTACHMENTS, {"task_id": task_id})
    return [{"filename": r[0], "size": r[1], "contentType": r[2], "uploadedAt": r[3]} for r in rows]


def _chain(reader: Reader, task_id: str) -> list[dict[str, Any]]:
    keys = ("runId", "parentRunId", "agentName", "startedAt", "completedAt", "input", "output", "completionReport")
    return [dict(zip(keys, row, strict=True)) for row in reader.execute(_CHAIN, {"task_id": task_id})]


def check_writable(task: Task) -> None:
    """Raises Conflict for an archived task: it is read-only until somebody reopens it."""
    if task.archived_at is not None:
        raise Conflict("This task is archived. Reopen it before changing it.")


def check_version(task: Task, if_match: int | None, fields: Iterable[str]) -> None:
    """Raises Stale if one of `fields` has changed since version `if_match`; None: the caller asks for no check."""
    if if_match is not None:
        row = {"version": task.version, "field_versions": task.field_versions}
        versioned.check("this task", row, fields, if_match, task.full_form)


def insert(tx: WriteTransaction, task: Task) -> Task:
    """Stores a new task and emits `task_created`."""
    place = task.place(tx.now)
    task = replace(task, seq=tx.next_seq, status_since=place.since, stored=place)
    row = _row(task)
    tx.run(_INSERT, row)
    tx.count(task_created(place))
    tx.emit(EventType.TASK_CREATED, row["wire"], task_id=task.id)
    return task


def save(tx: WriteTransaction, task: Task, changed: Iterable[str]) -> Task:
    """Stores a changed task as its next version and emits `task_updated`. `changed` are wire field names.

    A transaction makes one version of a task, however often it saves it.
    """
    version = task.version if task.seq == tx.next_seq else task.version + 1
    place = task.place(tx.now)
    tx.count(task_moved(task.stored, place, tx.now))
    task = replace(
        task,
        version=version,
        status_since=place.since,
        stored=place,
        field_versions=versioned.after(task.field_versions, changed, version),
        seq=tx.next_seq,
        updated_at=tx.now,
    )
    wire = _update(tx, task)
    tx.emit(EventType.TASK_UPDATED, wire, task_id=task.id)
    return task


def archive(tx: WriteTransaction, task: Task) -> None:
    """Takes a task off the board and emits `task_archived`."""
    task = replace(task, version=task.version + 1, seq=tx.next_seq, archived_at=tx.now)
    tx.count(task_moved(task.stored, task.place(tx.now), tx.now))
    _update(tx, task)
    tx.emit(EventType.TASK_ARCHIVED, f'{{"id":"{task.id}"}}', task_id=task.id)


def adopt(tx: WriteTransaction, task: Task) -> Task:
    """Stores a task from elsewhere, as it was there, in place of one with its id that was taken away before.

    The caller adds its attachments, runs, messages and history, and says with `reset` that a task was replaced.
    """
    task = replace(task, seq=tx.next_seq, status_since=task.status_since or task.updated_at)
    place = Place(task.status, task.status_since, task.archived_at is None)
    row = _row(task)
    tx.run(_INSERT, row)
    tx.count(task_moved(None, place, tx.now))
    if task.archived_at is None:
        tx.emit(EventType.TASK_CREATED, row["wire"], task_id=task.id)
    else:
        tx.emit(EventType.TASK_ARCHIVED, f'{{"id":"{task.id}"}}', task_id=task.id)
    return task


def discard(tx: WriteTransaction, task_id: str) -> None:
    """Takes a task and all its parts away for good, to make room for `adopt`; also one that waits for its undo.

    What was deleted of it before cannot be undone any more: it belongs to a task that is gone.
    """
    row = tx.execute(sa.select(_t).where(_t.c.id == task_id)).one()
    if row.deleted_at is None:
        place = Place(TaskStatus(row.status), row.status_since, row.archived_at is None)
        tx.count(task_moved(place, None, tx.now))
    tx.execute(sa.delete(_t).where(_t.c.id == task_id))
    tx.execute(sa.delete(_u).where(_u.c.task_id == task_id))


def _update(tx: WriteTransaction, task: Task) -> str:
    row = _row(task)
    tx.run(_UPDATE, row | {"task_id": task.id})
    return str(row["wire"])


def _row(task: Task) -> dict[str, Any]:
    return {name: getattr(task, name) for name in _COLUMNS} | {"wire": wire_text(task)}
