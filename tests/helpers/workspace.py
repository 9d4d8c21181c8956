"""A prepared CHORUS_HOME with one open workspace, and its database, for tests that need no server."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from common.clock import now_ms
from common.db import eventlog, sqlite
from common.db.home import Home
from common.settings import Settings, load
from core.workspaces.current import CurrentWorkspace, Workspace
from core.workspaces.locks import make_home
from core.workspaces.opening import prepare

SOURCE = {"sourceType": "test", "userId": "tester", "conversationId": None}


def prepared(home: Path, **environ: str) -> Settings:
    """Settings for `home`, after what the launcher does there."""
    settings = _settings(home, environ)
    prepare(settings).close()
    return settings


def _settings(home: Path, environ: dict[str, str]) -> Settings:
    library = {"CHORUS_SQLITE": os.environ.get("CHORUS_SQLITE", "")}  # `make test` runs once with each
    return load({"CHORUS_HOME": str(home), **library, **environ})


@cache
def _template() -> tempfile.TemporaryDirectory[str]:
    """A home that was prepared once in this test run: copying its workspace is ten times faster than making one."""
    folder = tempfile.TemporaryDirectory(prefix="chorus-template-")
    prepared(Path(folder.name))
    return folder


def quickly_prepared(home: Path) -> Settings:
    """The same as `prepared` leaves, with a copied workspace: for tests that are not about the start."""
    return copied(Path(_template().name), home)


def copied(template: Path, home: Path) -> Settings:
    """A new home with a copy of the default workspace of another one, which no process has open."""
    settings = _settings(home, {})
    default = settings.home / "workspaces" / "default"
    make_home(settings.home)
    shutil.copytree(template / "workspaces" / "default", default, ignore=shutil.ignore_patterns("*.owner"))
    opened = Home.create(settings.home, sqlite.library(settings.sqlite))
    opened.switch_to(default, now_ms())
    opened.close()
    return settings


@contextmanager
def open_workspace(home: Path) -> Iterator[Workspace]:
    """The open workspace of a home, which is made where there is none."""
    settings = _settings(home, {}) if (home / "home.db").exists() else quickly_prepared(home)
    module = sqlite.library(settings.sqlite)
    current = CurrentWorkspace(Home(settings.home, module), module, lambda: None)
    try:
        yield current.get()
    finally:
        current.close()


def frames(workspace: Workspace) -> list[Any]:
    """All logged events, parsed."""
    with workspace.database.read() as reading:
        return [json.loads(event.frame) for event in eventlog.tail(reading.connection, 0, 100_000)]
