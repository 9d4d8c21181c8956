"""Taking possession of CHORUS_HOME: one server at a time, prepared before anything serves."""

import fcntl
import logging
import os
from pathlib import Path

import sqlalchemy as sa

from common.errors import StartRefused
from common.settings import Settings
from core.workspaces.opening import make_home, prepare

log = logging.getLogger("chorus.launcher")


def lock_home(home: Path) -> int:
    """Locks CHORUS_HOME while the returned descriptor is open, here or in a child process. Raises StartRefused."""
    make_home(home)
    try:
        lock = os.open(home / "run" / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise StartRefused(
            f"CHORUS_HOME={home}: another Chorus server uses this folder. Stop it, or set CHORUS_HOME to another one."
        ) from None
    except OSError as error:
        raise _unusable(home, error.strerror) from None
    return lock


def prepare_home(settings: Settings) -> None:
    """Migrates and opens the workspace. Raises StartRefused; a workspace that cannot be opened is only warned of."""
    try:
        home = prepare(settings)
    except OSError as error:
        raise _unusable(settings.home, error.strerror or error) from None
    except sa.exc.DBAPIError as error:
        raise _unusable(settings.home, error.orig) from None
    problem = home.open_workspace().problem
    home.close()
    if problem:
        log.warning("No workspace is open. %s", problem)


def _unusable(home: Path, reason: object) -> StartRefused:
    return StartRefused(f"CHORUS_HOME={home}: the folder cannot be used: {reason}.")
