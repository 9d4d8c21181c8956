"""What an import reads: tasks, runs, history and queues as exports and the original's folders hold them.

More lenient than requests: the original had no limits, and left some keys out. Unknown keys are ignored.
"""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from common.events import TaskStatus
from common.schemas.base import LARGEST_NUMBER, Milliseconds, Text
from common.schemas.run import AGENT, PLANNER
from common.schemas.task import SOURCE_TYPES
from common.wire import dumps

TEXT_BYTES = 1024 * 1024
LIST_AT_MOST = 2_000


def as_text(value: Any) -> str:
    """A value of a history entry as text that can be stored and sent."""
    text = value if isinstance(value, str) else dumps(value)
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


class StoredSchema(ma.Schema):
    """The base: unknown keys are ignored."""

    class Meta:
        unknown = ma.EXCLUDE


def _time(*, required: bool = True) -> Milliseconds:
    between = validate.Range(0, LARGEST_NUMBER)
    return (
        Milliseconds(required=True, validate=between)
        if required
        else Milliseconds(load_default=None, allow_none=True, validate=between)
    )


def _text(default: str | None = "") -> Text:
    return Text(load_default=default, allow_none=default is None, most_bytes=TEXT_BYTES)


def _texts() -> Any:
    return fields.List(Text(most_bytes=TEXT_BYTES), load_default=list, validate=validate.Length(max=LIST_AT_MOST))


class StoredStatusSchema(StoredSchema):
    type = Text(required=True, validate=validate.OneOf(list(TaskStatus)))
    agent = _text()
    message = _text()


class StoredSourceSchema(StoredSchema):
    sourceType = Text(required=True, validate=validate.OneOf(SOURCE_TYPES))
    userId = Text(load_default="anonymous", validate=validate.Length(max=200))
    conversationId = Text(load_default=None, allow_none=True, validate=validate.Length(max=200))


class StoredAttachmentSchema(StoredSchema):
    filename = Text(required=True)
    uploadedAt = _time()


class StoredReportSchema(StoredSchema):
    status = Text(required=True, validate=validate.OneOf(["complete", "blocked", "failed"]))
    summary = _text()
    output = _text()
    blockedReason = _text(None)


class StoredRecordSchema(StoredSchema):
    """An entry of the original's `agentChain`."""

    agentName = Text(required=True, validate=validate.Length(max=200))
    startedAt = _time()
    completedAt = _time(required=False)
    input = _text()
    output = _text()
    completionReport = fields.Nested(StoredReportSchema, load_default=None, allow_none=True)


class StoredQuestionSchema(StoredSchema):
    question = Text(required=True, most_bytes=TEXT_BYTES)
    answer = _text(None)


class StoredTaskSchema(StoredSchema):
    """task.json. `agentChain` counts only where there is no runs.json beside it."""

    taskType = Text(load_default="descriptionOnly")
    id = Text(required=True)
    description = Text(required=True, most_bytes=TEXT_BYTES)
    status = fields.Nested(StoredStatusSchema, required=True)
    createdAt = _time()
    updatedAt = _time()
    sessionId = _text(None)
    source = fields.Nested(
        StoredSourceSchema,
        load_default=lambda: {"sourceType": "web", "userId": "anonymous", "conversationId": None},
    )
    attachments = fields.List(fields.Nested(StoredAttachmentSchema), load_default=list)
    agentChain = fields.List(fields.Nested(StoredRecordSchema), load_default=list)
    summary = _text()
    requirements = _texts()
    acceptanceCriteria = _texts()
    plan = _texts()
    questions = fields.List(fields.Nested(StoredQuestionSchema), load_default=list)
    assignedAgent = _text(None)
    archivedAt = _time(required=False)
    statusSince = _time(required=False)
    version = fields.Integer(load_default=1, strict=True, validate=validate.Range(1, LARGEST_NUMBER))


class StoredRunSchema(StoredSchema):
    """An entry of runs.json: a Run with its texts. Nothing in it lets anybody act for the run."""

    id = Text(required=True)
    agentName = Text(required=True, validate=validate.Length(max=200))
    kind = Text(required=True, validate=validate.OneOf([PLANNER, AGENT]))
    parentRunId = _text(None)
    state = Text(required=True)
    reason = _text(None)
    queuedAt = _time()
    startedAt = _time(required=False)
    endedAt = _time(required=False)
    sessionId = _text(None)
    tokensInput = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, LARGEST_NUMBER))
    tokensOutput = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, LARGEST_NUMBER))
    costUsd = fields.Float(load_default=None, allow_none=True)
    allowedTools = _texts()
    input = _text()
    output = _text()
    completionReport = fields.Nested(StoredReportSchema, load_default=None, allow_none=True)
    plannerOutput = fields.Dict(load_default=None, allow_none=True)
    version = fields.Integer(load_default=1, strict=True, validate=validate.Range(1, LARGEST_NUMBER))


class StoredRunsSchema(StoredSchema):
    runs = fields.List(fields.Nested(StoredRunSchema), required=True)


class StoredEntrySchema(StoredSchema):
    timestamp = _time()
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
    content = Text(required=True, most_bytes=TEXT_BYTES)
    receivedAt = _time()


class StoredQueueSchema(StoredSchema):
    messages = fields.List(fields.Nested(StoredMessageSchema), required=True)
