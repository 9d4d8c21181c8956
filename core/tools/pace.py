"""How often a token may call, and how much its calls may carry. Pure.

Each call is kept in the history with what went in and what came out: a run gone wild must not fill the disk.
"""

from common.errors import RateLimited

CALLS_A_SECOND = 50
BURST = 200
BYTES_A_SECOND = 256 * 1024  # more than a model can read
BYTES_AT_ONCE = 32 * 1024 * 1024
REMEMBERED = 1_000


class Buckets:
    """A bucket for each token, refilled with time. Of one process; times in seconds.

    Safe to use from many threads: a lost update lets a call through.
    """

    def __init__(self, size: float, a_second: float) -> None:
        self._size = size
        self._a_second = a_second
        self._left: dict[str, tuple[float, float]] = {}  # who -> what is left, when that was

    def left(self, who: str, now: float) -> float:
        """What may be taken; below zero: a debt."""
        left, at = self._left.get(who, (self._size, now))
        return min(self._size, left + (now - at) * self._a_second)

    def take(self, who: str, amount: float, now: float) -> None:
        """More than there is makes a debt."""
        left = self.left(who, now) - amount
        self._left.pop(who, None)
        if len(self._left) >= REMEMBERED:
            self._left.pop(next(iter(self._left)), None)
        self._left[who] = (left, now)


class Pace:
    """Of all tokens."""

    def __init__(self) -> None:
        self._calls = Buckets(BURST, CALLS_A_SECOND)
        self._bytes = Buckets(BYTES_AT_ONCE, BYTES_A_SECOND)

    def take(self, who: str, now: float) -> None:
        """For a call that begins. Raises RateLimited."""
        if self._calls.left(who, now) < 1:
            raise RateLimited(f"A run may call {CALLS_A_SECOND} tools a second. Wait a moment.")
        if self._bytes.left(who, now) <= 0:
            kib = BYTES_A_SECOND // 1024
            raise RateLimited(
                f"The tools of a run may carry {kib} KiB a second for long. Wait a moment, and ask for less."
            )
        self._calls.take(who, 1, now)

    def carried(self, who: str, size: int, now: float) -> None:
        """What a call brought and took away, bytes."""
        self._bytes.take(who, size, now)
