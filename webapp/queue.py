"""A task's message queue over HTTP."""

from typing import Any

from common.db.database import Reading
from common.db.write import WriteTransaction
from common.schemas.queue import EnqueueSchema, MessageSchema, QueueSchema
from common.schemas.task import DeletedSchema
from core.tasks import queue
from webapp.api import Api

api = Api("queue")


@api.read("/api/tasks/<task_id>/queue", answer=QueueSchema, errors=(404,))
def get_queue(reading: Reading, task_id: str) -> dict[str, Any]:
    """The messages that wait for the agent's next turn, first in first."""
    return queue.read(reading, task_id)


@api.write(
    "POST", "/api/tasks/<task_id>/queue", body=EnqueueSchema, answer=MessageSchema, status=201, errors=(404, 409)
)
def enqueue_message(tx: WriteTransaction, body: dict[str, Any], task_id: str) -> dict[str, Any]:
    """Queue a message."""
    return queue.enqueue(tx, task_id, body["content"])


@api.write("DELETE", "/api/tasks/<task_id>/queue/<message_id>", answer=DeletedSchema, errors=(404, 409))
def withdraw_message(tx: WriteTransaction, task_id: str, message_id: str) -> dict[str, Any]:
    """Take a message back; `undo` queues it again within 60 s."""
    return {"deleted": message_id, "undo": queue.withdraw(tx, task_id, message_id)}
