"""Providers (contract B 2.12). `apiKey` is write-only: what leaves the server has its last 4 characters."""

from typing import Any
from urllib.parse import urlsplit

import marshmallow as ma
from marshmallow import fields, validate

from common.schemas.base import RequestSchema, Text, WireSchema
from common.schemas.names import name_field

CLAUDE_CODE, OPENCODE, OPENAI_COMPAT = "claude-code", "opencode", "openai-compat"
TYPES = (CLAUDE_CODE, OPENCODE, OPENAI_COMPAT)
_HTTP_URL = validate.URL(schemes={"http", "https"}, require_tld=False, error="Must be an http or https address.")
_KEY = validate.Regexp(r"\A[\x21-\x7e]*\Z", error="Must be visible ASCII characters without spaces.")


def _check_url(url: str) -> None:
    _HTTP_URL(url)
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise ma.ValidationError("Must not hold a user name or password, which everybody would see; use the API key.")
    try:
        parts.port  # noqa: B018 - reading it is the check
    except ValueError:
        raise ma.ValidationError("Must have a port from 0 to 65535, or none.") from None


class ProviderTypeSchema(WireSchema):
    """`apiKeyHint` is null where no key is stored."""

    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    apiBaseUrl = fields.String()
    apiKeyHint = fields.String(allow_none=True)
    defaultModel = fields.String()

    @ma.post_dump
    def leave_out_what_it_has_not(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return data if data["type"] == OPENAI_COMPAT else {"type": data["type"]}


class ProviderSchema(WireSchema):
    name = fields.String(required=True)
    providerType = fields.Nested(ProviderTypeSchema, required=True)
    version = fields.Integer(required=True)


class WriteProviderTypeSchema(RequestSchema):
    """For `openai-compat`: an address, a default model, and a key where one is needed; without `apiKey` it stays."""

    type = Text(required=True, validate=validate.OneOf(TYPES))
    apiBaseUrl = Text(validate=validate.And(validate.Length(max=2_000), _check_url))
    apiKey = Text(validate=validate.And(validate.Length(max=1_000), _KEY))
    defaultModel = Text(validate=validate.Length(max=200))

    @ma.validates_schema
    def check_kind(self, data: dict[str, Any], **_: Any) -> None:
        needed = {"apiBaseUrl", "defaultModel"} if data.get("type") == OPENAI_COMPAT else set()
        if missing := needed - data.keys():
            raise ma.ValidationError({name: ["Missing data for required field."] for name in sorted(missing)})
        if data.get("type") != OPENAI_COMPAT and (extra := data.keys() - {"type"}):
            raise ma.ValidationError({name: ["Only openai-compat providers have this."] for name in sorted(extra)})


class WriteProviderSchema(RequestSchema):
    name = name_field()
    providerType = fields.Nested(WriteProviderTypeSchema, required=True)


class ProviderTestedSchema(WireSchema):
    """Whether the provider answered one short question; `message` says what happened and what to do."""

    ok = fields.Boolean(required=True)
    message = fields.String(required=True)
    seconds = fields.Float(required=True)


class ProviderDeletedSchema(WireSchema):
    """`affectedAgents` have lost their provider; the undo gives it back."""

    deleted = fields.String(required=True)
    affectedAgents = fields.List(fields.String(), required=True)
    undo = fields.String(required=True)
