"""What the application holds besides Flask: settings, the open workspace, the shared snapshot."""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from common.db.home import Home
from common.queue import Bell
from common.settings import Settings
from core.workspaces.current import CurrentWorkspace
from webapp.snapshots import SnapshotCache

_KEY = "chorus"


@dataclass(frozen=True)
class State:
    settings: Settings
    home: Home
    workspace: CurrentWorkspace
    snapshots: SnapshotCache
    build: str
    bell: Bell

    def close(self) -> None:
        """Lets go of databases and sockets, when the application is done."""
        self.workspace.close()
        self.bell.close()


def install(app: Flask, state: State) -> None:
    app.extensions[_KEY] = state


def current() -> State:
    """The state of the application that serves this request."""
    return of(current_app)


def of(app: Flask) -> State:
    return cast(State, app.extensions[_KEY])
