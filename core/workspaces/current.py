"""The open workspace as a server process sees it: follows every switch, records how far the log has gone."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from common.db.database import Database
from common.db.eventlog import Position
from common.db.home import DATABASE, Home
from common.errors import ServiceUnavailable
from core.config import file
from core.workspaces.opening import UPLOADS

HIGH_WATER_EVERY_S = 0.8  # the record may be 1 s late


class Workspace:
    """An open workspace: its database and the folders beside it."""

    def __init__(self, folder: Path, module: ModuleType, on_commit: Callable[[Position], None]) -> None:
        self.folder = folder
        self.database = Database(folder / DATABASE, module, on_commit)
        self.uploads = folder / UPLOADS
        self.config_path = str(file.path_of(folder))


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
        """Raises ServiceUnavailable, saying why, where no workspace is open."""
        state = self._home.open_workspace()
        with self._lock:
            if state.generation != self._generation:
                self._switch(state.folder)
                self._generation = state.generation
            if self._workspace is None:
                reason = state.problem or "Open or create one on the Workspaces page."
                raise ServiceUnavailable(f"No workspace is open. {reason}")
            return self._workspace

    def _switch(self, folder: Path | None) -> None:
        # The former database is not closed here: requests may still be reading it. It goes with its last user.
        self._workspace = Workspace(folder, self._module, self._committed) if folder else None

    def _committed(self, position: Position) -> None:
        self._ring()
        assert self._workspace is not None
        self._high_water = (self._workspace.database.path, position)

    def _checkpoint(self) -> None:
        if self._workspace is not None:
            self._workspace.database.checkpoint()

    def close(self) -> None:
        """Closes the databases; for the end of a process or test."""
        if self._workspace:
            self._workspace.database.close()
        self._home.close()

    def keep_high_water(self, stop: threading.Event) -> None:
        """Records how far the log has gone and checkpoints it, until told to stop. Runs in a thread of its own."""
        recorded = None
        while not stop.is_set():
            time.sleep(0)  # let a request's thread go first
            if self._high_water is not None and self._high_water != recorded:
                recorded = self._high_water
                self._home.record_high_water(*recorded)
                self._checkpoint()
            stop.wait(HIGH_WATER_EVERY_S)
