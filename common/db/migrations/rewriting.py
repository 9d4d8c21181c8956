"""Rewriting stored rows in a migration: in batches, so that a large table needs little memory, with progress."""

import json
import logging
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from common.wire import dumps

BATCH_ROWS = 500
PROGRESS_EVERY_ROWS = 10_000
log = logging.getLogger(__name__)


def rewrite(connection: sa.Connection, table: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
    """Pass the wire form of each row through `change`, which returns the columns to set. Return how many rows.

    A key `wire` among them is a wire form too, and is encoded as it is sent.
    """
    t = sa.table(table, sa.column("rank"), sa.column("wire"))
    count, after = 0, -1
    while rows := _batch(connection, t, after):
        for rank, wire in rows:
            values = change(json.loads(wire))
            if "wire" in values:
                values = values | {"wire": dumps(values["wire"])}
            target = sa.table(table, sa.column("rank"), *map(sa.column, values))
            connection.execute(sa.update(target).where(target.c.rank == rank).values(values))
        after, count = rows[-1][0], count + len(rows)
        if count % PROGRESS_EVERY_ROWS < BATCH_ROWS:
            log.info("Upgrading %s: %d rows", table, count)
    return count


def _batch(connection: sa.Connection, t: Any, after: int) -> list[Any]:
    statement = sa.select(t.c.rank, t.c.wire).where(t.c.rank > after).order_by(t.c.rank).limit(BATCH_ROWS)
    return list(connection.execute(statement))
