"""Agents (contract B 2.11)."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from common.schemas.base import DESCRIPTION_BYTES, RequestSchema, Text, WireSchema
from common.schemas.names import name_field
from common.tools import GRANTABLE

INTERNAL, USER_DEFINED = "internal", "user_defined"


class AgentSchema(WireSchema):
    """Tagged union by `type`: `internal` agents have instructions only. `isValid`: it has a provider it can run on.

    `unconfined`: it keeps its program's own tools, such as a shell, which nothing here contains.
    """

    type = fields.String(required=True, validate=validate.OneOf([INTERNAL, USER_DEFINED]))
    name = fields.String(required=True)
    instructions = fields.String(required=True)
    allowedTools = fields.List(fields.String())
    provider = fields.String()
    model = fields.String()
    unconfined = fields.Boolean()
    isValid = fields.Boolean(required=True)
    version = fields.Integer(required=True)

    @ma.post_dump
    def leave_out_what_it_has_not(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Internal agents have no tools, provider or model; an unset model has no key."""
        absent = {"allowedTools", "provider", "model", "unconfined"} if data["type"] == INTERNAL else set()
        return {key: value for key, value in data.items() if key not in absent and value is not None}


class WriteAgentSchema(RequestSchema):
    """A whole agent. `provider` names one that exists, or `not-configured`; `model` null means unset."""

    type = Text(required=True, validate=validate.OneOf([INTERNAL, USER_DEFINED]))
    name = name_field()
    instructions = Text(required=True, most_bytes=DESCRIPTION_BYTES)
    allowedTools = fields.List(Text(validate=validate.OneOf(GRANTABLE)), validate=validate.Length(max=len(GRANTABLE)))
    provider = Text(validate=validate.Length(1, 64))
    model = Text(allow_none=True, validate=validate.Length(max=200))
    unconfined = fields.Boolean(truthy={True}, falsy={False})

    @ma.validates_schema
    def check_kind(self, data: dict[str, Any], **_: Any) -> None:
        needed = {"allowedTools", "provider"} if data.get("type") == USER_DEFINED else set()
        if missing := needed - data.keys():
            raise ma.ValidationError({name: ["Missing data for required field."] for name in sorted(missing)})


class AgentDeletedSchema(WireSchema):
    deleted = fields.String(required=True)
    undo = fields.String(required=True)
