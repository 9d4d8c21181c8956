"""Access tokens over HTTP: made, listed and revoked by people. Only the answer that makes a token shows it."""

from typing import Any

from flask import Response

from common.db.database import Reading
from common.db.write import WriteTransaction
from common.entities.access_token import ACCESS_TOKEN
from common.schemas.access import (
    AccessTokenDeletedSchema,
    AccessTokenSchema,
    CreateAccessTokenSchema,
    NewAccessTokenSchema,
)
from common.settings import ROOT
from core.access import verbs
from webapp import requests
from webapp.api import Api, mutation

api = Api("access")
MCP_COMMAND = ROOT / "bin" / "chorus-mcp"


@api.read("/api/access-tokens", answer=AccessTokenSchema, many=True)
def list_access_tokens(reading: Reading) -> str:
    """All access tokens by name, without the tokens themselves."""
    return verbs.registry.wires(reading)


def create_access_token() -> Response:
    """Create an access token, shown in this answer only; an Idempotency-Key has no effect: nothing is kept."""
    _, body = requests.json_body(CreateAccessTokenSchema)
    return mutation(lambda tx: _created(tx, body), 201, None)


def _created(tx: WriteTransaction, body: dict[str, Any]) -> dict[str, Any]:
    given = ACCESS_TOKEN.with_defaults(body)
    form, token = verbs.create(tx, given["name"], given["scopes"])
    return form | {"token": token, "mcpCommand": str(MCP_COMMAND)}


api.add(
    "POST",
    "/api/access-tokens",
    create_access_token,
    create_access_token,
    answer=NewAccessTokenSchema,
    status=201,
    body=CreateAccessTokenSchema,
    errors=(409,),
)


@api.write("DELETE", "/api/access-tokens/<name>", answer=AccessTokenDeletedSchema, errors=(404,))
def revoke_access_token(tx: WriteTransaction, name: str) -> dict[str, Any]:
    """Revoke the access token at once; `undo` takes that back within 60 s."""
    return {"deleted": name, "undo": verbs.revoke(tx, name)}
