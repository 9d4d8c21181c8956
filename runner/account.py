"""What a run uses, over all its turns, and the caps that end it."""

from common.clock import now_ms
from common.days import day_of
from common.db.reader import Reader
from common.db.write import WriteTransaction
from core.board import lifecycle
from core.runs import costs
from core.runs.costs import Caps, Used
from core.runs.records import Run
from runner.records import Progress

LEAST_BUDGET_USD = 0.01
Total = tuple[int, int, float | None]  # input and output tokens, dollars


class Account:
    """Begins with what earlier turns of the run, before a pause, have used."""

    def __init__(self, caps: Caps, run: Run) -> None:
        self._caps = caps
        self._run_id: str = run["id"]
        self._task_id: str = run["task_id"]
        self._before: Total = (run["tokens_input"], run["tokens_output"], run["cost_usd"])
        self._stored = self._before
        self.session: str | None = run["session_id"]

    @property
    def has_caps(self) -> bool:
        return self._caps.any

    def total(self, now: Progress) -> Total:
        """Input and output tokens and dollars with those of the turn under way; None where nobody tells the cost."""
        given, said, usd = self._before
        total_usd = None if usd is None and now.cost_usd is None else (usd or 0) + (now.cost_usd or 0)
        return given + now.tokens_input, said + now.tokens_output, total_usd

    def close_turn(self, now: Progress) -> None:
        self._before = self.total(now)
        self.session = now.session_id or self.session

    def known(self, now: Progress) -> object:
        """What `note` would store, to compare."""
        return now.session_id, self.total(now)

    def note(self, tx: WriteTransaction, now: Progress) -> None:
        given, said, usd = self.total(now)
        session = now.session_id or self.session
        lifecycle.record_usage(tx, self._run_id, session_id=session, tokens=(given, said), cost_usd=usd)

    def stored(self, now: Progress) -> None:
        """What `note` wrote is committed."""
        self._stored = self.total(now)

    def cap_reached(self, reader: Reader, now: Progress | None = None) -> str | None:
        """Which cap is reached, as a sentence. `now`: also by what the turn has used and could not be stored yet."""
        if not self._caps.any:
            return None
        unstored = self._unstored(now) if now else Used(0, 0)
        task, day = costs.of_task(reader, self._task_id), costs.of_day(reader, day_of(now_ms()))
        return self._caps.reached(_sum(task, unstored), _sum(day, unstored))

    def _unstored(self, now: Progress) -> Used:
        given, said, usd = self.total(now)
        return Used(given + said - self._stored[0] - self._stored[1], (usd or 0) - (self._stored[2] or 0))

    def budget_usd(self, reader: Reader) -> float | None:
        """Dollars that may still be spent, for programs that can count them themselves; None: no cap."""
        caps = self._caps
        if not caps.task_usd and not caps.day_usd:
            return None
        task, day = costs.of_task(reader, self._task_id), costs.of_day(reader, day_of(now_ms()))
        left = [cap - used.usd for cap, used in ((caps.task_usd, task), (caps.day_usd, day)) if cap]
        return max(LEAST_BUDGET_USD, min(left))


def _sum(used: Used, more: Used) -> Used:
    return Used(used.tokens + more.tokens, used.usd + more.usd)
