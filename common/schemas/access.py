"""Access tokens of the workspace: for programs outside that list, read, create and report tasks."""

from marshmallow import fields, validate

from common.schemas.base import Milliseconds, RequestSchema, Text, WireSchema
from common.schemas.names import name_field
from common.tools import OUTSIDE


class AccessTokenSchema(WireSchema):
    """`scopes` are the tools it may call; `hint` its last 4 characters."""

    name = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    hint = fields.String(required=True)
    createdAt = Milliseconds(required=True)
    version = fields.Integer(required=True)


class NewAccessTokenSchema(AccessTokenSchema):
    """The one answer that holds the token itself; `mcpCommand` is the path of the MCP server's program."""

    token = fields.String(required=True)
    mcpCommand = fields.String(required=True)


class CreateAccessTokenSchema(RequestSchema):
    name = name_field()
    scopes = fields.List(
        Text(validate=validate.OneOf(OUTSIDE)), load_default=lambda: list(OUTSIDE), validate=validate.Length(min=1)
    )


class AccessTokenDeletedSchema(WireSchema):
    """`undo` takes the revocation back within 60 s."""

    deleted = fields.String(required=True)
    undo = fields.String(required=True)
