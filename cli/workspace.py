"""The workspace of CHORUS_HOME for commands that work on it directly, whether the server runs or not."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from cli.problem import refuse
from common.db import sqlite
from common.db.home import Home
from common.errors import ServiceUnavailable
from common.queue import Bell, bell_path
from common.settings import Settings
from core.config.file import CONFIG_FILE
from core.workspaces.current import CurrentWorkspace, Workspace
from core.workspaces.locks import try_lock_home
from core.workspaces.opening import prepare


@dataclass(frozen=True)
class House:
    """An open CHORUS_HOME. `running`: a server has it too."""

    home: Home
    module: ModuleType
    current: CurrentWorkspace
    running: bool
    bell: Bell

    def workspace(self) -> Workspace:
        """The open workspace. Raises ServiceUnavailable where none is."""
        return self.current.get()

    def open_workspace(self) -> Workspace | None:
        with suppress(ServiceUnavailable):
            return self.current.get()
        return None


@contextmanager
def house(settings: Settings) -> Iterator[House]:
    """CHORUS_HOME as a server has prepared it. Where none runs, it is prepared here, and none can start meanwhile."""
    lock = try_lock_home(settings.home)
    try:
        if lock is not None:
            prepare(settings).close()
        module = sqlite.library(settings.sqlite)
        bell = Bell(bell_path(settings.home))
        home = Home(settings.home, module)
        current = CurrentWorkspace(home, module, bell.ring)
        try:
            yield House(home, module, current, running=lock is None, bell=bell)
        finally:
            bell.ring()
            current.close()
            bell.close()
    finally:
        if lock is not None:
            os.close(lock)


def folder_of(path: Path) -> Path:
    """The workspace's folder, where its chorus.json is named."""
    path = path.absolute()
    return path.parent if path.name == CONFIG_FILE else path


def require_home(settings: Settings) -> None:
    """Commands that only read must not make a home."""
    if not (settings.home / "home.db").is_file():
        refuse(f"CHORUS_HOME={settings.home} holds no workspace yet. Start Chorus once, or set CHORUS_HOME.")
