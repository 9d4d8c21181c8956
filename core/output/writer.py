"""The writer of `output.db`: takes what the agents of all runs say, and writes it every 100 ms in one transaction."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy as sa

from common.clock import now_ms
from common.db import sqlite
from common.output import OutputKind, body, notice
from core.output.append import Limits, Said, append, forget, forget_tasks

EVERY_S = 0.1
RETRY_S = 1.0
BUFFER_BYTES = 16 * 1024 * 1024  # while the disk takes nothing; what comes then is counted and not kept
CHECK_BYTES = 1024 * 1024  # written between two looks at the limits

log = logging.getLogger(__name__)


def forget_output(path: Path, module: ModuleType, task_ids: Sequence[str]) -> None:
    """Forgets what the runs of these tasks said; beside the writer, in whatever process."""
    engine = sqlite.engine(path, module, read_only=False, pool_size=1, durable=False)
    try:
        with sqlite.immediate(engine.connect()) as connection, connection.begin():
            forget_tasks(connection, task_ids)
    finally:
        engine.dispose()


class OutputWriter:
    """Writes the output of one workspace. `ring` tells the sidecar. `append` may be called from any thread."""

    def __init__(
        self, path: Path, module: ModuleType, ring: Callable[[], None] = lambda: None, limits: Limits | None = None
    ) -> None:
        self._engine = sqlite.engine(path, module, read_only=False, pool_size=1, durable=False)
        self._ring = ring
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._said: list[Said] = []
        self._size = 0
        self._lost: Counter[tuple[str, str]] = Counter()
        self._unchecked = CHECK_BYTES  # the first transaction looks
        self._fails = False
        self._something = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="output", daemon=True)
        self._thread.start()

    def append(self, run_id: str, task_id: str, kind: OutputKind, data: Mapping[str, Any], at: int) -> None:
        """Adds a record at the end of the run's; it never waits. `data`: see OutputKind; `at`: ms."""
        said = Said(run_id, task_id, body(kind, data, at))
        with self._lock:
            if self._size + len(said.body) > BUFFER_BYTES:
                self._lost[run_id, task_id] += 1
            else:
                self._said.append(said)
                self._size += len(said.body)
        self._something.set()

    def close(self) -> None:
        """Writes what is left and stops."""
        self._closing.set()
        self._something.set()
        self._thread.join()
        self.write()
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
        said = self._take()
        if not said:
            return True
        try:
            self._write(said)
        except (OSError, sa.exc.DBAPIError) as error:
            self._put_back(said, error)
            return False
        self._fails = False
        self._ring()
        return True

    def _write(self, said: list[Said]) -> None:
        with sqlite.immediate(self._engine.connect()) as connection, connection.begin():
            append(connection, said)
            self._unchecked += sum(len(each.body) for each in said)
            if self._unchecked >= CHECK_BYTES and not forget(connection, self._limits):
                self._unchecked = 0

    def _take(self) -> list[Said]:
        with self._lock:
            said, self._said, self._size = self._said, [], 0
            lost, self._lost = self._lost, Counter()
        now = now_ms()
        said += [Said(*run, notice(f"{count} records could not be stored here.", now)) for run, count in lost.items()]
        return said

    def _put_back(self, said: list[Said], error: Exception) -> None:
        if not self._fails:
            log.warning("The output of agents cannot be written; it is tried again: %s", error)
        self._fails = True
        with self._lock:
            self._said = said + self._said
            self._size += sum(len(each.body) for each in said)
        self._something.set()
