"""The message queue of a task: what people want to tell the agent at its next turn.

A message waits until a run begins a turn; from then on it is on its way to that run's agent, and cannot be taken back.
It is delivered once the agent has begun to work on it. A run that ends before that gives it back to the queue.
"""

import uuid
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from common.db import tables
from common.db.reader import Reader
from common.db.write import WriteTransaction
from common.errors import Conflict, NotFound
from common.events import EventType
from common.schemas.queue import MessageSchema
from common.wire import dumps
from core import undo
from core.tasks import history, records

MESSAGES_AT_MOST = 100
DELIVERED = "message_delivered"  # in the history
_m, _h = tables.messages, tables.history
_waits = sa.and_(_m.c.deleted_at.is_(None), _m.c.delivering_to.is_(None))
_schema = MessageSchema()


def read(reader: Reader, task_id: str) -> dict[str, Any]:
    """The Queue of a task, first in first. Raises NotFound."""
    records.load(reader, task_id)
    return _queue(reader, task_id)


def _queue(reader: Reader, task_id: str) -> dict[str, Any]:
    statement = (
        sa.select(_m.c.id, _m.c.content, _m.c.received_at).where(_m.c.task_id == task_id, _waits).order_by(_m.c.rank)
    )
    return {"messages": [_form(*row) for row in reader.execute(statement)]}


def _form(message_id: str, content: str, received_at: int) -> dict[str, Any]:
    form: dict[str, Any] = _schema.dump({"id": message_id, "content": content, "receivedAt": received_at})
    return form


def enqueue(tx: WriteTransaction, task_id: str, content: str) -> dict[str, Any]:
    """Appends a message and returns it. Raises NotFound, Conflict (archived, or 100 messages wait already)."""
    records.check_writable(records.load(tx, task_id))
    if len(_queue(tx, task_id)["messages"]) >= MESSAGES_AT_MOST:
        raise Conflict(f"{MESSAGES_AT_MOST} messages wait already. Take some back first.")
    message_id = str(uuid.uuid4())
    tx.execute(sa.insert(_m), {"id": message_id, "task_id": task_id, "content": content, "received_at": tx.now})
    history.append(tx, task_id, "message_queued", content=content)
    emit_queue(tx, task_id)
    return _form(message_id, content, tx.now)


def withdraw(tx: WriteTransaction, task_id: str, message_id: str) -> str:
    """Takes a message back; returns its undo token. Raises NotFound, Conflict (an agent is being given it)."""
    records.load(tx, task_id)
    mine = sa.and_(_m.c.id == message_id, _m.c.task_id == task_id, _m.c.deleted_at.is_(None))
    row = tx.execute(sa.select(_m.c.content, _m.c.delivering_to).where(mine)).first()
    if row is None:
        raise NotFound("There is no such message; it may have been taken back or delivered.")
    if row.delivering_to is not None:
        raise Conflict("An agent is being given this message just now; it cannot be taken back any more.")
    tx.execute(sa.update(_m).where(mine).values(deleted_at=tx.now))
    history.append(tx, task_id, "message_withdrawn", content=row[0])
    emit_queue(tx, task_id)
    return undo.remember(tx, "message", task_id, message_id)


def waiting(reader: Reader, task_id: str) -> list[dict[str, Any]]:
    """The messages that no agent is being given yet, first in first."""
    messages: list[dict[str, Any]] = _queue(reader, task_id)["messages"]
    return messages


def delivered(reader: Reader, task_id: str, run_ids: Collection[str]) -> list[str]:
    """What the agents of these runs have been given so far, first in first."""
    told = sa.select(_h.c.data).where(_h.c.task_id == task_id, _h.c.event_type == DELIVERED).order_by(_h.c.id)
    return [data["content"] for (data,) in reader.execute(told) if data["runId"] in run_ids]


def begin_delivery(tx: WriteTransaction, task_id: str, run_id: str) -> list[str]:
    """Returns the messages for the next turn of a run, first in first. They cannot be taken back any more."""
    mine = sa.and_(_m.c.task_id == task_id, _waits)
    if tx.execute(sa.select(_m.c.id).where(mine).limit(1)).first():
        tx.execute(sa.update(_m).where(mine).values(delivering_to=run_id))
        emit_queue(tx, task_id)
    return [row.content for row in _on_their_way(tx, task_id, run_id)]


def _on_their_way(tx: WriteTransaction, task_id: str, run_id: str) -> list[Any]:
    mine = sa.and_(_m.c.task_id == task_id, _m.c.delivering_to == run_id, _m.c.deleted_at.is_(None))
    return list(tx.execute(sa.select(_m.c.id, _m.c.content).where(mine).order_by(_m.c.rank)))


def deliver(tx: WriteTransaction, task_id: str, run_id: str) -> None:
    """The agent of this run works on what it was being given."""
    for message_id, content in _on_their_way(tx, task_id, run_id):
        tx.execute(sa.update(_m).where(_m.c.id == message_id).values(deleted_at=tx.now))
        history.append(tx, task_id, DELIVERED, content=content, messageId=message_id, runId=run_id)


def give_back(tx: WriteTransaction, task_id: str, run_id: str) -> None:
    """What was on its way to this run waits for the next turn, in its old place: the agent has not begun with it."""
    if left := [row.id for row in _on_their_way(tx, task_id, run_id)]:
        tx.execute(sa.update(_m).where(_m.c.id.in_(left)).values(delivering_to=None))
        emit_queue(tx, task_id)


def emit_queue(tx: WriteTransaction, task_id: str) -> None:
    """Sends the queue as it now is."""
    tx.emit(EventType.QUEUE_CHANGED, dumps({"taskId": task_id, "queue": _queue(tx, task_id)}), task_id=task_id)
