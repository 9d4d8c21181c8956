"""What an agent does, as numbered records of its run (docs/protocol.md)."""

from marshmallow import Schema, fields, validate

from common.fields.base import LARGEST_NUMBER, Milliseconds, Text, WireSchema
from common.output import OutputKind

PAGE = 500
MOST_AT_ONCE = 1_000
QUERY_CHARACTERS = 200


class OutputRecordSchema(WireSchema):
    """One record. Which fields it has follows from its kind; `bytes` with one that was cut."""

    n = fields.Integer(required=True, metadata={"description": "1, 2, 3 … within the run"})
    at = Milliseconds(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in OutputKind]))
    text = fields.String(metadata={"description": "text, thinking, notice, error, stderr"})
    first = fields.Boolean(
        metadata={"description": "text, thinking: true: a new block; else it goes on with the record before it"}
    )
    callId = fields.String(metadata={"description": "tool_call, tool_result: which result answers which call"})
    tool = fields.String(metadata={"description": "tool_call"})
    input = fields.Raw(
        allow_none=True, metadata={"description": "tool_call: any JSON. usage: tokens of this turn so far"}
    )
    output = fields.Raw(metadata={"description": "tool_result: text. usage: tokens of this turn so far"})
    isError = fields.Boolean(metadata={"description": "tool_result"})
    costUsd = fields.Float(allow_none=True, metadata={"description": "usage: of this turn so far; null: nobody tells"})
    bytes = fields.Integer(metadata={"description": "size of the long field before it was cut"})


class OutputSchema(WireSchema):
    """A page of a run's records. `from` is the number of the first of them; with `q` they have holes between them."""

    epoch = fields.String(required=True, metadata={"description": "another one than before: what you hold is void"})
    first = fields.Integer(required=True, metadata={"description": "the oldest record still kept; last + 1: none"})
    last = fields.Integer(required=True, metadata={"description": "the newest record; 0: none yet"})
    hasMore = fields.Boolean(required=True, metadata={"description": "newer ones follow; with q: older ones"})
    from_ = fields.Integer(required=True, data_key="from")
    records = fields.List(fields.Nested(OutputRecordSchema), required=True)


class OutputQuery(Schema):
    """The records after `since`, oldest first; else the newest. With `q` those before `before` that contain it."""

    since = fields.Integer(validate=validate.Range(0, LARGEST_NUMBER))
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, MOST_AT_ONCE))
    q = Text(validate=validate.Length(1, QUERY_CHARACTERS))
    before = fields.Integer(validate=validate.Range(0, LARGEST_NUMBER))
