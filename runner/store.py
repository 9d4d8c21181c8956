"""The open workspace as the runner reads and writes it: one policy for what the disk, or another program, refuses.

* What a run uses, its session, its processes: best effort (`try_once`). What is not stored now is stored with the next.
* Claims, ends, deliveries and reports: again and again until they are stored (`keep_trying`).
* What agents say: buffered, and counted where it is lost (core/output/writer.py).

A failure passes, however long it takes: no agent is stopped for it. Only `close` ends the tries. The runner calls it
when `home.db` says that another workspace is open, or none. A write that was refused because the workspace is fenced is
no proof: a switch may fail half-way and be taken back.
"""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from common.db.database import Database
from common.db.write import WriteTransaction
from common.errors import Busy, ChorusError, ServiceUnavailable, StorageFull, WorkspaceSwitched
from core.workspaces.current import Workspace
from runner.records import Record

RETRY_INTERVAL_S = 0.2
PASSING = (
    *(Busy, StorageFull, ServiceUnavailable, WorkspaceSwitched),
    *(sa.exc.OperationalError, sa.exc.TimeoutError, OSError),
)
T = TypeVar("T")
log = logging.getLogger("chorus.runner")


class GaveUp(Exception):
    """The workspace was closed, or the caller was told to stop, before it could be done."""


def describe(problem: Exception) -> str:
    """What a passing failure was, for people: without paths of this machine."""
    if isinstance(problem, ChorusError):
        return problem.message
    if isinstance(problem, OSError):
        return f"{problem.strerror or problem}."
    return f"{getattr(problem, 'orig', None) or problem}."


class Store:
    """One workspace, from its opening to its closing; `ring` tells the sidecar of new output."""

    def __init__(self, workspace: Workspace, ring: Callable[[], None]) -> None:
        self.workspace = workspace
        self._output = workspace.write_output(ring)
        self._closed = threading.Event()

    @property
    def database(self) -> Database:
        return self.workspace.database

    def follow(self, workspace: Workspace) -> None:
        """The same folder was opened once more: its database may be another file now."""
        self.workspace = workspace

    def close(self) -> None:
        """The workspace is closed, and not for a moment: what still waits to be stored is tried once more."""
        self._closed.set()

    def close_output(self) -> None:
        """Once nobody works here any more."""
        self._output.close()

    def put(self, run_id: str, task_id: str, records: list[Record]) -> None:
        """Takes what an agent said. It never waits."""
        for record in records:
            self._output.append(run_id, task_id, record.kind, record.data, record.at)

    def write(self, act: Callable[[WriteTransaction], T]) -> T:
        with self.database.write() as tx:
            return act(tx)

    def try_once(self, act: Callable[[], object]) -> bool:
        """Best effort: returns whether it was done."""
        try:
            act()
        except PASSING as problem:
            log.debug("not stored for now: %s", describe(problem))
            return False
        except Exception:
            log.exception("what a run uses cannot be stored")
            return False
        return True

    def keep_trying(
        self,
        act: Callable[[], T],
        until: Callable[[], bool] = lambda: False,
        on_problem: Callable[[str], None] = lambda _: None,
    ) -> T:
        """Returns what `act` does, once it can. `on_problem` is called with the first failure.

        `act` may run several times: it must change nothing but the database. Raises GaveUp where the workspace is
        closed, or `until` says so.
        """
        told = False
        while True:
            try:
                return act()
            except PASSING as problem:
                text = describe(problem)
            if self._closed.is_set() or until():
                raise GaveUp(text)
            if not told:
                on_problem(text)
            told = True
            self._closed.wait(RETRY_INTERVAL_S)
