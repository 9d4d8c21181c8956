"""Opening and making workspaces while the server runs: one at a time, for everybody."""

from contextlib import suppress
from pathlib import Path
from types import ModuleType

import sqlalchemy as sa

from common.db import tables
from common.db.home import DATABASE, Home
from common.errors import BadRequest, Conflict, NotFound, WorkspaceSwitched
from core.runs import verbs as runs
from core.workspaces import opening
from core.workspaces.current import Workspace
from core.workspaces.locks import alone

_r = tables.runs


def select(home: Home, module: ModuleType, folder: Path, current: Workspace | None, *, stop_runs: bool) -> None:
    """Makes an existing workspace the open one. Raises NotFound, Conflict (unusable, or agents are at work)."""
    with alone(home):
        _check(folder, module)
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
    try:
        with alone(home):  # two people who make the same folder: one wins, the other gets 409
            opening.create(folder, module)
    except FileExistsError:
        raise Conflict("There is a workspace in this folder already: open it instead.") from None
    except OSError as error:
        raise BadRequest(f"The folder cannot be made: {error.strerror}.") from None
    select(home, module, folder, current, stop_runs=stop_runs)


def _check(folder: Path, module: ModuleType) -> None:
    if not (folder / DATABASE).is_file():
        raise NotFound("There is no workspace in this folder.")
    try:
        opening.check_usable(folder / DATABASE, module)
    except opening.UnusableWorkspace as error:
        raise Conflict(str(error)) from None


def end_runs(current: Workspace, stop_runs: bool) -> None:
    """Stops what works in the open workspace. Raises Conflict unless that is permitted."""
    # Fenced already: a switch was here before and ended half-way.
    with suppress(WorkspaceSwitched), current.database.write() as tx:
        busy = list(tx.execute(sa.select(_r.c.task_id).where(_r.c.ended_at.is_(None)).distinct()).scalars())
        if busy and not stop_runs:
            raise Conflict(
                f'Agents work on {len(busy)} tasks of the open workspace. Send "stopRuns": true to stop them.'
            )
        for task_id in busy:
            runs.stop_all(tx, task_id, "The workspace was closed.")
