"""How tools are described to models: schemas that every server takes, with the limits in words."""

from collections.abc import Iterator
from typing import Any

import pytest

from common.schemas.tools import ARGUMENTS
from common.tools import TOOLS
from core.tools import catalogue


def schemas(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A schema and all inside of it."""
    yield value
    for inner in [*value.get("properties", {}).values(), *([value["items"]] if "items" in value else [])]:
        yield from schemas(inner)


@pytest.mark.parametrize("name", TOOLS)
def test_schema_is_plain(name: str) -> None:
    """No bounds, no patterns, no lists of types, no object without properties."""
    [described] = catalogue.described([name])
    for schema in schemas(described["inputSchema"]):
        assert schema.keys() <= {"type", "properties", "required", "items", "enum", "description"}
        assert isinstance(schema["type"], str)
        assert schema["type"] != "object" or schema["properties"]
        assert schema["type"] != "array" or schema["items"]
        assert set(schema.get("required", [])) <= schema.get("properties", {}).keys()
        assert all(isinstance(choice, str) for choice in schema.get("enum", ["x"]))
    assert described["inputSchema"]["properties"].keys() == ARGUMENTS[name]().fields.keys()


def test_limits_are_told_in_words() -> None:
    [plan, read, patch] = (
        each["inputSchema"] for each in catalogue.described(["planner-output", "file.read", "file.patch"])
    )
    told = plan["properties"]["requirements"]["description"]
    assert told == "plan: what the result must have, at most 200 entries, each of at most 2000 characters"
    assert plan["properties"]["type"]["enum"] == ["plan", "questions", "error"]
    assert plan["properties"]["summary"]["description"].endswith("at most 64 KiB")
    assert read["properties"]["limit"]["description"].endswith("from 1 to 10485760")
    assert patch["properties"]["patches"]["items"]["required"] == ["find", "replace"]
