"""The writers' queue: who may write next, among the threads of this process and the processes of this machine.

SQLite's own busy handler sleeps up to 100 ms and is unfair (16 writers: p99 447 ms). So writers queue before it: first
come, first served in the process, then two `flock`s beside the database. `next` is the first place in the queue, `main`
the right to write; whoever waits for `main` holds `next`. A process that has the right serves a few of its own waiting
threads before it hands over to another process that waits: a hand-over costs as much as a short transaction.
A killed process loses its flocks with its descriptors; a stopped one keeps them, and the others answer 503.
"""

import fcntl
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from common.errors import Busy

DEADLINE_S = 5.0
TURNS_AT_ONCE = 8  # of one process, while another waits
_POLL_S = 0.0003  # about a fifth of a short transaction; only the head of each process's queue polls


class WriterQueue:
    """One for each process and database; `path` is the database, whose locks lie beside it."""

    def __init__(self, path: Path, deadline_s: float = DEADLINE_S) -> None:
        self._line = _Line()
        self._deadline_s = deadline_s
        self._turns = 0  # since this process has the right to write; 0: it has not
        self._next = _open_lock(path.with_name(path.name + ".next"))
        self._main = _open_lock(path.with_name(path.name + ".lock"))
        # A workspace that was switched away is not closed but dropped, once its last request is done.
        self._close = weakref.finalize(self, _close, self._next, self._main)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Holds the right to write. Raises Busy after the deadline."""
        deadline = time.monotonic() + self._deadline_s
        if not self._line.enter(self._deadline_s):
            raise _busy()
        try:
            if self._turns == 0:
                self._acquire(deadline)
            self._turns += 1
            yield
        finally:
            self._line.leave(self._release)

    def _acquire(self, deadline: float) -> None:
        with _flock(self._next, deadline):
            _acquire(self._main, deadline)

    def _release(self, waiting: bool) -> None:
        """Gives the right back, unless a thread of ours waits and nobody else does, or has not waited for long."""
        if not waiting or (self._turns >= TURNS_AT_ONCE and self._others_wait()):
            self._turns = 0
            fcntl.flock(self._main, fcntl.LOCK_UN)

    def _others_wait(self) -> bool:
        try:
            fcntl.flock(self._next, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._next, fcntl.LOCK_UN)
        return False

    def close(self) -> None:
        self._close()


class _Line:
    """The threads of this process, one inside, the others in the order in which they came."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._taken = False

    def enter(self, patience_s: float) -> bool:
        """Waits for its turn; False: not within `patience_s`."""
        with self._mutex:
            if not self._taken:
                self._taken = True
                return True
            called = threading.Lock()
            called.acquire()
            self._waiting.append(called)
        called.acquire(timeout=patience_s)
        with self._mutex:  # it may have been called in the last moment
            if called in self._waiting:
                self._waiting.remove(called)
                return False
        return True

    def leave(self, before: Callable[[bool], None]) -> None:
        """Calls the next. `before` is told whether somebody is next, and acts before that one does."""
        with self._mutex:
            before(bool(self._waiting))
            self._taken = bool(self._waiting)
            if self._waiting:
                self._waiting.popleft().release()


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
    return Busy("The workspace is busy: another write has held it for 5 seconds. Try again.")
