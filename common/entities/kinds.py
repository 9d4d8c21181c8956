"""What a field holds: its column's type, and the marshmallow fields that send, check and import it. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from common.fields.base import LARGEST_NUMBER, LIST_ITEM_CHARACTERS, LIST_ITEMS, Milliseconds, Text
from common.wire import cut_utf8

IMPORTED_TEXT_BYTES = 1024 * 1024
IMPORTED_LIST_ITEMS = 2_000
CUT_TEXT_BYTES = 2_000
CUT_LIST_BYTES = 8_000

MakeField = Callable[..., Any]
"""Makes a marshmallow field from its options (`required`, `allow_none`, `load_default`, `metadata` …)."""


class Storage(StrEnum):
    """The type of a column."""

    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    JSON = "json"


@dataclass(frozen=True)
class Kind:
    """`wire` makes the field that sends a value, `request` the strict one that checks what people and programs write,
    `stored` the lenient one that reads imports. `cut` shortens a value for lists and events; None: it is never long.
    """

    storage: Storage
    wire: MakeField
    request: MakeField
    stored: MakeField
    cut: Callable[[Any], Any] | None = None


def text(
    *,
    max_bytes: int | None = None,
    max_length: int | None = None,
    min_length: int | None = None,
    checks: Sequence[Callable[[Any], Any]] = (),
    cut: bool = False,
    unset_if_empty: bool = False,
) -> Kind:
    """Text without NUL and lone surrogates; `cut`: up to 2,000 bytes of it go into lists and events."""
    bounds = [validate.Length(min_length, max_length)] if max_length is not None or min_length is not None else []

    def request(**options: Any) -> fields.Field[Any]:
        field = TextOrUnset if unset_if_empty else Text
        return field(most_bytes=max_bytes, validate=[*bounds, *checks], **options)

    return Kind(Storage.TEXT, fields.String, request, _imported_text, cut_text if cut else None)


def one_of(words: Sequence[str], *, import_any: bool = False) -> Kind:
    """One of `words`; `import_any`: an import may hold others, and whoever reads it decides what they mean."""

    def wire(**options: Any) -> fields.Field[Any]:
        return fields.String(validate=validate.OneOf(list(words)), **options)

    def strict(**options: Any) -> fields.Field[Any]:
        return Text(validate=validate.OneOf(list(words)), **options)

    return Kind(Storage.TEXT, wire, strict, _imported_text if import_any else strict)


def texts(*, cut: bool = True) -> Kind:
    """A list of at most 200 texts of at most 2,000 characters."""

    def request(**options: Any) -> fields.Field[Any]:
        item = Text(validate=validate.Length(max=LIST_ITEM_CHARACTERS))
        return fields.List(item, validate=validate.Length(max=LIST_ITEMS), **options)

    def wire(**options: Any) -> fields.Field[Any]:
        return fields.List(fields.String(), **options)

    return Kind(Storage.JSON, wire, request, _imported_texts, cut_texts if cut else None)


def choices(words: Sequence[str], *, min_items: int | None = None) -> Kind:
    """Some of `words`, each once, in the order given."""

    def request(**options: Any) -> fields.Field[Any]:
        item = Text(validate=validate.OneOf(list(words)))
        return Unique(item, validate=validate.Length(min_items, None if min_items else len(words)), **options)

    def wire(**options: Any) -> fields.Field[Any]:
        return fields.List(fields.String(), **options)

    return Kind(Storage.JSON, wire, request, _imported_texts)


def listed(item: Callable[[], Any], *, max_items: int) -> Kind:
    """A list of what `item` makes fields for."""

    def request(**options: Any) -> fields.Field[Any]:
        return fields.List(item(), validate=validate.Length(max=max_items), **options)

    def wire(**options: Any) -> fields.Field[Any]:
        return fields.List(fields.String(), **options)

    return Kind(Storage.JSON, wire, request, request)


def whole(low: int = 0, high: int = LARGEST_NUMBER) -> Kind:
    """A whole number from `low` to `high`."""

    def strict(**options: Any) -> fields.Field[Any]:
        return fields.Integer(strict=True, validate=validate.Range(low, high), **options)

    return Kind(Storage.INTEGER, fields.Integer, strict, strict)


def time() -> Kind:
    """A time: ms since the Unix epoch, UTC."""

    def stored(**options: Any) -> fields.Field[Any]:
        return Milliseconds(validate=validate.Range(0, LARGEST_NUMBER), **options)

    return Kind(Storage.INTEGER, Milliseconds, stored, stored)


def amount() -> Kind:
    """A number with a fraction, such as dollars."""
    return Kind(Storage.FLOAT, fields.Float, fields.Float, fields.Float)


def flag() -> Kind:
    """True or false."""

    def strict(**options: Any) -> fields.Field[Any]:
        return fields.Boolean(truthy={True}, falsy={False}, **options)

    return Kind(Storage.BOOLEAN, fields.Boolean, strict, strict)


def record(
    wire: type[ma.Schema],
    *,
    request: type[ma.Schema] | None = None,
    stored: type[ma.Schema] | None = None,
    many: bool = False,
    cut: Callable[[Any], Any] | None = None,
) -> Kind:
    """A record of another schema, or a list of them."""

    sent, checked, read = (_nested(schema, many) for schema in (wire, request or wire, stored or wire))
    return Kind(Storage.JSON, sent, checked, read, cut)


def _nested(schema: type[ma.Schema], many: bool = False) -> MakeField:
    def make(**options: Any) -> fields.Field[Any]:
        return fields.List(fields.Nested(schema), **options) if many else fields.Nested(schema, **options)

    return make


def document(stored: type[ma.Schema] | None = None) -> Kind:
    """A JSON object of any shape; `stored`: the shape that an import checks."""
    return Kind(Storage.JSON, fields.Dict, fields.Dict, _nested(stored) if stored else fields.Dict)


class TextOrUnset(Text):
    """Text that may be unset; "" means that it is."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return super()._deserialize(value, attr, data, **kwargs) or None


class Unique(fields.List[Any]):
    """A list whose items are kept once each."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        return list(dict.fromkeys(super()._deserialize(value, attr, data, **kwargs)))


def _imported_text(**options: Any) -> fields.Field[Any]:
    return Text(most_bytes=IMPORTED_TEXT_BYTES, **options)


def _imported_texts(**options: Any) -> fields.Field[Any]:
    item = Text(most_bytes=IMPORTED_TEXT_BYTES)
    return fields.List(item, validate=validate.Length(max=IMPORTED_LIST_ITEMS), **options)


def cut_text(value: str) -> str:
    """At most 2,000 bytes of it."""
    return cut_utf8(value, CUT_TEXT_BYTES)


def cut_texts(values: list[str]) -> list[str]:
    """The first ones, each cut, of at most 8,000 bytes together."""
    kept: list[str] = []
    left = CUT_LIST_BYTES
    for value in map(cut_text, values):
        left -= len(value.encode())
        if left < 0:
            break
        kept.append(value)
    return kept
