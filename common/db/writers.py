"""The writers' queue: who may write next, among the threads of this process and the processes of this machine.

SQLite's own busy handler sleeps up to 100 ms and is unfair (16 writers: p99 447 ms). So writers queue before it: a
lock in the process, then two `flock`s beside the database. `next` is the first place in the queue, `main` the right to
write; whoever waits for `main` holds `next`, so a process that has just written cannot overtake one that waits.
A killed process loses its flocks with its descriptors; a stopped one keeps them, and the others answer 503.
"""

import fcntl
import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.errors import Busy

DEADLINE_S = 5.0
_POLL_S = 0.0002  # about a fifth of a short transaction; only the head of each process's queue polls


class WriterQueue:
    """One for each process and database; `path` is the database, whose locks lie beside it."""

    def __init__(self, path: Path, deadline_s: float = DEADLINE_S) -> None:
        self._threads = threading.Lock()
        self._deadline_s = deadline_s
        self._next = _open_lock(path.with_name(path.name + ".next"))
        self._main = _open_lock(path.with_name(path.name + ".lock"))
        # A workspace that was switched away is not closed but dropped, once its last request is done.
        self._close = weakref.finalize(self, _close, self._next, self._main)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Holds the right to write. Raises Busy after the deadline."""
        deadline = time.monotonic() + self._deadline_s
        if not self._threads.acquire(timeout=self._deadline_s):
            raise _busy()
        try:
            with _flock(self._next, deadline):
                _acquire(self._main, deadline)
            try:
                yield
            finally:
                fcntl.flock(self._main, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def close(self) -> None:
        self._close()


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


@contextmanager
def _flock(descriptor: int, deadline: float) -> Iterator[None]:
    _acquire(descriptor, deadline)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _acquire(descriptor: int, deadline: float) -> None:
    # flock has no deadline of its own, and a stopped holder would block us for ever: hence the poll.
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise _busy() from None
            time.sleep(_POLL_S)


def _busy() -> Busy:
    return Busy("The workspace is busy: another write has held it for 5 seconds. Nothing was changed; try again.")
