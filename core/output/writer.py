"""The writer of `output.db`: takes what the agents of all runs say, and writes it every 100 ms in one transaction."""

import logging
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import sqlalchemy as sa

from common.clock import now_ms
from common.db import sqlite
from common.output import OutputKind, body, notice
from core.output.append import Limits, Said, append, forget, forget_tasks

EVERY_S = 0.1
RETRY_S = 1.0
BUFFER_BYTES = 16 * 1024 * 1024  # while the disk takes nothing; what comes then is counted and not kept
OVERHEAD_BYTES = 400  # what a buffered record takes beside its text
CHECK_BYTES = 1024 * 1024  # written between two looks at the limits

_PASSING = (OSError, sa.exc.SQLAlchemyError)  # what a disk or another program's lock may be the cause of

log = logging.getLogger(__name__)


def forget_output(path: Path, module: ModuleType, task_ids: Sequence[str]) -> None:
    """Forgets what the runs of these tasks said; beside the writer, in whatever process."""
    engine = sqlite.engine(path, module, read_only=False, pool_size=1, durable=False)
    try:
        with sqlite.immediate(engine.connect()) as connection, connection.begin():
            forget_tasks(connection, task_ids)
    finally:
        engine.dispose()


class _Waiting(NamedTuple):
    """A record to write; `lost`: it is a notice that so many others are lost."""

    said: Said
    lost: int = 0


class OutputWriter:
    """Writes the output of one workspace. `ring` tells the sidecar. `append` may be called from any thread."""

    def __init__(
        self, path: Path, module: ModuleType, ring: Callable[[], None] = lambda: None, limits: Limits | None = None
    ) -> None:
        self._path = path
        self._engine = sqlite.engine(path, module, read_only=False, pool_size=1, durable=False)
        self._file: tuple[int, int] | None = None  # that our connection has open
        self._ring = ring
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._said: list[Said] = []
        self._size = 0  # of what was said and is not written yet
        self._lost: Counter[tuple[str, str]] = Counter()
        self._unchecked = CHECK_BYTES  # the first transaction looks
        self._fails = False
        self._closed = False
        self._something = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="output", daemon=True)
        self._thread.start()

    def append(self, run_id: str, task_id: str, kind: OutputKind, data: Mapping[str, Any], at: int) -> None:
        """Adds a record at the end of the run's; it never waits. `data`: see OutputKind; `at`: ms."""
        said = Said(run_id, task_id, body(kind, data, at))
        with self._lock:
            if self._closed:
                log.warning("A record of run %s came after its workspace was closed and is lost.", run_id)
            elif self._size + _size(said) > BUFFER_BYTES:
                self._lost[run_id, task_id] += 1
            else:
                self._said.append(said)
                self._size += _size(said)
        self._something.set()

    def close(self) -> None:
        """Writes what is left and stops. What cannot be written now is lost, and the log says how much."""
        self._closing.set()
        self._something.set()
        self._thread.join()
        self.write()
        with self._lock:
            self._closed = True
        self.write()
        if lost := len(self._said) + self._lost.total():
            log.warning("%d records of agents could not be stored before their workspace was closed.", lost)
        self._engine.dispose()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._something.wait()
            self._something.clear()
            began = time.monotonic()
            pause = EVERY_S if self.write() else RETRY_S
            self._closing.wait(max(0.0, began + pause - time.monotonic()))

    def write(self) -> bool:
        """Writes all that was said until now; False: it cannot be written, and is kept for the next time."""
        waiting = self._take()
        if not waiting:
            return True
        taken = _sizes(waiting)
        try:
            self._write_or_drop(waiting)
        except _PASSING as error:
            self._put_back(waiting, error)
        else:
            self._fails = False
            self._ring()
        with self._lock:
            self._size -= taken - _sizes(waiting)
        return not waiting

    def _write_or_drop(self, waiting: deque[_Waiting]) -> None:
        """Writes the records and takes them from `waiting`. One that is itself what fails is counted as lost.

        Raises what passes: the disk is full or away, somebody else's lock.
        """
        try:
            self._write([each.said for each in waiting])
            waiting.clear()
        except _PASSING:
            raise
        except Exception:
            log.exception("Some records of agents cannot be written; each is tried alone")
            while waiting:
                self._write_alone(waiting[0].said)
                waiting.popleft()

    def _write_alone(self, said: Said) -> None:
        try:
            self._write([said])
        except _PASSING:
            raise
        except Exception:
            log.exception("A record of run %s cannot be written and is dropped", said.run_id)
            with self._lock:
                self._lost[said.run_id, said.task_id] += 1
            self._something.set()

    def _write(self, said: list[Said]) -> None:
        self._follow_file()
        with sqlite.immediate(self._engine.connect()) as connection, connection.begin():
            append(connection, said)
            self._unchecked += sum(len(each.body) for each in said)
            if self._unchecked >= CHECK_BYTES and not forget(connection, self._limits):
                self._unchecked = 0

    def _follow_file(self) -> None:
        """SQLite would go on with a file that was moved away or set aside, where nobody reads. Raises OSError."""
        found = os.stat(self._path)
        if (found.st_dev, found.st_ino) != self._file:
            self._engine.dispose()
            self._file = found.st_dev, found.st_ino

    def _take(self) -> deque[_Waiting]:
        """What was said, and at its end how much of it is lost."""
        with self._lock:
            said, self._said = self._said, []
            lost, self._lost = self._lost, Counter()
        now = now_ms()
        told = [(Said(*run, notice(f"{n} records could not be stored here.", now)), n) for run, n in lost.items()]
        return deque([*(_Waiting(each) for each in said), *(_Waiting(*each) for each in told)])

    def _put_back(self, waiting: deque[_Waiting], error: Exception) -> None:
        if not self._fails:
            log.warning("The output of agents cannot be written; it is tried again: %s", error)
        self._fails = True
        with self._lock:
            self._said = [each.said for each in waiting if not each.lost] + self._said
            for said, lost in waiting:
                if lost:
                    self._lost[said.run_id, said.task_id] += lost
        self._something.set()


def _size(said: Said) -> int:
    return len(said.body) + OVERHEAD_BYTES


def _sizes(waiting: Iterable[_Waiting]) -> int:
    return sum(_size(each.said) for each in waiting if not each.lost)
