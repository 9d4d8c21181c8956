"""Runs in the database: each save with its version, wire text and event."""

import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from common.db import tables
from common.db.reader import Reader
from common.db.write import WriteTransaction
from common.entities.run import AGENT, ENDED, RUN, RunState
from common.errors import NotFound
from common.events import EventType
from common.fields.base import is_uuid
from common.schemas.run import RunDetailSchema, RunSchema
from common.wire import dumps
from core.insights.rule import run_changed
from core.runs import activity
from core.tasks import queue
from core.tasks import records as tasks

_r = tables.runs
_schema = RunSchema()
_full_schema = RunDetailSchema()
_WITHOUT_AGENT = ENDED | {RunState.PAUSED}
_IN_CHAIN = frozenset({"started_at", "ended_at", "output", "completion_report"})  # columns that its task tells too

Run = Mapping[str, Any]


def form(run: Run) -> dict[str, Any]:
    """The wire Run."""
    wire: dict[str, Any] = _schema.dump(RUN.values(run, RUN.sent()))
    return wire


def full_form(run: Run) -> dict[str, Any]:
    """The same with the output and the report, as the parent of a hand-off reads them."""
    wire: dict[str, Any] = _full_schema.dump(RUN.values(run, RUN.sent(in_full=True)))
    return wire


def load(reader: Reader, run_id: str) -> Run:
    """Raises NotFound."""
    row = reader.execute(sa.select(_r).where(_r.c.id == run_id)).first() if is_uuid(run_id) else None
    if row is None:
        raise NotFound("There is no such run.")
    return dict(row._mapping)


def of_task(reader: Reader, task_id: str) -> str:
    """JSON array of a task's runs, oldest first."""
    rows = reader.execute(sa.select(_r.c.wire).where(_r.c.task_id == task_id).order_by(_r.c.rank))
    return f"[{','.join(row[0] for row in rows)}]"


def unfinished(reader: Reader, task_id: str) -> list[Run]:
    """The stack of a task, the outermost first: the last one is at work."""
    statement = sa.select(_r).where(_r.c.task_id == task_id, _r.c.ended_at.is_(None)).order_by(_r.c.rank)
    return [dict(row._mapping) for row in reader.execute(statement)]


def alike(reader: Reader, run: Run) -> set[str]:
    """Ids of the runs of the same agent on the same work: who is resumed goes on in a new run with the same input.

    Not of one that has succeeded: that work is done, and what was said to it as well.
    """
    same = (_r.c[name] == run[name] for name in ("task_id", "agent_name", "input"))
    return set(reader.execute(sa.select(_r.c.id).where(*same, _r.c.state != RunState.SUCCEEDED)).scalars())


def all_unfinished(reader: Reader) -> list[Run]:
    """All runs that have not ended, the oldest first."""
    statement = sa.select(_r).where(_r.c.ended_at.is_(None)).order_by(_r.c.rank)
    return [dict(row._mapping) for row in reader.execute(statement)]


def last_session(reader: Reader, task_id: str, kind: str) -> str | None:
    """The session in which the newest run of this kind worked, to go on in it."""
    statement = sa.select(_r.c.session_id).where(_r.c.task_id == task_id, _r.c.kind == kind)
    row = reader.execute(statement.order_by(_r.c.rank.desc()).limit(1)).first()
    return row[0] if row else None


def insert(
    tx: WriteTransaction,
    task_id: str,
    agent_name: str,
    kind: str,
    prompt: str,
    *,
    tools: list[str],
    parent: Run | None,
    session_id: str | None = None,
) -> Run:
    """A queued run, with its event. Its place in the stack is its parent's end; `session_id`: it goes on there."""
    run: dict[str, Any] = dict.fromkeys(_r.c.keys()) | {
        "id": str(uuid.uuid4()),
        "task_id": task_id,
        "agent_name": agent_name,
        "kind": kind,
        "parent_id": parent and parent["id"],
        "state": RunState.QUEUED,
        "queued_at": tx.now,
        "started_at": tx.now,
        "session_id": session_id,
        "tokens_input": 0,
        "tokens_output": 0,
        "allowed_tools": tools,
        "input": prompt,
        "output": "",
        "version": 1,
    }
    del run["rank"]
    run["wire"] = dumps(form(run))
    tx.execute(sa.insert(_r), run)
    tx.emit(EventType.RUN_UPDATED, run["wire"], entity=run["id"])
    return run


def adopt(tx: WriteTransaction, task_id: str, run: Mapping[str, Any]) -> None:
    """Stores an ended run from elsewhere. It goes out with its task, whose event the caller emits."""
    row: dict[str, Any] = dict.fromkeys(_r.c.keys()) | dict(run) | {"task_id": task_id}
    del row["rank"]
    row["wire"] = dumps(form(row))
    tx.execute(sa.insert(_r), row)


def save(tx: WriteTransaction, run: Run, **changes: Any) -> Run:
    """The run's next version, with its event, and its task's where the chain tells of the change."""
    if changes.get("state") in ENDED:
        changes |= {"ended_at": tx.now, "resume_at": None}
    new = {**run, **changes, "version": run["version"] + 1}
    new["wire"] = dumps(form(new))
    columns = changes | {"version": new["version"], "wire": new["wire"]}
    tx.execute(sa.update(_r).where(_r.c.id == run["id"]), columns)
    tx.count(run_changed(run, new))
    tx.emit(EventType.RUN_UPDATED, new["wire"], entity=new["id"])
    if "state" in changes and (told := activity.line(new)):
        tx.tell(told)
    if run["kind"] == AGENT and changes.keys() & _IN_CHAIN:
        tasks.save(tx, tasks.load(tx, run["task_id"]), ["agentChain"])
    if changes.get("state") in _WITHOUT_AGENT:
        queue.give_back(tx, run["task_id"], run["id"])
    return new
