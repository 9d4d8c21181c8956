"""Providers: what is sent, the request that writes one, and the answers of its routes."""

from marshmallow import fields

from common.entities.provider import PROVIDER, PROVIDER_TYPE
from common.entities.schemas import request_schema, wire_schema
from common.fields.base import WireSchema

ProviderTypeSchema = wire_schema(PROVIDER_TYPE)
ProviderSchema = wire_schema(PROVIDER)
WriteProviderSchema = request_schema(PROVIDER, "WriteProvider", "")


class ProviderTestedSchema(WireSchema):
    """Whether the provider answered one short question; `message` says what happened and what to do."""

    ok = fields.Boolean(required=True)
    message = fields.String(required=True)
    seconds = fields.Float(required=True)


class ProviderDeletedSchema(WireSchema):
    """`affectedAgents` have lost their provider; the undo gives it back."""

    deleted = fields.String(required=True)
    affectedAgents = fields.List(fields.String(), required=True)
    undo = fields.String(required=True)
