"""Access tokens of the workspace: for programs outside that list, read, create and report tasks."""

from marshmallow import fields

from common.entities.access_token import ACCESS_TOKEN
from common.entities.schemas import request_schema, wire_schema
from common.fields.base import WireSchema

AccessTokenSchema = wire_schema(ACCESS_TOKEN)
NewAccessTokenSchema = wire_schema(
    ACCESS_TOKEN,
    name="NewAccessToken",
    about="The one answer that holds the token itself; `mcpCommand` is the path of the MCP server's program.",
    extra={"token": fields.String(required=True), "mcpCommand": fields.String(required=True)},
)
CreateAccessTokenSchema = request_schema(ACCESS_TOKEN, "CreateAccessToken", "")


class AccessTokenDeletedSchema(WireSchema):
    """`undo` takes the revocation back within 60 s."""

    deleted = fields.String(required=True)
    undo = fields.String(required=True)
