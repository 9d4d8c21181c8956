"""Work that is due by time alone: archiving, and sweeping what is past its undo or was left behind.

One short transaction at a time.
"""

import contextlib
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from common.clock import now_ms
from common.db import tables
from common.db.database import Database
from common.db.home import UNDO_MS
from common.db.write import WriteTransaction
from common.schemas.base import is_uuid
from core import idempotency
from core.attachments import files
from core.config import verbs as config
from core.files.drafts import Drafts
from core.tasks import verbs
from core.workspaces.opening import SESSIONS, WORK

SWEEP_AFTER_MS = 2 * UNDO_MS
SWEPT_AT_ONCE = 50
HISTORY_AT_ONCE = 500


def run(database: Database, uploads: Path, archive_days: int) -> list[str]:
    """Does all that is due now. Called once a minute by one thread of each web worker; twins do no harm.

    `archive_days` is for workspaces that do not say themselves. Returns ids of tasks that cannot be brought back any
    more: what their agents said may go.
    """
    with database.write() as tx:
        verbs.archive_due(tx, config.read(tx)["archive_days"] or archive_days)
    with database.write() as tx:
        _forget_expired(tx)
    dead, files_left = _sweep(database, uploads)
    for folder in _folders_of_agents(database.path.parent, dead):
        shutil.rmtree(folder, ignore_errors=True)
    for path in files_left:
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty: the task has other files
            path.parent.rmdir()
    Drafts(database.path.parent).sweep(now_ms() / 1_000)
    return dead


def _forget_expired(tx: WriteTransaction) -> None:
    tokens = tables.undo_tokens
    idempotency.forget_expired(tx, tx.now, tables.idempotency_keys)
    tx.execute(sa.delete(tokens).where(tokens.c.expires_at < tx.now))


def _sweep(database: Database, uploads: Path) -> tuple[list[str], list[Path]]:
    """Deletes rows whose undo has expired, which nobody sees any more.

    Returns the ids of the tasks among them, and the files that have lost their row or their task.
    """
    with database.sweep() as connection:
        edge = now_ms() - SWEEP_AFTER_MS
        a, m, t, h, r = tables.attachments, tables.messages, tables.tasks, tables.history, tables.runs
        connection.execute(sa.delete(m).where(m.c.rank.in_(_gone(m, m.c.rank, edge))))
        dead = [row[0] for row in connection.execute(_gone(t, t.c.id, edge))]
        talks = connection.execute(sa.select(r.c.session_id).where(r.c.task_id.in_(dead))).scalars().all()
        rows = connection.execute(
            sa.select(a.c.id, a.c.task_id).where((a.c.deleted_at < edge) | a.c.task_id.in_(dead)).limit(SWEPT_AT_ONCE)
        ).all()
        connection.execute(sa.delete(a).where(a.c.id.in_([row.id for row in rows])))
        old = sa.select(h.c.id).where(h.c.task_id.in_(dead)).limit(HISTORY_AT_ONCE)
        connection.execute(sa.delete(h).where(h.c.id.in_(old)))
        bare = sa.select(t.c.id).where(
            t.c.id.in_(dead),
            ~sa.exists().where(h.c.task_id == t.c.id),
            ~sa.exists().where(a.c.task_id == t.c.id),
        )
        connection.execute(sa.delete(t).where(t.c.id.in_(bare)))
        known = set(connection.execute(sa.select(a.c.id)).scalars())
    swept = [files.path_of(uploads, row.task_id, row.id) for row in rows]
    return dead, swept + _conversations(database.path.parent, talks) + list(files.orphans(uploads, known))


def _folders_of_agents(workspace: Path, tasks: list[str]) -> list[Path]:
    return [workspace / WORK / task for task in tasks if is_uuid(task)]


def _conversations(workspace: Path, sessions: Iterable[str | None]) -> list[Path]:
    """Those that our own loop has kept; the names of other programs' sessions are their own affair."""
    return [workspace / SESSIONS / f"{session}.json" for session in sessions if session and is_uuid(session)]


def _gone(table: sa.Table, column: sa.Column[Any], edge: int) -> sa.Select[Any]:
    return sa.select(column).where(table.c.deleted_at < edge).limit(SWEPT_AT_ONCE)
