"""Which server has a workspace open: one at a time, though two CHORUS_HOMEs know nothing of each other.

Each process that has it open shares a lock on `chorus.db.owner`; the file names their CHORUS_HOME.
"""

import fcntl
import os
import weakref
from pathlib import Path

from common.db.home import DATABASE

OWNER = f"{DATABASE}.owner"


class Hold:
    """This process has the workspace open, until `close` or until nobody knows this object any more."""

    def __init__(self, folder: Path) -> None:
        descriptor = _open(folder)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        self.close = weakref.finalize(self, os.close, descriptor)


def other_owner(folder: Path, home: Path) -> str | None:
    """CHORUS_HOME of another server that has the workspace open; None: it is free, and marked as `home`'s now."""
    descriptor = _open(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, os.fsencode(home), 0)
        return None
    except BlockingIOError:
        owner = os.fsdecode(os.pread(descriptor, 4_096, 0))
        return None if owner == os.fspath(home) else owner
    finally:
        os.close(descriptor)


def _open(folder: Path) -> int:
    return os.open(folder / OWNER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
