"""Providers over HTTP. No answer ever holds a key."""

from typing import Any

from flask import Response

from common.clock import now_ms
from common.db.database import Reading
from common.db.write import WriteTransaction
from common.fields.names import check_name
from common.schemas.provider import (
    ProviderDeletedSchema,
    ProviderSchema,
    ProviderTestedSchema,
    WriteProviderSchema,
)
from core.providers import verbs
from webapp import checks, requests, state
from webapp.answers import json_response
from webapp.api import Api
from webapp.envelopes import USUAL

api = Api("providers")
Body = dict[str, Any]


@api.read("/api/providers", answer=ProviderSchema, many=True)
def list_providers(reading: Reading) -> str:
    """All providers by name."""
    return verbs.registry.wires(reading)


@api.read("/api/providers/<name>", answer=ProviderSchema, errors=(404,))
def get_provider(reading: Reading, name: str) -> Body:
    """One provider."""
    return verbs.get(reading, name)


@api.write("POST", "/api/providers", body=WriteProviderSchema, answer=ProviderSchema, status=201, errors=(409,))
def create_provider(tx: WriteTransaction, body: Body) -> Body:
    """Create a provider. The first one is taken by the planner and by all agents that have none."""
    return verbs.create(tx, body)


@api.write(
    "PUT", "/api/providers/<name>", body=WriteProviderSchema, answer=ProviderSchema, if_match=True, errors=(404, 409)
)
def put_provider(tx: WriteTransaction, body: Body, if_match: int | None, name: str) -> Body:
    """Replace the provider, or create it; without `apiKey` the stored key stays."""
    return verbs.replace(tx, check_name(name), body, if_match)


def test_provider(name: str) -> Response:
    """Ask the provider one short question, as an agent would; it takes up to a minute."""
    requests.json_body(None)
    current = state.current()
    with current.workspace.get().database.read() as reading:
        verbs.registry.get(reading, name)
        position = str(reading.position)
    answer = checks.run(current.settings, name)
    return json_response(USUAL.wrap(answer, now_ms()), 200, position)


api.add(
    "POST",
    "/api/providers/<name>/test",
    test_provider,
    test_provider,
    answer=ProviderTestedSchema,
    errors=(404, 503),
)


@api.write("DELETE", "/api/providers/<name>", answer=ProviderDeletedSchema, errors=(404,))
def delete_provider(tx: WriteTransaction, name: str) -> Body:
    """Delete the provider and take it away from its agents; `undo` puts all of it back within 60 s."""
    affected, token = verbs.delete(tx, name)
    return {"deleted": name, "affectedAgents": affected, "undo": token}
