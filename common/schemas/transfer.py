"""What an import reads: tasks, runs, history and queues as exports and the original's folders hold them.

More lenient than requests: the original had no limits, and left some keys out. Unknown keys are ignored.
"""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from common.entities.run import RUN
from common.entities.schemas import export_schema, stored_schema
from common.entities.task import TASK
from common.fields.base import LARGEST_NUMBER, Milliseconds, StoredSchema, Text
from common.fields.parts import IMPORTED_TEXT_BYTES
from common.wire import dumps

StoredTaskSchema = stored_schema(TASK, "task.json. `agentChain` counts only where there is no runs.json beside it.")
StoredRunSchema = stored_schema(
    RUN, "An entry of runs.json: a Run with its texts. Nothing in it lets anybody act for the run."
)
ExportedTaskSchema = export_schema(TASK)
ExportedRunSchema = export_schema(RUN)


def as_text(value: Any) -> str:
    """A value of a history entry as text that can be stored and sent."""
    text = value if isinstance(value, str) else dumps(value)
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


class StoredRunsSchema(StoredSchema):
    runs = fields.List(fields.Nested(StoredRunSchema), required=True)


class StoredEntrySchema(StoredSchema):
    timestamp = Milliseconds(required=True, validate=validate.Range(0, LARGEST_NUMBER))
    eventType = Text(required=True, validate=validate.Length(1, 200))
    data = fields.Dict(keys=fields.String(), load_default=dict)

    @ma.post_load
    def make_texts(self, entry: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Values are texts; what is no text in them, such as the NUL of some tool's output, is marked."""
        return entry | {"data": {as_text(key): as_text(value) for key, value in sorted(entry["data"].items())}}


class StoredHistorySchema(StoredSchema):
    events = fields.List(fields.Nested(StoredEntrySchema), required=True)


class StoredMessageSchema(StoredSchema):
    id = Text(required=True)
    content = Text(required=True, most_bytes=IMPORTED_TEXT_BYTES)
    receivedAt = Milliseconds(required=True, validate=validate.Range(0, LARGEST_NUMBER))


class StoredQueueSchema(StoredSchema):
    messages = fields.List(fields.Nested(StoredMessageSchema), required=True)
