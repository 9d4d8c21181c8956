"""What a run uses, over all its turns, and the caps that end it."""

from common.clock import now_ms
from common.days import day_of
from common.db.write import WriteTransaction
from core.runs import costs, verbs
from core.runs.costs import Caps
from core.runs.records import Run
from core.workspaces.current import Workspace
from runner.records import Progress

LEAST_BUDGET_USD = 0.01


class Account:
    """Begins with what earlier turns of the run, before a pause, have used."""

    def __init__(self, caps: Caps, workspace: Workspace, run: Run) -> None:
        self._caps = caps
        self._workspace = workspace
        self._run_id: str = run["id"]
        self._task_id: str = run["task_id"]
        self._before: tuple[int, int, float | None] = (run["tokens_input"], run["tokens_output"], run["cost_usd"])
        self._noted: object = None
        self.session: str | None = run["session_id"]

    def total(self, now: Progress) -> tuple[int, int, float | None]:
        """Input and output tokens and dollars with those of the turn under way; None where nobody tells the cost."""
        given, said, usd = self._before
        total_usd = None if usd is None and now.cost_usd is None else (usd or 0) + (now.cost_usd or 0)
        return given + now.tokens_input, said + now.tokens_output, total_usd

    def close_turn(self, now: Progress) -> None:
        self._before = self.total(now)
        self.session = now.session_id or self.session

    def is_new(self, now: Progress) -> bool:
        """Whether there is something to note since the last time."""
        known = (now.session_id, self.total(now))
        is_new, self._noted = known != self._noted, known
        return is_new

    def note(self, tx: WriteTransaction, now: Progress) -> None:
        given, said, usd = self.total(now)
        session = now.session_id or self.session
        verbs.note(tx, self._run_id, session_id=session, tokens=(given, said), cost_usd=usd)

    def cap_reached(self) -> str | None:
        """Which cap is reached, as a sentence."""
        if not self._caps.any:
            return None
        with self._workspace.database.read() as reading:
            task = costs.of_task(reading, self._task_id)
            return self._caps.reached(task, costs.of_day(reading, day_of(now_ms())))

    def budget_usd(self) -> float | None:
        """Dollars that may still be spent, for programs that can count them themselves; None: no cap."""
        caps = self._caps
        if not caps.task_usd and not caps.day_usd:
            return None
        with self._workspace.database.read() as reading:
            task, day = costs.of_task(reading, self._task_id), costs.of_day(reading, day_of(now_ms()))
        left = [cap - used.usd for cap, used in ((caps.task_usd, task), (caps.day_usd, day)) if cap]
        return max(LEAST_BUDGET_USD, min(left))
