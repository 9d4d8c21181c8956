"""The open workspace: its database, its log, its attachments and its chorus.json."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy as sa

from cli.checks import Finding, ok, problem, warning
from cli.output import many
from common.clock import now_ms
from common.db import eventlog, sqlite, tables
from common.db.home import DATABASE, Home
from core.attachments import files
from core.config import file
from core.config import verbs as config
from core.workspaces.opening import UPLOADS, UnusableWorkspace, check_usable

RESTORE = "Restore a backup: chorus restore FILE.zip."


def check(home: Path, module: ModuleType) -> Iterator[Finding]:
    """Nothing where CHORUS_HOME has not been made yet."""
    if not (home / "home.db").exists():
        return
    opened = Home(home, module, watching=True)
    try:
        state = opened.open_workspace()
    except sa.exc.DBAPIError as error:
        yield problem("home.db", f"cannot be read: {error.orig}. Move it away: the next start makes a new one.")
        return
    finally:
        opened.close()
    if state.folder is None:
        yield problem("workspace", f"none is open. {state.problem or 'Open one on the Workspaces page.'}")
    else:
        yield from check_workspace(state.folder, module)


def check_workspace(folder: Path, module: ModuleType) -> Iterator[Finding]:
    try:
        check_usable(folder / DATABASE, module)
    except UnusableWorkspace as error:
        yield problem("workspace", f"{error} {RESTORE}")
        return
    if found := sqlite.problems(folder / DATABASE, module):
        yield problem("database", f"{folder / DATABASE} is damaged: {'; '.join(found)}. {RESTORE}")
        return
    yield ok("workspace", str(folder))
    engine = sqlite.engine(folder / DATABASE, module, read_only=True, pool_size=1)
    try:
        with engine.begin() as connection:
            yield _log(connection)
            yield from _attachments(connection, folder / UPLOADS)
            yield _config(connection, folder)
    finally:
        engine.dispose()


def port_of(home: Path, module: ModuleType) -> int | None:
    """The open workspace's own `port`."""
    try:
        opened = Home(home, module, watching=True)
        folder = opened.open_workspace().folder
        opened.close()
        if folder is None:
            return None
        engine = sqlite.engine(folder / DATABASE, module, read_only=True, pool_size=1)
        with engine.begin() as connection:
            port: int | None = connection.execute(sa.select(tables.config.c.port)).scalar()
        engine.dispose()
    except sa.exc.DBAPIError:
        return None
    return port


def _log(connection: sa.Connection) -> Finding:
    e = tables.events
    head = eventlog.head(connection)
    count, oldest, newest = connection.execute(
        sa.select(sa.func.count(), sa.func.min(e.c.seq), sa.func.max(e.c.seq))
    ).one()
    whole = count == 0 or (newest - oldest + 1 == count and newest == head.seq)
    if not whole:
        text = f"the log has holes: {count} events from {oldest} to {newest}, head {head.seq}"
        return problem("log", f"{text}. Pages take snapshots where they meet one; nothing else is lost.")
    if head.fenced:
        return problem("log", "the workspace was closed and refuses writes. Open it again on the Workspaces page.")
    return ok("log", f"{head.epoch}:{head.seq}, {many(count, 'event')} kept, without a hole; the database is sound")


def _attachments(connection: sa.Connection, uploads: Path) -> Iterator[Finding]:
    a = tables.attachments
    rows = connection.execute(sa.select(a.c.task_id, a.c.id, a.c.filename, a.c.size, a.c.deleted_at)).all()
    live = [row for row in rows if row.deleted_at is None]
    missing = [row for row in live if not files.path_of(uploads, row.task_id, row.id).is_file()]
    wrong = [row for row in live if row not in missing and _size(uploads, row) != row.size]
    if missing or wrong:
        named = ", ".join(f"{row.filename} of task {row.task_id}" for row in [*missing, *wrong][:5])
        yield problem(
            "attachments", f"{many(len(missing), 'file')} missing, {len(wrong)} of another size: {named}. {RESTORE}"
        )
    else:
        yield ok("attachments", f"{many(len(live), 'file')}, all there")
    named_files = {row.id for row in rows}
    orphans = sum(path.name not in named_files for path in files.old(uploads, now_ms() / 1_000))
    if orphans:
        yield ok("attachments", f"{many(orphans, 'file')} without a row; the server sweeps them")


def _size(uploads: Path, row: Any) -> int:
    return files.path_of(uploads, row.task_id, row.id).stat().st_size


def _config(connection: sa.Connection, folder: Path) -> Finding:
    row = connection.execute(sa.select(tables.config)).one()
    if file.was_edited(folder, config.form(dict(row._mapping))):
        return warning(
            "chorus.json", "differs from the database, which counts: import or overwrite it on the Settings page."
        )
    return ok("chorus.json", "as the database has it")
