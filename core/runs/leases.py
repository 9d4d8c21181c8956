"""Which runner attends which run, until when, and the ledger of the processes that work for it.

A runner claims a run and its lease in one transaction, so that two can never claim the same. Whoever holds a lease
renews it; the runs of a runner that is gone, or stopped for longer than the lease, are taken from it (recovery.py).
"""

import os
import uuid
from typing import Any, NamedTuple

import sqlalchemy as sa

from common.db import tables
from common.db.reader import Reader
from common.db.write import WriteTransaction
from common.proctree import identity

LEASE_MS = 15_000
_l = tables.leases


class Holder(NamedTuple):
    """A runner process."""

    name: str
    pid: int
    started: str


class Lease(NamedTuple):
    """`processes` are (id, when it started) of everything known to work for the run."""

    run_id: str
    holder: Holder
    expires_at: int
    processes: list[tuple[int, str]]


def this_process() -> Holder:
    """A new holder for the calling process."""
    pid = os.getpid()
    return Holder(str(uuid.uuid4()), pid, identity(pid) or "")


def take(tx: WriteTransaction, run_id: str, holder: Holder) -> None:
    values = {"runner": holder.name, "runner_pid": holder.pid, "runner_started": holder.started}
    tx.execute(sa.delete(_l).where(_l.c.run_id == run_id))
    tx.execute(sa.insert(_l), values | {"run_id": run_id, "expires_at": tx.now + LEASE_MS, "processes": []})


def renew(tx: WriteTransaction, holder: Holder) -> None:
    tx.execute(sa.update(_l).where(_l.c.runner == holder.name).values(expires_at=tx.now + LEASE_MS))


def enter(tx: WriteTransaction, run_id: str, processes: list[tuple[int, str]]) -> None:
    """Writes into the ledger which processes work for the run now."""
    tx.execute(sa.update(_l).where(_l.c.run_id == run_id).values(processes=[list(entry) for entry in processes]))


def release(tx: WriteTransaction, run_id: str) -> None:
    tx.execute(sa.delete(_l).where(_l.c.run_id == run_id))


def of_all(reader: Reader) -> dict[str, Lease]:
    """Leases by run."""
    return {row.run_id: _lease(row) for row in reader.execute(sa.select(_l))}


def _lease(row: Any) -> Lease:
    holder = Holder(row.runner, row.runner_pid, row.runner_started)
    return Lease(row.run_id, holder, row.expires_at, [(pid, started) for pid, started in row.processes])
