"""Tasks: what is sent, and the requests that change them."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from common.entities.schemas import request_schema, wire_schema
from common.entities.task import TASK
from common.events import TaskStatus
from common.fields.base import DESCRIPTION_BYTES, RequestSchema, Text, WireSchema

_PLAN = [field.name for field in TASK.written() if field.variants]
_GIVEN = [field.name for field in TASK.written() if not field.variants]
_EDITED = [name for name in _GIVEN if name != "source"]

TaskSchema = wire_schema(TASK)
TaskWithUndoSchema = wire_schema(
    TASK,
    name="TaskWithUndo",
    about="The task after a part of it was deleted, and the token that takes that back within 60 s.",
    extra={"undo": fields.String(required=True)},
)
CreateTaskSchema = request_schema(TASK, "CreateTask", "", only=_GIVEN)
EditTaskSchema = request_schema(TASK, "EditTask", "Absent keys stay as they are.", only=_EDITED, partial=True)
PlanningSchema = request_schema(TASK, "Planning", "Absent keys stay as they are.", only=_PLAN)


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
