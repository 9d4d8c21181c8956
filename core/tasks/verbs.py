"""What people do with tasks. Each verb runs in the write transaction it is given and returns the task afterwards."""

import uuid
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from common.db import tables
from common.db.counters import DAY_MS
from common.db.write import WriteTransaction
from common.entities.task import TASK
from common.errors import Conflict
from common.events import EventType
from core import undo
from core.insights.rule import task_moved
from core.tasks import history, records
from core.tasks.task import Task

ARCHIVED_AT_ONCE = 100
_t = tables.tasks
_r = tables.runs


def create(tx: WriteTransaction, description: str, source: dict[str, Any], **more: Any) -> Task:
    """Create a pending task; `more` are further columns that a request may give."""
    given = {"description": description, "source": source, **more}
    task = Task(id=str(uuid.uuid4()), created_at=tx.now, updated_at=tx.now, **given)
    task = records.insert(tx, task)
    history.append(tx, task.id, "task_created", description=task.description)
    return task


def edit(tx: WriteTransaction, task_id: str, changes: dict[str, Any], if_match: int | None) -> Task:
    """Replace the given columns. Raises NotFound, Stale, Conflict (archived)."""
    task = _replace(tx, task_id, changes, if_match)
    if "description" in changes:
        history.append(tx, task_id, "description_edited", description=task.description)
    if others := TASK.keys(changes.keys() - {"description"}):
        history.append(tx, task_id, "fields_edited", fields=", ".join(sorted(others)))
    return task


def edit_planning(tx: WriteTransaction, task_id: str, changes: dict[str, Any], if_match: int | None) -> Task:
    """Replace the given columns of the plan; the task is `planned` in type from then on. Raises as `edit` does."""
    task = _replace(tx, task_id, changes, if_match, planned=True)
    history.append(tx, task_id, "planning_edited", fields=", ".join(TASK.keys(changes)))
    return task


def _replace(tx: WriteTransaction, task_id: str, changes: dict[str, Any], if_match: int | None, **more: Any) -> Task:
    task = records.load(tx, task_id)
    records.check_writable(task)
    keys = TASK.keys(changes)
    records.check_version(task, if_match, keys)
    return records.save(tx, replace(task, **changes, **more), keys)


def delete(tx: WriteTransaction, task_id: str) -> str:
    """Takes the task away from everybody at once; returns the token that brings it back within 60 s."""
    task = records.load(tx, task_id)
    if tx.execute(sa.select(_r.c.id).where(_r.c.task_id == task_id, _r.c.ended_at.is_(None))).first():
        raise Conflict("An agent works on this task. Stop it before deleting the task.")
    tx.execute(sa.update(_t).where(_t.c.id == task_id).values(deleted_at=tx.now))
    tx.count(task_moved(task.stored, None, tx.now))
    tx.emit(EventType.TASK_DELETED, f'{{"id":"{task_id}"}}', task_id=None)
    return undo.remember(tx, "task", task_id, task_id)


def archive_due(tx: WriteTransaction, archive_days: int) -> int:
    """Archives completed and failed tasks whose last change is `archive_days` old; at most 100. Returns how many."""
    due = (
        sa.select(_t.c.id)
        .where(
            sa.text("status IN ('completed', 'failed') AND archived_at IS NULL AND deleted_at IS NULL"),
            _t.c.updated_at <= tx.now - archive_days * DAY_MS,
        )
        .order_by(_t.c.updated_at)
        .limit(ARCHIVED_AT_ONCE)
    )
    task_ids = [row[0] for row in tx.execute(due)]
    for task_id in task_ids:
        records.archive(tx, records.load(tx, task_id))
    return len(task_ids)
