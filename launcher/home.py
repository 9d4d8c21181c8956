"""CHORUS_HOME is prepared before anything serves."""

import logging
from pathlib import Path

import sqlalchemy as sa

from common.db import sqlite
from common.db.home import Home
from common.errors import ChorusError, StartRefused
from common.settings import Settings
from core.board import recovery
from core.workspaces.current import CurrentWorkspace
from core.workspaces.opening import prepare

log = logging.getLogger("chorus.launcher")


def prepare_home(settings: Settings, *, with_runner: bool) -> None:
    """Migrates and opens the workspace, and interrupts runs that a dead runner has left.

    `with_runner`: one is started too, so that queued runs are not stuck. Raises StartRefused; a workspace that cannot
    be opened is only warned of.
    """
    try:
        home = prepare(settings)
    except OSError as error:
        raise _unusable(settings.home, error.strerror or error) from None
    except sa.exc.DBAPIError as error:
        raise _unusable(settings.home, error.orig) from None
    problem = home.open_workspace().problem
    if problem:
        log.warning("No workspace is open. %s", problem)
    _recover_runs(home, settings, with_runner=with_runner)


def _recover_runs(home: Home, settings: Settings, *, with_runner: bool) -> None:
    current = CurrentWorkspace(home, sqlite.library(settings.sqlite), lambda: None)
    try:
        interrupted = recovery.recover(current.get().database, "The server was restarted.", queued=not with_runner)
    except ChorusError:  # no workspace is open
        return
    finally:
        current.close()
    if interrupted:
        log.warning("%d runs were interrupted by the end of the last server.", interrupted)


def _unusable(home: Path, reason: object) -> StartRefused:
    return StartRefused(f"CHORUS_HOME={home}: the folder cannot be used: {reason}.")
