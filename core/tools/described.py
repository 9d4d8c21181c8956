"""How the arguments of a tool are described to models: the plainest JSON Schema, which every server takes. Pure.

Servers translate schemas into grammars and into schemas of their own, and refuse all tools for one keyword that they do
not know: bounds of lengths, patterns, lists of types, objects without properties. So a limit is told in words here, and
checked when the tool is called.
"""

from collections.abc import Iterator
from typing import Any

from marshmallow import Schema, fields, validate

from common.fields.base import Text

Json = dict[str, Any]
_TYPES: tuple[tuple[type[fields.Field[Any]], str], ...] = (
    (fields.String, "string"),
    (fields.Boolean, "boolean"),
    (fields.Integer, "integer"),
    (fields.Float, "number"),
)
_KIB = 1024


def schema_of(arguments: Schema) -> Json:
    """An object with the arguments as properties."""
    properties = {name: _property(field) for name, field in arguments.fields.items()}
    required = [name for name, field in arguments.fields.items() if field.required]
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def _property(field: "fields.Field[Any]") -> Json:
    told = [str(field.metadata.get("description", "")), *_limits(field)]
    text = ", ".join(filter(None, told))
    return _typed(field) | ({"description": text} if text else {})


def _typed(field: "fields.Field[Any]") -> Json:
    if isinstance(field, fields.List):
        return {"type": "array", "items": _typed(field.inner)}
    if isinstance(field, fields.Nested):
        return schema_of(field.schema)
    name = next(name for kind, name in _TYPES if isinstance(field, kind))
    choices = [list(rule.choices) for rule in _rules(field) if isinstance(rule, validate.OneOf)]
    return {"type": name} | ({"enum": [str(choice) for choice in choices[0]]} if choices else {})


def _limits(field: "fields.Field[Any]") -> Iterator[str]:
    """What is checked when the tool is called, in words."""
    unit = "entries" if isinstance(field, fields.List) else "characters"
    for rule in _rules(field):
        if isinstance(rule, validate.Length) and rule.max:
            yield f"at most {rule.max} {unit}"
        if isinstance(rule, validate.Range):
            yield f"from {rule.min} to {rule.max}"
    if isinstance(field, Text) and field.most_bytes:
        yield f"at most {field.most_bytes // _KIB} KiB"
    if isinstance(field, fields.List):
        yield from (f"each of {limit}" for limit in _limits(field.inner))


def _rules(field: "fields.Field[Any]") -> Iterator[Any]:
    for rule in field.validators:
        yield from rule.validators if isinstance(rule, validate.And) else [rule]
