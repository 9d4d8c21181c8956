"""CHORUS_HOME is prepared before anything serves."""

import logging
from pathlib import Path

import sqlalchemy as sa

from common.errors import StartRefused
from common.settings import Settings
from core.workspaces.opening import prepare

log = logging.getLogger("chorus.launcher")


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
