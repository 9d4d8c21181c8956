"""The message queue of a task (contract B 2.10), first in, first out."""

from marshmallow import fields

from common.fields.base import Milliseconds, RequestSchema, Text, WireSchema

MESSAGE_BYTES = 16 * 1024


class MessageSchema(WireSchema):
    id = fields.String(required=True)
    content = fields.String(required=True)
    receivedAt = Milliseconds(required=True)


class QueueSchema(WireSchema):
    messages = fields.List(fields.Nested(MessageSchema), required=True)


class EnqueueSchema(RequestSchema):
    content = Text(required=True, most_bytes=MESSAGE_BYTES)
