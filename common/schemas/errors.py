"""The one error shape."""

from marshmallow import fields

from common.fields.base import WireSchema


class ErrorSchema(WireSchema):
    """`fields` comes with 422, `current` with 412, `reason` with 410."""

    code = fields.String(required=True)
    message = fields.String(required=True)
    fields_ = fields.Dict(keys=fields.String(), data_key="fields")
    current = fields.Dict()
    reason = fields.String()


class ErrorEnvelopeSchema(WireSchema):
    error = fields.Nested(ErrorSchema, required=True)
