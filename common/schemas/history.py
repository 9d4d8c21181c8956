"""History of a task (contract B 2.9): `data` values are always strings."""

from marshmallow import fields

from common.fields.base import Milliseconds, WireSchema


class HistoryEntrySchema(WireSchema):
    """One entry. Values longer than 4,096 bytes are cut and their keys named in `truncated`."""

    id = fields.Integer(required=True)
    timestamp = Milliseconds(required=True)
    eventType = fields.String(required=True)
    data = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    truncated = fields.List(fields.String())


class HistorySchema(WireSchema):
    """Entries, oldest first."""

    events = fields.List(fields.Nested(HistoryEntrySchema), required=True)
