"""Reading the daily counters."""

from typing import Any

from common.days import begin_of, day_of, zone_words
from common.db import counters
from common.db.counters import DAY_MS
from common.db.database import Reading


def read(reading: Reading, days: int, now: int) -> dict[str, Any]:
    """The Insights of the last `days` days, today's included; those without a change are left out.

    A day is named by the first moment that its date has in UTC, wherever the server is.
    """
    today = day_of(now)
    first = today - days + 1
    return {
        "first": first * DAY_MS,
        "today": today * DAY_MS,
        "todayBegan": begin_of(today),
        "todayEnds": begin_of(today + 1),
        "timeZone": zone_words(now),
        "before": counters.totals_before(reading.connection, "tasks", first),
        "days": [
            {"day": day * DAY_MS, "counters": moved} for day, moved in counters.since(reading.connection, first).items()
        ],
    }
