"""What goes wrong in one round of real agents: processes that are killed -9, and a model that misbehaves.

Each fault belongs to the model's n-th request of the round, so that it meets an agent at work; a kill follows within a
second, at a random moment of whatever happens then.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from common import proctree
from tests.helpers.model_server import Action, Drop, Hang, Refuse, Rubbish, Talk
from tests.helpers.server import Server
from tests.helpers.staff import script

LATEST_S = 1.0  # from the request to the kill
LAST_REQUEST = 9  # a whole run takes seven to twelve
RESETS_S = 2  # until a usage limit is over
VICTIMS = ("agent", "agent", "keeper", "runner", "web", "sidecar")
ANSWERS: dict[str, Callable[[], Action]] = {
    "hangs": Hang,
    "drops": Drop,
    "talks rubbish": Rubbish,
    "refuses the key": lambda: Refuse(401, "invalid key", "authentication_error"),
    "limits the rate": lambda: Refuse(429, "slow down", "rate_limit_error", {"retry-after": "1"}),
    "is used up": lambda: Refuse(429, "usage limit reached", "rate_limit_error", _used_up()),
}


def _used_up() -> dict[str, str]:
    reset = str(int(time.time()) + RESETS_S)
    return {"retry-after": str(RESETS_S), "anthropic-ratelimit-unified-status": "rejected"} | {
        "anthropic-ratelimit-unified-reset": reset
    }


@dataclass(frozen=True)
class Fault:
    """`what` is a victim or an answer; `after_s` is the delay of a kill."""

    request: int
    what: str
    after_s: float


def deal(chance: random.Random, kills: int, answers: int) -> list[Fault]:
    """So many faults, at random requests; never two wrong answers to one request."""
    numbers = chance.sample(range(LAST_REQUEST), answers)
    wrong = [Fault(number, chance.choice(list(ANSWERS)), 0.0) for number in numbers]
    deadly = [
        Fault(chance.randrange(LAST_REQUEST), chance.choice(VICTIMS), chance.uniform(0, LATEST_S)) for _ in range(kills)
    ]
    return wrong + deadly


class Trouble:
    """The script of the model during one round. `record` says what has happened; `hung` is set once it hangs."""

    def __init__(self, server: Server, faults: list[Fault], chance: random.Random) -> None:
        self.record: list[str] = []
        self.hung = threading.Event()
        self._server = server
        self._faults = faults
        self._chance = chance
        self._lock = threading.Lock()
        self._requests = 0
        self._timers: list[threading.Timer] = []

    def script(self, talk: Talk) -> Action:
        with self._lock:
            due = [fault for fault in self._faults if fault.request == self._requests]
            self._requests += 1
            wrong = [fault.what for fault in due if fault.what in ANSWERS]
            for fault in due:
                if fault.what in VICTIMS:
                    self._set_off(fault)
        if not wrong:
            return script(talk)
        self.record.append(f"the model {wrong[0]} at request {self._requests - 1}")
        if wrong[0] == "hangs":
            self.hung.set()
        return ANSWERS[wrong[0]]()

    def _set_off(self, fault: Fault) -> None:
        timer = threading.Timer(fault.after_s, self._kill, (fault,))
        self._timers.append(timer)
        timer.start()

    def _kill(self, fault: Fault) -> None:
        candidates = find(self._server, fault.what)
        if candidates:
            self._server.kill(self._chance.choice(candidates))
        told = f"kill -9 {fault.what}" if candidates else f"no {fault.what} to kill"
        self.record.append(f"{told} {fault.after_s:.2f} s after request {fault.request}")

    def end(self) -> None:
        """Waits for the kills that are under way."""
        for timer in self._timers:
            timer.join()


def find(server: Server, victim: str) -> list[int]:
    """Living processes of that kind."""
    match victim:
        case "web":
            return server.pids("webapp")
        case "sidecar":
            return server.pids("wsserver")
        case "runner":
            return server.pids("runner")
    keepers = [child for runner in server.pids("runner") for child in proctree.children(runner)]
    if victim == "keeper":
        return [keeper for keeper in keepers if proctree.identity(keeper)]
    return [pid for keeper in keepers for pid in proctree.descendants(keeper)]
