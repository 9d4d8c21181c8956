"""Work that is due by time alone: archiving, and sweeping what is past its undo or was left behind.

What is due is looked up by reading. Only then, and only for as long as it takes to delete a bounded number of rows by
their keys, is the right to write held: however much there is, other writers wait no longer.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from common.clock import now_ms
from common.db import tables
from common.db.database import Database, Reading
from common.db.home import UNDO_MS
from common.fields.base import is_uuid
from core import idempotency
from core.attachments import files
from core.config import verbs as config
from core.files.drafts import Drafts
from core.tasks import verbs
from core.workspaces.opening import SESSIONS, WORK

SWEEP_AFTER_MS = 2 * UNDO_MS
MAX_ROWS = 200  # deleted by one transaction
MAX_TRANSACTIONS = 250  # of one round: what is left waits for the next one
TASKS_AT_ONCE = 50
FILES_AT_ONCE = 500
_a, _h, _m, _r, _t = tables.attachments, tables.history, tables.messages, tables.runs, tables.tasks
_k, _u = tables.idempotency_keys, tables.undo_tokens
_PARTS: tuple[sa.Column[Any], ...] = (_h.c.id, _m.c.rank, _a.c.rank, _r.c.rank)  # the keys of what a task consists of


class _Due(NamedTuple):
    """Rows to delete, as (key column, keys), and what goes with them. `dead` are tasks past their undo."""

    rows: list[tuple[sa.Column[Any], list[Any]]]
    dead: list[str]
    sessions: list[str]
    files: list[tuple[str, str]]  # (task, attachment)


def run(
    database: Database,
    uploads: Path,
    archive_days: int,
    *,
    thorough: bool = True,
    forget: Callable[[list[str]], object] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Does all that is due now. Called once a minute by one web worker; a twin does no harm.

    `archive_days` is for workspaces that do not say themselves; `thorough`: also looks for files that no row names.
    `forget` is given the ids of tasks that cannot be brought back any more: what their agents said may go.
    """
    with database.write() as tx:
        verbs.archive_due(tx, config.read(tx)["archive_days"] or archive_days)
    forgotten: set[str] = set()
    for _ in range(MAX_TRANSACTIONS):
        with database.read() as reading:
            due = _find_due(reading, now_ms())
        if not due.rows or stopped():
            break
        dead = [task for task in due.dead if task not in forgotten]
        _forget_agents(database.path.parent, dead, due.sessions)
        forget(dead)
        forgotten.update(dead)
        with database.sweep() as connection:
            for key, values in due.rows:
                connection.execute(sa.delete(key.table).where(key.in_(values)))
        for task, attachment in due.files:
            _remove(files.path_of(uploads, task, attachment))
    if thorough:
        _remove_nameless(database, uploads)
    Drafts(database.path.parent).sweep(now_ms() / 1_000)


def _find_due(reading: Reading, now: int) -> _Due:
    """At most MAX_ROWS rows, each found by its own condition; a task goes once nothing of it is left."""
    expired = _t.c.deleted_at < now - SWEEP_AFTER_MS
    dead = list(reading.execute(sa.select(_t.c.id).where(expired).limit(TASKS_AT_ONCE)).scalars())
    rows: list[tuple[sa.Column[Any], list[Any]]] = []
    room = MAX_ROWS
    for key, condition in _conditions(dead, now):
        found = list(reading.execute(sa.select(key).where(condition).limit(room)).scalars()) if room else []
        rows += [(key, found)] if found else []
        room -= len(found)
    ranks = dict(rows)
    mine = sa.select(_r.c.session_id).where(_r.c.rank.in_(ranks.get(_r.c.rank, [])))
    sessions = [session for session in reading.execute(mine).scalars() if session]
    attached = sa.select(_a.c.task_id, _a.c.id).where(_a.c.rank.in_(ranks.get(_a.c.rank, [])))
    return _Due(rows, dead, sessions, [(row[0], row[1]) for row in reading.execute(attached)])


def _conditions(dead: list[str], now: int) -> Iterator[tuple[sa.Column[Any], sa.ColumnElement[bool]]]:
    """The key of each table, and which of its rows nobody sees any more."""
    edge = now - SWEEP_AFTER_MS
    for key in _PARTS:
        lost = key.table.c.task_id.in_(dead)
        yield key, lost | (key.table.c.deleted_at < edge) if "deleted_at" in key.table.c else lost
    whole = [sa.exists().where(key.table.c.task_id == _t.c.id) for key in _PARTS]
    yield _t.c.rank, _t.c.id.in_(dead) & ~sa.or_(*whole)
    yield _u.c.token, _u.c.expires_at < now
    yield _k.c.request, _k.c.at < now - idempotency.KEEP_MS


def _forget_agents(workspace: Path, tasks: list[str], sessions: Iterable[str]) -> None:
    """What agents left behind goes before the rows that lead to it: a crash between leaves the rows for the next time.

    Of conversations only those that our own loop has kept; the names of other programs' sessions are their own affair.
    """
    for task in filter(is_uuid, tasks):
        shutil.rmtree(workspace / WORK / task, ignore_errors=True)
    for session in filter(is_uuid, sessions):
        with contextlib.suppress(OSError):
            (workspace / SESSIONS / f"{session}.json").unlink()


def _remove_nameless(database: Database, uploads: Path) -> None:
    """Files that a crash has left between file and row."""
    found = files.old(uploads, now_ms() / 1_000)
    while paths := list(islice(found, FILES_AT_ONCE)):
        with database.read() as reading:
            named = set(reading.execute(sa.select(_a.c.id).where(_a.c.id.in_([path.name for path in paths]))).scalars())
        for path in paths:
            if path.name not in named:
                _remove(path)


def _remove(path: Path) -> None:
    """A twin may have removed it, or its folder, already; one that cannot be removed is tried again later."""
    files.drop(path)
    with contextlib.suppress(OSError):  # not empty: the task has other files
        path.parent.rmdir()
