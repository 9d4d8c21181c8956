"""The open workspace as a server process sees it: follows every switch, records how far the log has gone."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import sqlalchemy as sa

from common.db.database import Database
from common.db.eventlog import Position
from common.db.home import DATABASE, Home
from common.db.output import OUTPUT, OutputReader
from common.errors import NoWorkspaceOpen
from common.storage import storing
from core.config import file
from core.output.append import Limits
from core.output.writer import OutputWriter, forget_output
from core.workspaces.opening import UPLOADS
from core.workspaces.owner import Hold

log = logging.getLogger(__name__)
HIGH_WATER_EVERY_S = 0.8  # the record may be 1 s late


class Workspace:
    """An open workspace: its database and the folders beside it."""

    def __init__(self, folder: Path, module: ModuleType, on_commit: Callable[[Position], None]) -> None:
        self.folder = folder
        self.database = Database(folder / DATABASE, module, on_commit)
        self.output = OutputReader(folder / OUTPUT, module)
        self.uploads = folder / UPLOADS
        self.config_path = str(file.path_of(folder))
        self._hold = Hold(folder)
        self._module = module

    def write_output(self, ring: Callable[[], None], limits: Limits | None = None) -> OutputWriter:
        """The writer of what agents say here; for the one process that runs them, which must close it."""
        return OutputWriter(self.folder / OUTPUT, self._module, ring, limits)

    def forget_output(self, task_ids: Sequence[str]) -> None:
        """Deletes what the runs of these tasks said."""
        if task_ids:
            forget_output(self.folder / OUTPUT, self._module, task_ids)

    def close(self) -> None:
        self.database.close()
        self.output.close()
        self._hold.close()


class CurrentWorkspace:
    """Hands out the open workspace; asks `home.db` each time, so that no process works on a closed one."""

    def __init__(self, home: Home, module: ModuleType, ring: Callable[[], None]) -> None:
        self._home = home
        self._module = module
        self._ring = ring
        self._lock = threading.Lock()
        self._generation = -1
        self._workspace: Workspace | None = None
        self._high_water: tuple[Path, Position] | None = None

    def get(self) -> Workspace:
        """Raises NoWorkspaceOpen, saying why; ServiceUnavailable where the folder of the open one cannot be read."""
        state = self._home.open_workspace()
        with self._lock:
            if state.generation > self._generation:  # smaller: another thread has seen a later switch meanwhile
                with storing():
                    self._switch(state.folder)
                self._generation = state.generation
            if self._workspace is None:
                reason = state.problem or "Open or create one on the Workspaces page."
                raise NoWorkspaceOpen(f"No workspace is open. {reason}")
            return self._workspace

    def _switch(self, folder: Path | None) -> None:
        # The former database is not closed here: requests may still be reading it. It goes with its last user.
        self._workspace = Workspace(folder, self._module, self._noting(folder / DATABASE)) if folder else None

    def _noting(self, database: Path) -> Callable[[Position], None]:
        """What is called after each commit to `database`: out of order, and perhaps after the next switch."""

        def committed(position: Position) -> None:
            self._ring()
            with self._lock:
                known, at = self._high_water or (None, position)
                if known != database or at.epoch != position.epoch or at.seq <= position.seq:
                    self._high_water = (database, position)

        return committed

    def _checkpoint(self) -> None:
        if self._workspace is not None:
            self._workspace.database.checkpoint()

    def close(self) -> None:
        """Closes the databases; for the end of a process or test."""
        if self._workspace:
            self._workspace.close()
        self._home.close()

    def keep_high_water(self, stop: threading.Event) -> None:
        """Records how far the log has gone and checkpoints it, until told to stop. Runs in a thread of its own."""
        recorded = None
        while not stop.is_set():
            time.sleep(0)  # let a request's thread go first
            if self._high_water is not None and self._high_water != recorded:
                recorded = self._record(self._high_water) or recorded
            stop.wait(HIGH_WATER_EVERY_S)

    def _record(self, position: tuple[Path, Position]) -> tuple[Path, Position] | None:
        """What has been recorded. A disk that is full or gone is no end: it is tried again."""
        try:
            self._home.record_high_water(*position)
            self._checkpoint()
        except (OSError, sa.exc.DBAPIError) as error:
            log.warning("The high-water mark cannot be recorded: %s", error)
            return None
        return position
