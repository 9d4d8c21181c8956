"""`output.db` beside a workspace's database: the records of its runs. Reading it; core/output writes.

What agents say is no state of the workspace: it has no event, may be lost at a power cut, and is bounded. Records are
numbered 1, 2, 3 … in each run, and `id` numbers all of them in the order in which they were written. `epoch` is renewed
whenever the launcher opens the file: then a number could mean another record than before.
"""

import json
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import sqlalchemy as sa

from common import blocks
from common.db import sqlite
from common.db.prepared import Prepared
from common.output import Head, Written
from common.wire import dumps

OUTPUT = "output.db"
SCHEMA_VERSION = 1
PAGE_BYTES = 1024 * 1024
SEARCHED_BYTES = 8 * 1024 * 1024  # looked through by one search
SEARCHED_AT_ONCE = 500  # records
SEARCHED_BEHIND = 50
HEADS_AT_MOST = 200

metadata = sa.MetaData()

state = sa.Table(
    "state",
    metadata,
    sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True),
    sa.Column("epoch", sa.Text, nullable=False),
)
runs = sa.Table(
    "runs",
    metadata,
    sa.Column("rank", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.Text, nullable=False, unique=True),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("first", sa.Integer, nullable=False),  # the oldest record still kept
    sa.Column("last", sa.Integer, nullable=False),
    sa.Column("bytes", sa.Integer, nullable=False),  # of the records still kept
    sa.Column("last_id", sa.Integer, nullable=False),
)
records = sa.Table(
    "records",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.Integer, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("wire", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
sa.Index("records_of_run", records.c.run, records.c.n, unique=True)
sa.Index("runs_by_last_id", runs.c.last_id)

_NEWEST_ID = Prepared(sa.text("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'records'), 0)"))
_RUN = Prepared(
    sa.select(state.c.epoch, runs.c.rank, runs.c.first, runs.c.last).select_from(
        sa.outerjoin(state, runs, runs.c.run_id == sa.bindparam("run_id"))
    )
)
_AFTER = Prepared(
    sa.select(records.c.n, records.c.wire)
    .where(records.c.run == sa.bindparam("rank"), records.c.n > sa.bindparam("since"))
    .order_by(records.c.n)
    .limit(sa.bindparam("most"))
)
_BEFORE = Prepared(
    sa.select(records.c.n, records.c.wire)
    .where(records.c.run == sa.bindparam("rank"), records.c.n < sa.bindparam("before"))
    .order_by(records.c.n.desc())
    .limit(sa.bindparam("most"))
)
_TAIL = Prepared(
    sa.select(records.c.id, runs.c.run_id, runs.c.task_id, records.c.n, records.c.wire)
    .select_from(sa.join(records, runs, records.c.run == runs.c.rank))
    .where(records.c.id > sa.bindparam("after"))
    .order_by(records.c.id)
    .limit(sa.bindparam("most"))
)
_HEADS = Prepared(
    sa.select(runs.c.run_id, runs.c.task_id, runs.c.last)
    .where(runs.c.last_id > sa.bindparam("after"))
    .order_by(runs.c.last_id.desc())
    .limit(HEADS_AT_MOST)
)


class _Run(NamedTuple):
    epoch: str
    rank: int | None
    first: int
    last: int


class UnusableOutput(Exception):
    """The file is of another version."""


def create(connection: sa.Connection) -> None:
    """Makes the tables where they are missing, and renews the epoch. For the launcher. Raises UnusableOutput."""
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if version not in (0, SCHEMA_VERSION):
        raise UnusableOutput(f"it is of version {version}")
    metadata.create_all(connection)
    connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")
    connection.execute(sa.delete(state))
    connection.execute(sa.insert(state), {"id": 1, "epoch": secrets.token_hex(8)})


def newest_id(connection: sa.Connection) -> int:
    """Of all records, even of those that are not kept any more; 0 where there was none."""
    return int(_NEWEST_ID.run(connection)[0][0])


def tail(connection: sa.Connection, after: int, most: int) -> list[Written]:
    """At most `most` records of any runs that follow the one with id `after`, in the order of their writing."""
    return [Written(*row) for row in _TAIL.run(connection, {"after": after, "most": most})]


def heads(connection: sa.Connection, after: int) -> list[Head]:
    """How far the runs go that have written after id `after`; of very many the newest."""
    return [Head(*row) for row in _HEADS.run(connection, {"after": after})]


class OutputReader:
    """Reads the output of runs; safe to use from many threads. Raises ServiceUnavailable where it cannot be read."""

    def __init__(self, path: Path, module: ModuleType) -> None:
        self._engine = sqlite.engine(path, module, read_only=True, pool_size=2)

    def after(self, run_id: str, since: int, most: int) -> str:
        """JSON of a page: the records that follow `since`, at most about PAGE_BYTES."""
        with self._reading(run_id) as (connection, run):
            rows = _AFTER.run(connection, {"rank": run.rank, "since": since, "most": most})
            found = _fitting(rows)
            end = found[-1][0] if found else run.last
            return _page(run, max(since + 1, run.first), [wire for _, wire in found], end < run.last)

    def newest(self, run_id: str, most: int) -> str:
        """JSON of the page that ends with the newest record."""
        with self._reading(run_id) as (connection, run):
            rows = _BEFORE.run(connection, {"rank": run.rank, "before": run.last + 1, "most": most})
            found = _fitting(rows)[::-1]
            return _page(run, found[0][0] if found else run.last + 1, [wire for _, wire in found], False)

    def search(self, run_id: str, text: str, before: int | None, most: int) -> str:
        """JSON of a page: the newest blocks before `before` that contain `text`, in upper or lower case, each as the
        record in which it begins.

        One search looks through about SEARCHED_BYTES; `from` says how far it came.
        """
        with self._reading(run_id) as (connection, run):
            end = min(run.last + 1 if before is None else before, run.last + 1)
            hits: list[str] = []
            looked = Counter[str]()
            records = _newest_first(connection, run, end, looked)
            for block in blocks.newest_first(records, _after(connection, run, end)):
                end, hit = block.n, blocks.found(block, text)
                hits += [dumps(hit)] if hit else []
                if len(hits) == most or looked["bytes"] > SEARCHED_BYTES:
                    break
            return _page(run, end, hits[::-1], end > run.first)

    @contextmanager
    def _reading(self, run_id: str) -> Iterator[tuple[sa.Connection, _Run]]:
        with sqlite.refusing(), self._engine.begin() as connection:
            ((epoch, rank, first, last),) = _RUN.run(connection, {"run_id": run_id}) or [("", None, 1, 0)]
            yield connection, _Run(epoch, rank, first or 1, last or 0)

    def close(self) -> None:
        self._engine.dispose()


def _newest_first(connection: sa.Connection, run: _Run, before: int, looked: Counter[str]) -> Iterator[dict[str, Any]]:
    """Counts what it has looked at as `bytes`."""
    while rows := _BEFORE.run(connection, {"rank": run.rank, "before": before, "most": SEARCHED_AT_ONCE}):
        for _, wire in rows:
            looked["bytes"] += len(wire)
            yield json.loads(wire)
        before = rows[-1][0]


def _after(connection: sa.Connection, run: _Run, n: int) -> list[dict[str, Any]]:
    """Some records from `n` on: what was said before may go on there."""
    rows = _AFTER.run(connection, {"rank": run.rank, "since": n - 1, "most": SEARCHED_BEHIND})
    return [json.loads(wire) for _, wire in rows]


def _fitting(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """As many as fit into a page; at least one."""
    size = 0
    for count, (_, wire) in enumerate(rows):
        size += len(wire)
        if size > PAGE_BYTES and count:
            return rows[:count]
    return rows


def _page(run: _Run, start: int, wires: list[str], has_more: bool) -> str:
    members = (
        f'"epoch":{dumps(run.epoch)}',
        f'"first":{run.first}',
        f'"last":{run.last}',
        f'"from":{start}',
        f'"hasMore":{dumps(has_more)}',
        f'"records":[{",".join(wires)}]',
    )
    return f"{{{','.join(members)}}}"
