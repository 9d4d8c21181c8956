"""The insights: daily counters as they are answered, and as they stand beside an event."""

from marshmallow import Schema, fields, validate

from common.fields.base import Milliseconds, WireSchema


class CountersSchema(WireSchema):
    """Metric -> key -> how much was added; a metric or key that did not move is absent. Each metric: `rule.py`."""

    tasks = fields.Dict(fields.String(), fields.Integer(), metadata={"description": "change on the board, by status"})
    flow = fields.Dict(fields.String(), fields.Integer(), metadata={"description": "created, completed, failed"})
    left = fields.Dict(fields.String(), fields.Integer(), metadata={"description": "moves out of a status"})
    spentMs = fields.Dict(fields.String(), fields.Integer(), metadata={"description": "ms these tasks were in it"})
    runs = fields.Dict(fields.String(), fields.Integer(), metadata={"description": "runs ended, by `agent/state`"})
    runMs = fields.Dict(fields.String(), fields.Integer(), metadata={"description": "ms these runs took, by agent"})
    tokensIn = fields.Dict(fields.String(), fields.Integer(), metadata={"description": "by agent"})
    tokensOut = fields.Dict(fields.String(), fields.Integer(), metadata={"description": "by agent"})
    costMicroUsd = fields.Dict(
        fields.String(), fields.Integer(), metadata={"description": "millionths of a US dollar, by agent"}
    )


class DaySchema(WireSchema):
    """One day of the server; `day` names it by the first millisecond that its date has in UTC."""

    day = Milliseconds(required=True)
    counters = fields.Nested(CountersSchema, required=True)


class InsightsSchema(WireSchema):
    """`before`: tasks on the board by status when day `first` began. Days without a change are left out."""

    first = Milliseconds(required=True)
    today = Milliseconds(required=True)
    todayBegan = Milliseconds(required=True, metadata={"description": "midnight of the server's time zone"})
    todayEnds = Milliseconds(required=True, metadata={"description": "the next one, 23 to 25 hours later"})
    timeZone = fields.String(required=True, metadata={"description": "in words"})
    before = fields.Dict(fields.String(), fields.Integer(), required=True)
    days = fields.List(fields.Nested(DaySchema), required=True)


class InsightsQuery(Schema):
    """How many days, today's included."""

    days = fields.Integer(load_default=30, validate=validate.Range(1, 366))
