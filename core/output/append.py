"""Appending records to `output.db`, and forgetting old ones: the statements of one transaction."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from common.db.output import newest_id, records, runs
from common.db.prepared import Prepared
from common.output import numbered

RUN_BYTES = 64 * 1024 * 1024  # of a run: then its oldest records go
WORKSPACE_BYTES = 512 * 1024 * 1024  # of all: then the records of the run that has been silent for longest go
FORGOTTEN_AT_ONCE = 1_000  # records, so that no transaction is long

_COLUMNS = ["run_id", "task_id", "first", "last", "bytes", "last_id"]
_KNOWN = Prepared(sa.select(runs.c.rank, runs.c.last).where(runs.c.run_id == sa.bindparam("run_id")))
_NEW = Prepared(sa.insert(runs).returning(runs.c.rank), _COLUMNS)
_INSERT = Prepared(sa.insert(records), ["id", "run", "n", "wire"])
_MOVED = Prepared(
    sa.update(runs)
    .where(runs.c.rank == sa.bindparam("at_rank"))
    .values(
        last=sa.bindparam("to_last"), last_id=sa.bindparam("to_last_id"), bytes=runs.c.bytes + sa.bindparam("added")
    )
)
_TOO_LARGE = Prepared(sa.select(runs.c.rank).where(runs.c.bytes > sa.bindparam("limit")))
_TOTAL = Prepared(sa.select(sa.func.coalesce(sa.func.sum(runs.c.bytes), 0)))
_SILENT = Prepared(sa.select(runs.c.rank).where(runs.c.bytes > 0).order_by(runs.c.last_id).limit(1))
_OLDEST = Prepared(
    sa.select(records.c.n, sa.func.length(sa.cast(records.c.wire, sa.LargeBinary)))
    .where(records.c.run == sa.bindparam("rank"))
    .order_by(records.c.n)
    .limit(FORGOTTEN_AT_ONCE)
)


class Said(NamedTuple):
    """A record without its number."""

    run_id: str
    task_id: str
    body: str


class Limits(NamedTuple):
    """Bytes kept: of one run, and of all of them."""

    run: int = RUN_BYTES
    workspace: int = WORKSPACE_BYTES


def append(connection: sa.Connection, said: Iterable[Said]) -> None:
    """Numbers the records and writes them. The numbers go on from what the database holds, whoever wrote it."""
    by_run: dict[tuple[str, str], list[str]] = {}
    for run_id, task_id, body in said:
        by_run.setdefault((run_id, task_id), []).append(body)
    last_id = newest_id(connection)
    for (run_id, task_id), bodies in by_run.items():
        last_id = _append_to(connection, run_id, task_id, bodies, last_id)


def _append_to(connection: sa.Connection, run_id: str, task_id: str, bodies: Sequence[str], last_id: int) -> int:
    rank, last = _find_or_add(connection, run_id, task_id)
    wires = [numbered(n, body) for n, body in enumerate(bodies, last + 1)]
    rows = [{"id": last_id + k, "run": rank, "n": last + k, "wire": wire} for k, wire in enumerate(wires, 1)]
    _INSERT.run_many(connection, rows)
    size = sum(len(wire.encode()) for wire in wires)
    moved = {"to_last": last + len(rows), "to_last_id": last_id + len(rows), "added": size}
    _MOVED.run(connection, {"at_rank": rank, **moved})
    return last_id + len(rows)


def _find_or_add(connection: sa.Connection, run_id: str, task_id: str) -> tuple[int, int]:
    """The run's rank and its last number."""
    known = _KNOWN.run(connection, {"run_id": run_id})
    if known:
        return known[0][0], known[0][1]
    new = {"run_id": run_id, "task_id": task_id, "first": 1, "last": 0, "bytes": 0, "last_id": 0}
    return _NEW.run(connection, new)[0][0], 0


def forget(connection: sa.Connection, limits: Limits) -> bool:
    """Forgets some of what is over the limits; False: nothing was."""
    too_large = _TOO_LARGE.run(connection, {"limit": limits.run})
    for (rank,) in too_large:
        _forget_oldest(connection, rank, limits.run)
    if _TOTAL.run(connection)[0][0] <= limits.workspace:
        return bool(too_large)
    ((rank,),) = _SILENT.run(connection)
    _forget_oldest(connection, rank, 0)
    return True


def _forget_oldest(connection: sa.Connection, rank: int, down_to: int) -> None:
    """Deletes the oldest records of a run until it has `down_to` bytes, some at once."""
    size = connection.execute(sa.select(runs.c.bytes).where(runs.c.rank == rank)).scalar_one()
    gone, freed = 0, 0
    for n, bytes_of in _OLDEST.run(connection, {"rank": rank}):
        if size - freed <= down_to:
            break
        gone, freed = n, freed + bytes_of
    connection.execute(sa.delete(records).where(records.c.run == rank, records.c.n <= gone))
    connection.execute(
        sa.update(runs).where(runs.c.rank == rank).values(first=gone + 1, bytes=sa.func.max(0, size - freed))
    )


def forget_tasks(connection: sa.Connection, task_ids: Sequence[str]) -> None:
    """Forgets what the runs of deleted tasks said."""
    ranks = list(connection.execute(sa.select(runs.c.rank).where(runs.c.task_id.in_(task_ids))).scalars())
    connection.execute(sa.delete(records).where(records.c.run.in_(ranks)))
    connection.execute(sa.delete(runs).where(runs.c.rank.in_(ranks)))
