"""What the looks at the log prove: whom the last one may answer, and for how long none has succeeded. Pure.

Times are seconds of a monotonic clock, which an argument tells.
"""

from typing import Generic, TypeVar

from wsserver.heartbeat import STALL_S

STALE_S = 5.0  # without a successful look: what clients hold may be out of date, so nobody is told that it is not
LEAVE_S = 10.0  # clients are told to come back later

T = TypeVar("T")


class Looks(Generic[T]):
    """One look at a time: `begin`, `answered` for those who waited for it, and `succeed` once it has served everybody.

    After one that could not, `fail`, who waits goes on waiting.
    """

    def __init__(self, now: float) -> None:
        self._waiting: list[T] = []
        self._answering: list[T] = []  # asked before the look began, so that it has seen what they know
        self._began = self._fresh_at = now
        self._has_failed = False  # the last one that ended

    def ask(self, item: T) -> None:
        """`item` waits for a look that begins from now on."""
        self._waiting.append(item)

    @property
    def is_asked(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting or self._answering)

    def begin(self, now: float) -> None:
        self._began = now
        self._answering += self._waiting
        self._waiting = []

    def answered(self) -> list[T]:
        """Takes out those whom the look under way answers; who has asked since it began waits for the next one."""
        answered, self._answering = self._answering, []
        return answered

    def succeed(self) -> None:
        self._fresh_at = self._began
        self._has_failed = False

    def fail(self) -> None:
        self._has_failed = True

    def age(self, now: float) -> float:
        """Since the last look that succeeded began: all that was committed before it has been read."""
        return now - self._fresh_at

    def is_stale(self, now: float) -> bool:
        return self.age(now) > STALE_S

    def must_leave(self, now: float, lag: float) -> bool:
        """Whether clients are to be sent away.

        Not after a mere stall of the process: in the turn of the loop that came `lag` late the next look is still to
        begin, and then it may take its time.
        """
        if self.age(now) <= LEAVE_S or lag >= STALL_S:
            return False
        return self._has_failed or now - self._began > STALE_S
