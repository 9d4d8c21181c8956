"""Task, its status, its parts, and the requests that change it (contract B 2.1-2.8)."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from common.events import TaskStatus
from common.schemas.base import DESCRIPTION_BYTES, Milliseconds, RequestSchema, Text, WireSchema, text_list

SOURCE_TYPES = ("web", "terminal", "test", "xmpp")
PLANNING_KEYS = ("summary", "requirements", "acceptanceCriteria", "plan", "questions", "assignedAgent")


class StatusSchema(WireSchema):
    """Tagged union by `type`: `agent` where an agent holds the task, `message` where it failed."""

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

    status = fields.String(required=True, validate=validate.OneOf(["complete", "blocked", "failed"]))
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


class TaskSchema(WireSchema):
    """A task. `descriptionOnly` tasks lack the planning keys; `truncated` names the fields cut in the wire form."""

    taskType = fields.String(required=True, validate=validate.OneOf(["descriptionOnly", "planned"]))
    id = fields.String(required=True)
    description = fields.String(required=True)
    status = fields.Nested(StatusSchema, required=True)
    createdAt = Milliseconds(required=True)
    updatedAt = Milliseconds(required=True)
    sessionId = fields.String(required=True, allow_none=True)
    source = fields.Nested(SourceSchema, required=True)
    attachments = fields.List(fields.Nested(AttachmentSchema), required=True)
    attachmentCount = fields.Integer(required=True)
    agentChain = fields.List(fields.Nested(HandoffRecordSchema), required=True)
    chainCount = fields.Integer(required=True)
    summary = fields.String()
    requirements = fields.List(fields.String())
    acceptanceCriteria = fields.List(fields.String())
    plan = fields.List(fields.String())
    questions = fields.List(fields.Nested(QuestionSchema))
    assignedAgent = fields.String(allow_none=True)
    version = fields.Integer(required=True, metadata={"description": "+1 with each change; for If-Match"})
    seq = fields.Integer(required=True, metadata={"description": "log number of the last change"})
    archivedAt = Milliseconds(required=True, allow_none=True)
    truncated = fields.List(fields.String(), required=True)

    @ma.post_dump
    def leave_out_planning(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """A `descriptionOnly` task has no planning keys on the wire (contract B 2.1)."""
        if data["taskType"] == "descriptionOnly":
            for key in PLANNING_KEYS:
                data.pop(key, None)
        return data


class CreateTaskSchema(RequestSchema):
    description = Text(required=True, most_bytes=DESCRIPTION_BYTES)
    source = fields.Nested(SourceSchema, required=True)


class EditTaskSchema(RequestSchema):
    description = Text(required=True, most_bytes=DESCRIPTION_BYTES)


class PlanningSchema(RequestSchema):
    """Absent keys stay as they are."""

    summary = Text(most_bytes=DESCRIPTION_BYTES)
    requirements = text_list()
    acceptanceCriteria = text_list()
    plan = text_list()


class NewStatusSchema(RequestSchema):
    type = Text(required=True, validate=validate.OneOf(list(TaskStatus)))
    agent = Text(validate=validate.Length(max=64))
    message = Text(most_bytes=DESCRIPTION_BYTES)


class ChangeStatusSchema(RequestSchema):
    """`{"status": {"type", "message"?}}` or, short, `{"status": "<word>"}`."""

    status = fields.Nested(NewStatusSchema, required=True)

    @ma.pre_load
    def expand_short_form(self, data: Any, **_: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("status"), str):
            return data | {"status": {"type": data["status"]}}
        return data


class RestoredSchema(WireSchema):
    """What an undo put back."""

    restored = fields.String(
        required=True,
        validate=validate.OneOf(["task", "attachment", "message", "agent", "provider", "access_token", "workspace"]),
    )
    taskId = fields.String(required=True)


class DeletedSchema(WireSchema):
    """A deletion; `undo` is the token that takes it back within 60 s."""

    deleted = fields.String(required=True)
    undo = fields.String(required=True)


class TaskWithUndoSchema(TaskSchema):
    """The task after a part of it was deleted, and the token that takes that back within 60 s."""

    undo = fields.String(required=True)
