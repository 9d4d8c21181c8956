"""Records inside other shapes: a status, a source, an attachment … as they are sent, and as imports hold them."""

from typing import ClassVar

from marshmallow import fields, validate

from common.events import TaskStatus
from common.fields.base import (
    LARGEST_NUMBER,
    Milliseconds,
    RequestSchema,
    StoredSchema,
    Text,
    WireSchema,
)

IMPORTED_TEXT_BYTES = 1024 * 1024
SOURCE_TYPES = ("web", "terminal", "test", "xmpp")
WITH_AGENT = frozenset({TaskStatus.PLANNING, TaskStatus.ACTIVE, TaskStatus.WAITING})
"""Statuses in which an agent holds the task."""
REPORT_STATUSES = ("complete", "blocked", "failed")


class StatusSchema(WireSchema):
    """Tagged union by `type`: `agent` where an agent holds the task, `message` where it failed."""

    tag = "type"
    variants: ClassVar = {"agent": WITH_AGENT, "message": {TaskStatus.FAILED}}

    type = fields.String(validate=validate.OneOf(list(TaskStatus)), required=True)
    agent = fields.String()
    message = fields.String()


class SourceSchema(RequestSchema):
    """Who created the task: `sourceType` web, terminal, test or xmpp; `conversationId` may be null."""

    sourceType = Text(required=True, validate=validate.OneOf(SOURCE_TYPES))
    userId = Text(required=True, validate=validate.Length(max=200))
    conversationId = Text(required=True, allow_none=True, validate=validate.Length(max=200))


class AttachmentSchema(WireSchema):
    """A file of a task; `size` in bytes."""

    filename = fields.String(required=True)
    size = fields.Integer(required=True)
    contentType = fields.String(required=True)
    uploadedAt = Milliseconds(required=True)


class CompletionReportSchema(WireSchema):
    """What an agent said of its work at the end."""

    status = fields.String(required=True, validate=validate.OneOf(REPORT_STATUSES))
    summary = fields.String(required=True)
    output = fields.String(required=True)
    blockedReason = fields.String(required=True, allow_none=True)


class HandoffRecordSchema(WireSchema):
    """One run in a task's `agentChain`; `output` is empty while it runs."""

    runId = fields.String(required=True)
    parentRunId = fields.String(required=True, allow_none=True, metadata={"description": "the run that handed off"})
    agentName = fields.String(required=True)
    startedAt = Milliseconds(required=True)
    completedAt = Milliseconds(required=True, allow_none=True)
    input = fields.String(required=True)
    output = fields.String(required=True)
    completionReport = fields.Nested(CompletionReportSchema, required=True, allow_none=True)


class QuestionSchema(WireSchema):
    """A planner's question; `answer` is null until somebody answers."""

    question = fields.String(required=True)
    answer = fields.String(required=True, allow_none=True)


class TokensSchema(WireSchema):
    input = fields.Integer(required=True)
    output = fields.Integer(required=True)


def _time(*, required: bool = True) -> Milliseconds:
    between = validate.Range(0, LARGEST_NUMBER)
    return (
        Milliseconds(required=True, validate=between)
        if required
        else Milliseconds(load_default=None, allow_none=True, validate=between)
    )


def _text(default: str | None = "") -> Text:
    return Text(load_default=default, allow_none=default is None, most_bytes=IMPORTED_TEXT_BYTES)


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
    status = Text(required=True, validate=validate.OneOf(REPORT_STATUSES))
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
    question = Text(required=True, most_bytes=IMPORTED_TEXT_BYTES)
    answer = _text(None)
