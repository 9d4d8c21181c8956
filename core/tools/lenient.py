"""Arguments as models and their programs really send them, read as what they mean. Pure.

Some write lists, objects, numbers and truth values as JSON text; some take a text that looks like JSON apart; some give
null, "" or 0 for whatever is optional; some put all arguments into an object of its own. The schema says what is
wanted, so that what was meant can be told. Whatever cannot is left as it came, for the schema to refuse.
"""

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from common.fields.base import RequestSchema
from common.wire import dumps

MAX_ENCODINGS = 3  # of JSON in JSON, and of objects in objects
_TRUTH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def read(schema: RequestSchema, arguments: Any) -> Any:
    """The arguments for `schema.load`."""
    return _object(schema, _unwrapped(schema, arguments))


def _unwrapped(schema: Schema, arguments: Any) -> Any:
    """Without objects around it that hold nothing that the schema knows."""
    for _ in range(MAX_ENCODINGS):
        arguments = _decoded(arguments)
        if not isinstance(arguments, dict) or arguments.keys() & schema.fields.keys():
            return arguments
        inner = [found for value in arguments.values() if isinstance(found := _decoded(value), dict)]
        if len(inner) != 1:
            return arguments
        [arguments] = inner
    return arguments


def _object(schema: Schema, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    needed = schema.needed(value) if isinstance(schema, RequestSchema) else set()
    found = {}
    for name, given in value.items():
        field = schema.fields.get(name)
        read_as = given if field is None else _value(field, given)
        if field is None or field.required or name in needed or not _is_absent(field, read_as):
            found[name] = read_as
    return found


def _value(field: fields.Field[Any], given: Any) -> Any:
    if isinstance(field, fields.String):
        return dumps(given) if isinstance(given, (dict, list)) else given
    value = _decoded(given)
    if isinstance(field, fields.Boolean):
        return _TRUTH.get(str(value).strip().lower(), value) if isinstance(value, (str, int)) else value
    if isinstance(field, fields.Integer):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(field, fields.List) and isinstance(value, list):
        return [_value(field.inner, item) for item in value]
    if isinstance(field, fields.Nested):
        return _object(field.schema, value)
    return value


def _decoded(given: Any) -> Any:
    """What a text holds as JSON; anything else, and a text that is no JSON, as it is."""
    value = given
    for _ in range(MAX_ENCODINGS):
        if not isinstance(value, str) or not value.strip():
            return value
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _is_absent(field: fields.Field[Any], value: Any) -> bool:
    """Whether it stands for nothing: null, an empty text, or a 0 where the smallest number is larger."""
    if value is None or (isinstance(value, str) and not value):
        return True
    least = [rule.min for rule in field.validators if isinstance(rule, validate.Range) and rule.min is not None]
    return type(value) is int and value == 0 and any(minimum > 0 for minimum in least)
