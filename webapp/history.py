"""A task's history over HTTP."""

from typing import Any

from marshmallow import Schema, fields, validate

from common.db.database import Reading
from common.fields.base import LARGEST_NUMBER
from common.schemas.history import HistoryEntrySchema, HistorySchema
from core.tasks import history
from webapp.api import Api

api = Api("history")


class HistoryQuery(Schema):
    """A page: at most `limit` entries older than entry `before`."""

    before = fields.Integer(validate=validate.Range(0, LARGEST_NUMBER))
    limit = fields.Integer(load_default=history.PAGE, validate=validate.Range(1, history.PAGE))


@api.read("/api/tasks/<task_id>/history", answer=HistorySchema, query=HistoryQuery, errors=(404,))
def get_history(reading: Reading, query: dict[str, Any], task_id: str) -> str:
    """What happened to the task, oldest first; the newest 1,000 entries without parameters."""
    return history.page(reading, task_id, query.get("before"), query["limit"])


@api.read("/api/tasks/<task_id>/history/<int(max=9007199254740991):entry_id>", answer=HistoryEntrySchema, errors=(404,))
def get_history_entry(reading: Reading, task_id: str, entry_id: int) -> dict[str, Any]:
    """One entry with its values in full."""
    return history.entry(reading, task_id, entry_id)
