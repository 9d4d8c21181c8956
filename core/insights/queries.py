"""Reading the daily counters."""

from typing import Any

from common.db import counters
from common.db.counters import DAY_MS, day_of
from common.db.database import Reading


def read(reading: Reading, days: int, now: int) -> dict[str, Any]:
    """The Insights of the last `days` days, today's included. Days are UTC's; those without a change are left out."""
    today = day_of(now)
    first = today - days + 1
    return {
        "first": first * DAY_MS,
        "today": today * DAY_MS,
        "before": counters.totals_before(reading.connection, "tasks", first),
        "days": [
            {"day": day * DAY_MS, "counters": moved} for day, moved in counters.since(reading.connection, first).items()
        ],
    }
