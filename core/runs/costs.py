"""What runs use, by task and by day, and whether a cap is reached."""

from dataclasses import dataclass

import sqlalchemy as sa

from common.db import tables
from common.db.reader import Reader
from core.insights.rule import MICRO

_r, _c = tables.runs, tables.daily_counters
_USED = ("tokensIn", "tokensOut", "costMicroUsd")
_SUMS = (
    sa.func.coalesce(sa.func.sum(_r.c.tokens_input + _r.c.tokens_output), 0),
    sa.func.coalesce(sa.func.sum(_r.c.cost_usd), 0.0),
)


@dataclass(frozen=True)
class Used:
    """Input and output tokens together, and dollars where the provider tells them."""

    tokens: int
    usd: float


@dataclass(frozen=True)
class Caps:
    """At most so much for a task and for a day; 0: no cap."""

    task_usd: float = 0
    day_usd: float = 0
    task_tokens: int = 0
    day_tokens: int = 0

    @property
    def any(self) -> bool:
        return bool(self.task_usd or self.day_usd or self.task_tokens or self.day_tokens)

    def reached(self, task: Used, day: Used) -> str | None:
        """Which cap is reached, as a sentence for people; None: none."""
        for whose, used, usd, tokens in (
            ("This task", task, self.task_usd, self.task_tokens),
            ("All runs of today", day, self.day_usd, self.day_tokens),
        ):
            setting = "TASK" if used is task else "DAY"
            if usd and used.usd >= usd:
                return f"{whose} cost {used.usd:.2f} USD; the cap CHORUS_{setting}_COST_USD is {usd:.2f}."
            if tokens and used.tokens >= tokens:
                return f"{whose} used {used.tokens} tokens; the cap CHORUS_{setting}_TOKENS is {tokens}."
        return None


def of_task(reader: Reader, task_id: str) -> Used:
    return Used(*reader.execute(sa.select(*_SUMS).where(_r.c.task_id == task_id)).one())


def of_day(reader: Reader, day: int) -> Used:
    """What runs used on a day, as the insights tell it: by when it was reported, not by when the run began."""
    sums = sa.select(_c.c.metric, sa.func.sum(_c.c.value)).where(_c.c.day == day).group_by(_c.c.metric)
    used = {row[0]: int(row[1]) for row in reader.execute(sums.where(_c.c.metric.in_(_USED)))}
    return Used(used.get("tokensIn", 0) + used.get("tokensOut", 0), used.get("costMicroUsd", 0) / MICRO)
