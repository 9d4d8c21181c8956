"""Opening and making workspaces while the server runs: one at a time, for everybody."""

import os
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import sqlalchemy as sa

from common.db import tables
from common.db.home import DATABASE, Home
from common.db.reader import Reader
from common.errors import BadRequest, Conflict, NotFound, WorkspaceSwitched
from core.board import commands
from core.config.file import CONFIG_FILE
from core.workspaces import opening
from core.workspaces.current import Workspace

AGENTS_AT_WORK = "runs"
_NO_DATABASE = (
    "This folder has a chorus.json and no database. A workspace of the original Chorus is brought into the open one by "
    "`./chorus import`; a lost database comes back by `./chorus restore`."
)
_r = tables.runs


def select(home: Home, module: ModuleType, folder: Path, current: Workspace | None, *, stop_runs: bool) -> None:
    """Makes an existing workspace the open one. Raises NotFound, Conflict (unusable, or agents are at work)."""
    folder = opening.as_known(home, folder)
    _check(home, folder, module)
    opened = home.open_workspace().folder
    if current is not None and opened != folder:
        if current.folder != opened:
            raise WorkspaceSwitched("Somebody else has just opened another workspace. Look at it, then try again.")
        end_runs(current, stop_runs)
    try:
        (opening.open_again if opened == folder else opening.switch)(home, folder, module)
    except opening.UnusableWorkspace as error:
        raise Conflict(str(error)) from None


def create(home: Home, module: ModuleType, folder: Path, current: Workspace | None, *, stop_runs: bool) -> None:
    """Makes an empty workspace and opens it. Raises Conflict where one stands, BadRequest where none can be made."""
    if current is not None and not stop_runs:
        _check_idle(current)
    try:
        opening.create(folder, module)
    except FileExistsError:
        there = "There is a workspace in this folder already: open it instead."
        raise Conflict(there if opening.holds_database(folder) else _NO_DATABASE) from None
    except OSError as error:
        raise BadRequest(f"The folder cannot be made: {error.strerror}.") from None
    select(home, module, folder, current, stop_runs=stop_runs)


def _check(home: Home, folder: Path, module: ModuleType) -> None:
    if not opening.holds_database(folder):
        absent = "There is no workspace in this folder, or it cannot be read."
        raise NotFound(_NO_DATABASE if os.path.isfile(folder / CONFIG_FILE) else absent)
    try:
        opening.check_usable(folder / DATABASE, module)
        opening.check_owner(home, folder)
    except opening.UnusableWorkspace as error:
        raise Conflict(str(error)) from None


def _check_idle(current: Workspace) -> None:
    with current.database.read() as reading:
        _refuse_busy(_busy_tasks(reading))


def _busy_tasks(reader: Reader) -> list[str]:
    return list(reader.execute(sa.select(_r.c.task_id).where(_r.c.ended_at.is_(None)).distinct()).scalars())


def _refuse_busy(busy: list[str]) -> None:
    if busy:
        tasks = "1 task" if len(busy) == 1 else f"{len(busy)} tasks"
        message = f'Agents work on {tasks} of the open workspace. Send "stopRuns": true to stop them.'
        raise Conflict(message, reason=AGENTS_AT_WORK)


def end_runs(current: Workspace, stop_runs: bool) -> None:
    """Stops what works in the open workspace. Raises Conflict unless that is permitted."""
    # Fenced already: a switch was here before and ended half-way.
    with suppress(WorkspaceSwitched), current.database.write() as tx:
        busy = _busy_tasks(tx)
        if not stop_runs:
            _refuse_busy(busy)
        for task_id in busy:
            commands.cancel_all(tx, task_id, "The workspace was closed.")
