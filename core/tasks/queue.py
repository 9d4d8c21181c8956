"""The message queue of a task: what people want to tell the agent at its next turn."""

import uuid
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from common.db import tables
from common.db.write import WriteTransaction
from common.errors import Conflict, NotFound
from common.events import EventType
from common.schemas.queue import MessageSchema
from common.wire import dumps
from core import undo
from core.tasks import history, records
from core.tasks.records import Reader

MESSAGES_AT_MOST = 100
DELIVERED = "message_delivered"  # in the history
_m, _h = tables.messages, tables.history
_schema = MessageSchema()


def read(reader: Reader, task_id: str) -> dict[str, Any]:
    """The Queue of a task, first in first. Raises NotFound."""
    records.load(reader, task_id)
    return _queue(reader, task_id)


def _queue(reader: Reader, task_id: str) -> dict[str, Any]:
    statement = (
        sa.select(_m.c.id, _m.c.content, _m.c.received_at)
        .where(_m.c.task_id == task_id, _m.c.deleted_at.is_(None))
        .order_by(_m.c.rank)
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
    """Takes a message back; returns its undo token. Raises NotFound."""
    records.load(tx, task_id)
    mine = sa.and_(_m.c.id == message_id, _m.c.task_id == task_id, _m.c.deleted_at.is_(None))
    row = tx.execute(sa.select(_m.c.content).where(mine)).first()
    if row is None:
        raise NotFound("There is no such message; it may have been taken back or delivered.")
    tx.execute(sa.update(_m).where(mine).values(deleted_at=tx.now))
    history.append(tx, task_id, "message_withdrawn", content=row[0])
    emit_queue(tx, task_id)
    return undo.remember(tx, "message", task_id, message_id)


def waiting(reader: Reader, task_id: str) -> list[dict[str, Any]]:
    """The messages that no agent has been given yet, first in first."""
    messages: list[dict[str, Any]] = _queue(reader, task_id)["messages"]
    return messages


def delivered(reader: Reader, task_id: str, run_ids: Collection[str]) -> list[str]:
    """What the agents of these runs have been given so far, first in first."""
    told = sa.select(_h.c.data).where(_h.c.task_id == task_id, _h.c.event_type == DELIVERED).order_by(_h.c.id)
    return [data["content"] for (data,) in reader.execute(told) if data["runId"] in run_ids]


def deliver(tx: WriteTransaction, task_id: str, message_ids: list[str], run_id: str) -> None:
    """They have been given to the agent of a run. What was taken back meanwhile is left alone."""
    given = {message["id"]: message["content"] for message in waiting(tx, task_id) if message["id"] in message_ids}
    if not given:
        return
    tx.execute(sa.update(_m).where(_m.c.id.in_(given)).values(deleted_at=tx.now))
    for message_id, content in given.items():
        history.append(tx, task_id, DELIVERED, content=content, messageId=message_id, runId=run_id)
    emit_queue(tx, task_id)


def emit_queue(tx: WriteTransaction, task_id: str) -> None:
    """Sends the queue as it now is."""
    tx.emit(EventType.QUEUE_CHANGED, dumps({"taskId": task_id, "queue": _queue(tx, task_id)}), task_id=task_id)
