"""Provider. The key is write-only: what leaves the server has its last 4 characters."""

from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlsplit

import marshmallow as ma
from marshmallow import validate

from common.entities import kinds
from common.entities.declare import Entity, Sent, Write, declare, derive
from common.entities.schemas import request_schema, wire_schema
from common.fields.names import name_checks

CLAUDE_CODE, OPENCODE, OPENAI_COMPAT = "claude-code", "opencode", "openai-compat"
TYPES = (CLAUDE_CODE, OPENCODE, OPENAI_COMPAT)
HINT_CHARACTERS = 4
_HTTP_URL = validate.URL(schemes={"http", "https"}, require_tld=False, error="Must be an http or https address.")
_KEY = validate.Regexp(r"\A[\x21-\x7e]*\Z", error="Must be visible ASCII characters without spaces.")
_OF_SERVERS = {"variants": (OPENAI_COMPAT,)}


def hint(key: str) -> str | None:
    """The last 4 characters of a key; a key too short to hide the rest shows nothing of itself."""
    if not key:
        return None
    return key[-HINT_CHARACTERS:] if len(key) >= 3 * HINT_CHARACTERS else ""


def _check_url(url: str) -> None:
    _HTTP_URL(url)
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise ma.ValidationError("Must not hold a user name or password, which everybody would see; use the API key.")
    try:
        parts.port  # noqa: B018 - reading it is the check
    except ValueError:
        raise ma.ValidationError("Must have a port from 0 to 65535, or none.") from None


@dataclass(frozen=True, kw_only=True)
class ProviderType:
    """`apiKeyHint` is null where no key is stored."""

    type: str = declare(kinds.one_of(TYPES), write=Write.REQUIRED)
    api_base_url: str = declare(
        kinds.text(max_length=2_000, checks=[_check_url]), default="", write=Write.REQUIRED, **_OF_SERVERS
    )
    api_key: str = declare(
        kinds.text(max_length=1_000, checks=[_KEY]),
        default="",
        sent=Sent.NEVER,
        exported=False,
        write=Write.OPTIONAL,
        **_OF_SERVERS,
    )
    api_key_hint: ClassVar[Any] = derive(
        kinds.text(), lambda provider: hint(provider["api_key"]), nullable=True, **_OF_SERVERS
    )
    default_model: str = declare(kinds.text(max_length=200), default="", write=Write.REQUIRED, **_OF_SERVERS)


PROVIDER_TYPE = Entity(ProviderType, tag="type", only="Only openai-compat providers have this.")
WriteProviderTypeSchema = request_schema(
    PROVIDER_TYPE,
    "WriteProviderType",
    "For `openai-compat`: an address, a default model, and a key where one is needed; without `apiKey` it stays.",
)
_TYPE = kinds.record(wire_schema(PROVIDER_TYPE), request=WriteProviderTypeSchema)


@dataclass(frozen=True, kw_only=True)
class Provider:
    """What agents run on: a program or a server."""

    name: str = declare(kinds.text(checks=name_checks()), write=Write.REQUIRED)
    provider_type: ClassVar[Any] = derive(
        _TYPE, lambda row: PROVIDER_TYPE.values(row, PROVIDER_TYPE.sent()), write=Write.REQUIRED
    )
    version: int = declare(kinds.whole(1), default=1)


PROVIDER = Entity(Provider)
