"""How often a token may call: a bucket for each, so that a run gone wild fills neither the log nor the disk. Pure."""

from common.errors import RateLimited

CALLS_A_SECOND = 50
BURST = 200
REMEMBERED = 1_000


class Pace:
    """Of one process; times in seconds. Safe to use from many threads: a lost update lets a call through."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}  # who -> calls left, when that was

    def take(self, who: str, now: float) -> None:
        """Raises RateLimited."""
        left, at = self._left.pop(who, (float(BURST), now))
        left = min(BURST, left + (now - at) * CALLS_A_SECOND)
        if len(self._left) >= REMEMBERED:
            self._left.pop(next(iter(self._left)), None)
        self._left[who] = (max(0.0, left - 1), now)
        if left < 1:
            raise RateLimited(f"A run may call {CALLS_A_SECOND} tools a second. Wait a moment.")
