"""Runs whose runner is gone: their processes are ended and they are `interrupted`, so that no task is stuck.

Done at the server's start, at a runner's start, and by runners now and then. A runner that lives is never taken for
gone because a lease was renewed late: what kept it from writing may have been the disk. Only one that is stopped is.
"""

import logging
from typing import NamedTuple

from common import proctree
from common.clock import now_ms
from common.db.database import Database
from common.db.reader import Reader
from common.entities.run import RunState
from core.board import lifecycle
from core.runs import leases, records
from core.runs.leases import Holder, Lease
from core.runs.records import Run

KILLED_S = 5.0
ATTENDED = (RunState.STARTING, RunState.RUNNING, RunState.WAITING, RunState.STOPPING)
RUN_MARK = "CHORUS_RUN_ID"  # environment name that every process of a run inherits
log = logging.getLogger("chorus.runs")


class Attended(NamedTuple):
    """The runs that a living holder attends: what it holds besides is lost."""

    holder: Holder
    run_ids: frozenset[str]


def recover(database: Database, reason: str, *, queued: bool = False, by: Attended | None = None) -> int:
    """Interrupts the runs that nobody attends, and returns how many.

    `queued`: also those that nobody has claimed. `by`: a runner that calls it says what it attends itself.
    """
    with database.read() as reading:
        lost, left = _lost(reading, queued, by), leases.of_all(reading)
    if not lost:
        return 0
    end_processes([left[run["id"]] for run in lost if run["id"] in left])
    with database.write() as tx:
        still = {run["id"] for run in _lost(tx, queued, by)}
        for run in reversed(lost):  # a child before its parent
            if run["id"] in still:
                lifecycle.interrupt(tx, run["id"], reason)
            leases.release(tx, run["id"])
    return len(lost)


def _lost(reader: Reader, queued: bool, by: Attended | None) -> list[Run]:
    held = leases.of_all(reader)
    states = (*ATTENDED, RunState.QUEUED) if queued else ATTENDED
    unfinished = [run for run in records.all_unfinished(reader) if run["state"] in states]
    return [run for run in unfinished if _is_lost(held.get(run["id"]), by)]


def _is_lost(lease: Lease | None, by: Attended | None) -> bool:
    if lease is None:
        return True
    if by is not None and lease.holder.name == by.holder.name:
        return lease.run_id not in by.run_ids
    if not proctree.is_alive(lease.holder.pid, lease.holder.started):
        return True
    return lease.expires_at < now_ms() and proctree.is_stopped(lease.holder.pid)


def end_processes(lost: list[Lease]) -> None:
    """Kills whatever still works for these runs: what the ledger knows, all below it, and all that bears their mark."""
    roots = [pid for lease in lost for pid, started in lease.processes if proctree.is_alive(pid, started)]
    survivors = proctree.kill(roots, [f"{RUN_MARK}={lease.run_id}" for lease in lost], KILLED_S)
    if survivors:
        log.error("Processes of ended runs cannot be killed: %s", survivors)
