"""Agents: what is sent, and the request that writes one."""

from marshmallow import fields

from common.entities.agent import AGENT
from common.entities.schemas import request_schema, wire_schema
from common.fields.base import WireSchema

AgentSchema = wire_schema(AGENT)
WriteAgentSchema = request_schema(
    AGENT,
    "WriteAgent",
    "A whole agent. `provider` names one that exists, or `not-configured`; `model` null means unset.",
)


class AgentDeletedSchema(WireSchema):
    deleted = fields.String(required=True)
    undo = fields.String(required=True)
