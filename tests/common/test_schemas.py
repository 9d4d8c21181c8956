"""What requests must hold, where one field decides about the others."""

from typing import Any

import marshmallow as ma
import pytest

from common.entities.provider import PROVIDER_TYPE, WriteProviderTypeSchema

COMPAT = {"type": "openai-compat", "apiBaseUrl": "http://localhost:11434/v1", "defaultModel": "m"}


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"type": "openai-compat"}, {"apiBaseUrl", "defaultModel"}),
        ({"type": "openai-compat", "apiBaseUrl": "http://localhost/v1"}, {"defaultModel"}),
        (COMPAT | {"type": "claude-code"}, {"apiBaseUrl", "defaultModel"}),
        ({"type": "opencode", "apiKey": "k"}, {"apiKey"}),
        ({"apiKey": "k"}, {"type"}),
    ],
)
def test_type_of_a_provider_decides_what_it_has(given: dict[str, Any], fields: set[str]) -> None:
    """A key of a program that has its own login would be kept and never used."""
    with pytest.raises(ma.ValidationError) as refused:
        WriteProviderTypeSchema().load(given)
    assert refused.value.messages_dict.keys() == fields


@pytest.mark.parametrize("given", [COMPAT, COMPAT | {"apiKey": "k"}, {"type": "claude-code"}, {"type": "opencode"}])
def test_providers_that_are_whole(given: dict[str, Any]) -> None:
    loaded = WriteProviderTypeSchema().load(given)
    assert loaded == {field.name: given[field.key] for field in PROVIDER_TYPE if field.key in given}
