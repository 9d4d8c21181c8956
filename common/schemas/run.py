"""Runs, and the requests that start, feed and end them."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from common.entities.run import RUN
from common.entities.schemas import wire_schema
from common.fields.base import DESCRIPTION_BYTES, LIST_ITEMS, RequestSchema, Text, WireSchema, text_list
from common.fields.names import name_field
from common.fields.parts import REPORT_STATUSES
from common.tools import GRANTABLE

REPORT_BYTES = 256 * 1024

RunSchema = wire_schema(RUN)
RunDetailSchema = wire_schema(RUN, in_full=True, name="RunDetail", about="`output`: its last text, once it has ended.")


class AnswersSchema(RequestSchema):
    """Matched to the questions by position."""

    answers = fields.List(Text(most_bytes=DESCRIPTION_BYTES), required=True, validate=validate.Length(max=LIST_ITEMS))


class HandoffSchema(RequestSchema):
    """Start an agent. `force` permits it on a pending task without a plan."""

    agentName = name_field()
    prompt = Text(required=True, most_bytes=DESCRIPTION_BYTES)
    force = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class HandoffCompleteSchema(RequestSchema):
    output = Text(required=True, most_bytes=REPORT_BYTES)


class CompletionReportRequest(RequestSchema):
    """What an agent says of its work at its end."""

    status = Text(
        required=True,
        validate=validate.OneOf(REPORT_STATUSES),
        metadata={"description": "complete: done; blocked: a person is needed; failed: it cannot be done"},
    )
    summary = Text(
        required=True, most_bytes=DESCRIPTION_BYTES, metadata={"description": "what was done, in a few sentences"}
    )
    output = Text(required=True, most_bytes=REPORT_BYTES, metadata={"description": "the result itself, in full"})
    blockedReason = Text(
        allow_none=True,
        load_default=None,
        most_bytes=DESCRIPTION_BYTES,
        metadata={"description": "with blocked: what is missing"},
    )


class PlannerOutputRequest(RequestSchema):
    """Tagged union by `type`: a plan, questions, or an error."""

    type = Text(
        required=True,
        validate=validate.OneOf(["plan", "questions", "error"]),
        metadata={"description": "what you give; the other arguments belong to one of these"},
    )
    summary = Text(most_bytes=DESCRIPTION_BYTES, metadata={"description": "plan: the task in a few sentences"})
    requirements = text_list("plan: what the result must have")
    acceptanceCriteria = text_list("plan: how to tell that it is done")
    plan = text_list("plan: the steps, in order")
    assignedAgent = Text(allow_none=True, metadata={"description": "plan: name of the agent that should do it"})
    questions = text_list("questions: what you must know first")
    error = Text(most_bytes=DESCRIPTION_BYTES, metadata={"description": "error: why no plan is possible"})

    _NEEDED = {  # noqa: RUF012 (marshmallow classes keep constants so)
        "plan": {"summary", "requirements", "acceptanceCriteria", "plan"},
        "questions": {"questions"},
        "error": {"error"},
    }

    def needed(self, data: Mapping[str, Any]) -> set[str]:
        return self._NEEDED.get(str(data.get("type")), set())

    @ma.validates_schema
    def check_kind(self, data: dict[str, Any], **_: Any) -> None:
        if missing := self.needed(data) - data.keys():
            raise ma.ValidationError({name: ["Missing data for required field."] for name in sorted(missing)})
        if data.get("type") == "questions" and not data["questions"]:
            raise ma.ValidationError({"questions": ["Ask at least one question."]})


class GrantsSchema(RequestSchema):
    """Tools to add to and to take from the agent at work."""

    addTools = fields.List(Text(validate=validate.OneOf(GRANTABLE)), load_default=list)
    removeTools = fields.List(Text(validate=validate.OneOf(GRANTABLE)), load_default=list)


class GrantedSchema(WireSchema):
    allowedTools = fields.List(fields.String(), required=True)
