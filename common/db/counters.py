"""The daily counters: sums by day, metric and key, kept in the transactions whose changes they count."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from common.days import day_of
from common.db.prepared import Prepared
from common.db.tables import daily_counters

DAY_MS = 24 * 3600 * 1000

_c = daily_counters
_INSERT = sqlite.insert(_c)
_ADD = Prepared(
    _INSERT.on_conflict_do_update(
        index_elements=[_c.c.metric, _c.c.day, _c.c.key], set_={"value": _c.c.value + _INSERT.excluded.value}
    ),
    ["metric", "day", "key", "value"],
)
_TOTALS = (
    sa.select(_c.c.key, sa.func.sum(_c.c.value))
    .where(_c.c.metric == sa.bindparam("metric"), _c.c.day < sa.bindparam("day"))
    .group_by(_c.c.key)
)
_SINCE = (
    sa.select(_c.c.day, _c.c.metric, _c.c.key, _c.c.value)
    .where(_c.c.day >= sa.bindparam("day"), _c.c.value != 0)
    .order_by(_c.c.day, _c.c.metric, _c.c.key)
)

Nested = dict[str, dict[str, int]]  # metric -> key -> value


def add(connection: sa.Connection, at: int, moved: Mapping[tuple[str, str], int]) -> Nested:
    """Adds to the counters of the server's day of `at`; returns what was added. Nothing moved: no statement."""
    added: Nested = {}
    for (metric, key), value in moved.items():
        if value:
            added.setdefault(metric, {})[key] = value
    if added:
        day = day_of(at)
        rows = [{"metric": m, "day": day, "key": key, "value": n} for m, by in added.items() for key, n in by.items()]
        _ADD.run_many(connection, rows)
    return added


def totals_before(connection: sa.Connection, metric: str, day: int) -> dict[str, int]:
    """Sum by key over all days before `day`; keys whose sum is 0 are left out."""
    rows = connection.execute(_TOTALS, {"metric": metric, "day": day})
    return {key: value for key, value in rows if value}


def since(connection: sa.Connection, day: int) -> dict[int, Nested]:
    """The counters of each day from `day` on that has some, oldest first."""
    found: dict[int, Nested] = {}
    for each, metric, key, value in connection.execute(_SINCE, {"day": day}):
        found.setdefault(each, {}).setdefault(metric, {})[key] = value
    return found
