"""The locks of CHORUS_HOME: `server.lock`, one server at a time; `switch.lock`, one opening or switch at a time."""

import fcntl
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.db.home import Home
from common.errors import Busy, StartRefused

_POLL_S = 0.01


def make_home(folder: Path) -> None:
    """Makes CHORUS_HOME and its `run/` where they are missing. Raises StartRefused where they cannot be used."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "run").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StartRefused(f"CHORUS_HOME={folder}: the folder cannot be made: {error.strerror}.") from None
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise StartRefused(f"CHORUS_HOME={folder}: the folder cannot be read and written by this user.")


def try_lock_home(home: Path) -> int | None:
    """Locks CHORUS_HOME while the returned descriptor is open, here or in a child process; None: a server has it."""
    make_home(home)
    try:
        lock = os.open(home / "run" / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartRefused(f"CHORUS_HOME={home}: the folder cannot be used: {error.strerror}.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def lock_home(home: Path) -> int:
    """The same for a server. Raises StartRefused where another one has it."""
    lock = try_lock_home(home)
    if lock is None:
        raise StartRefused(
            f"CHORUS_HOME={home}: another Chorus server uses this folder. Stop it, or set CHORUS_HOME to another one."
        )
    return lock


@contextmanager
def alone(home: Home, patience_s: float = math.inf) -> Iterator[None]:
    """Whatever opens, switches or replaces workspaces is one after the other, in all processes.

    Raises Busy where another one takes longer than `patience_s`: a restore may, or a stopped process.
    """
    deadline = time.monotonic() + patience_s
    descriptor = os.open(home.path.with_name("switch.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                raise Busy("A workspace is being opened or restored already. Try again.")
            time.sleep(_POLL_S)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    """Takes the lock if nobody has it; says whether."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
