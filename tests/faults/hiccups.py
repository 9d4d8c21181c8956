"""What storage does to one round of real agents: for a second or two the disk is full, or the database cannot be read.

Each fault begins with the model's n-th request of the round, so that an agent is at work, and is a real one.
"""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tests.helpers.disk import full
from tests.helpers.model_server import Reply, Talk
from tests.helpers.server import Server
from tests.helpers.staff import script

SHORTEST_S, LONGEST_S = 0.3, 2.5
LAST_REQUEST = 6
THINKING_S = 0.2  # of a model whose tool has failed


@contextlib.contextmanager
def moved(folder: Path) -> Iterator[None]:
    """It is not there."""
    away = folder.with_name(f"{folder.name}.away")
    folder.rename(away)
    try:
        yield
    finally:
        away.rename(folder)


@contextlib.contextmanager
def unreadable(folder: Path) -> Iterator[None]:
    """Nobody may open anything in it; needs a server that permissions hold back."""
    mode = folder.stat().st_mode
    folder.chmod(0)
    try:
        yield
    finally:
        folder.chmod(mode)


@contextlib.contextmanager
def sidecar_without_database(server: Server) -> Iterator[None]:
    """It is killed, and started again where no database is."""
    with moved(workspace_of(server)):
        for pid in server.pids("wsserver"):
            server.kill(pid)
        yield


def workspace_of(server: Server) -> Path:
    return server.home / "workspaces" / "default"


FAULTS: dict[str, Callable[[Server], contextlib.AbstractContextManager[None]]] = {
    "the disk is full": lambda server: full(server.home),
    "the folder is away": lambda server: moved(workspace_of(server)),
    "the folder is unreadable": lambda server: unreadable(workspace_of(server)),
    "the sidecar starts without its database": sidecar_without_database,
}


@dataclass(frozen=True)
class Fault:
    """`request`: the model's, with which it begins."""

    request: int
    what: str
    seconds: float


def deal(chance: random.Random, number: int, most: int) -> list[Fault]:
    """The faults of round `number`: the first goes through all kinds."""
    kinds = [list(FAULTS)[number % len(FAULTS)], *chance.choices(list(FAULTS), k=chance.randint(0, most - 1))]
    requests = chance.sample(range(LAST_REQUEST), len(kinds))
    dealt = zip(requests, kinds, strict=True)
    return [Fault(request, kind, chance.uniform(SHORTEST_S, LONGEST_S)) for request, kind in dealt]


class Hiccups:
    """The script of the model during one round. `said`: each text it gave an agent; `record`: what has happened."""

    def __init__(self, server: Server, faults: list[Fault]) -> None:
        self.record: list[str] = []
        self.said: list[str] = []
        self.hung = threading.Event()  # never: this model does not hang
        self._server = server
        self._faults = faults
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()
        self._requests = 0
        self._threads: list[threading.Thread] = []

    def script(self, talk: Talk) -> Reply:
        with self._lock:
            number = self._requests
            self._requests += 1
        for fault in self._faults:
            if fault.request == number:
                self._begin(fault)
        if talk.failures:
            time.sleep(THINKING_S)  # as models do, which try again sooner or later
        reply = script(replace(talk, failures=0))
        text = f"{number}: {reply.text}"
        self.said.append(text)
        return replace(reply, text=text)

    def _begin(self, fault: Fault) -> None:
        """Returns once it has begun."""
        begun = threading.Event()
        thread = threading.Thread(target=self._strike, args=(fault, begun))
        self._threads.append(thread)
        thread.start()
        begun.wait()

    def _strike(self, fault: Fault, begun: threading.Event) -> None:
        with self._one_at_a_time, FAULTS[fault.what](self._server):
            begun.set()
            self.record.append(f"{fault.what} for {fault.seconds:.2f} s at request {fault.request}")
            time.sleep(fault.seconds)  # the fault itself, not a wait for something

    def end(self) -> None:
        """Waits for what is under way."""
        for thread in self._threads:
            thread.join()
