"""Time as the sidecar counts it: loop time, and who must be looked after when. Pure: the clock is an argument.

Times are seconds unless their name says otherwise.
"""

import heapq
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

STALL_S = 1.0
RESTART_BACK_MS = 700  # the next sidecar listens by then
STALE_BACK_MS = 2_000  # nobody knows when the log can be read again
CLIENT_MS = 2  # of a spread, for each client: a snapshot costs the server less
MAX_SPREAD_MS = 10_000
_SPREAD = 0.1  # heartbeats come every interval +-10 %, so that connections made at once drift apart


class LoopClock:
    """Loop time: as the monotonic clock, but it stands still while the loop did.

    A stopped or starved process (SIGSTOP, a busy machine) could neither send a heartbeat nor read a pong. So a stall of
    more than a second passes no time, which moves every deadline by it.
    """

    def __init__(self, monotonic: float) -> None:
        self.now = 0.0
        self.lag = 0.0  # of the last turn
        self._last = monotonic

    def advance(self, monotonic: float, expected: float) -> float:
        """Called once a turn of the loop, `expected` after the last one. Returns the loop time."""
        passed = monotonic - self._last
        self._last = monotonic
        self.lag = max(0.0, passed - expected)
        self.now += passed if passed <= STALL_S else expected
        return self.now


def interval(heartbeat: float, chance: float) -> float:
    """Time until the next heartbeat; `chance` is uniform in [0, 1)."""
    return heartbeat * (1 - _SPREAD + 2 * _SPREAD * chance)


def spread_ms(clients: int) -> int:
    """In how much time `clients` do what they would all do at once; one alone does it at once."""
    return min(CLIENT_MS * max(clients - 1, 0), MAX_SPREAD_MS)


def comeback_ms(first_ms: int, clients: int, chance: float) -> int:
    """When a client that is sent away comes back. `chance` as above."""
    return first_ms + int(spread_ms(clients) * chance)


class Scheduled(Protocol):
    """Something to be woken. `scheduled` is kept by Deadlines: when it will be."""

    scheduled: float


T = TypeVar("T", bound=Scheduled)


class Deadlines(Generic[T]):
    """A heap of who is to be woken when; 72 bytes an entry, where a timer a connection would cost 300.

    An entry whose time is not its item's `scheduled` any more is void.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._count = 0  # makes entries of the same time comparable

    def set(self, item: T, due: float) -> None:
        """Wakes `item` at `due` instead of when it was scheduled."""
        item.scheduled = due
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, item))

    def due(self, now: float) -> Iterator[T]:
        """Takes out, one by one, the items whose time has come. Each must be set anew or is forgotten."""
        while self._heap and self._heap[0][0] <= now:
            due, _, item = heapq.heappop(self._heap)
            if due == item.scheduled:
                yield item

    def __len__(self) -> int:
        return len(self._heap)
