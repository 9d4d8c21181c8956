"""The field types and schema bases that every kind uses: strict, without silent conversion."""

import re
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

import marshmallow as ma
from marshmallow import fields, validate

# NUL cannot be stored by every tool that will read it; a lone surrogate is not text and has no UTF-8.
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

DESCRIPTION_BYTES = 64 * 1024
LIST_ITEM_CHARACTERS = 2_000
LIST_ITEMS = 200
LARGEST_NUMBER = 2**53 - 1  # what JavaScript can count exactly


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID as Chorus writes it: lower case with hyphens."""
    return _UUID.fullmatch(text) is not None


class Text(fields.String):
    """A string that is text: no NUL, no lone surrogate, at most `most_bytes` of UTF-8."""

    def __init__(self, *, most_bytes: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.most_bytes = most_bytes

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if _NOT_TEXT.search(value):
            raise ma.ValidationError("Must not contain NUL or lone surrogates.")
        if self.most_bytes is not None and len(value.encode()) > self.most_bytes:
            raise ma.ValidationError(f"Must be at most {self.most_bytes} bytes of UTF-8.")
        return value


class Milliseconds(fields.Integer):
    """A time: ms since the Unix epoch, UTC."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strict=True, **options)


def text_list(description: str | None = None) -> "fields.List[str]":
    """A list of at most 200 texts of at most 2,000 characters; `description` is told to agents."""
    item = Text(validate=validate.Length(max=LIST_ITEM_CHARACTERS))
    metadata = {"description": description} if description else None
    return fields.List(item, validate=validate.Length(max=LIST_ITEMS), metadata=metadata)


class RequestSchema(ma.Schema):
    """A request body: unknown keys are errors, except those that reads add."""

    READ_ONLY = frozenset(
        {"version", "isValid", "apiKeyHint", "createdAt", "updatedAt", "archivedAt", "seq", "truncated"}
    )

    class Meta:
        unknown = ma.RAISE

    def needed(self, _data: Mapping[str, Any]) -> set[str]:
        """The optional fields that this body must have, for what else it has."""
        return set()

    @ma.pre_load
    def ignore_what_reads_add(self, data: Any, **_: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = {field.data_key or name for name, field in self.fields.items()}
        return {key: value for key, value in data.items() if key in known or key not in self.READ_ONLY}


class WireSchema(ma.Schema):
    """What we send. Its keys are the wire's, in the order of declaration.

    A tagged union names the key of its `tag`, and in `variants` for which of its values a key is there.
    """

    tag = ""
    variants: ClassVar[Mapping[str, Collection[str]]] = {}


class StoredSchema(ma.Schema):
    """What an import reads. More lenient than requests: unknown keys are ignored."""

    class Meta:
        unknown = ma.EXCLUDE


MAX_PATH_BYTES = 4_000  # the system takes 4,096, and a file name follows
MAX_NAME_BYTES = 255


def directory(*, required: bool = False) -> Text:
    """An absolute path that can exist."""
    return Text(required=required, validate=_check_path)


def _check_path(path: str) -> None:
    names = path.split("/")
    if not path.startswith("/"):
        raise ma.ValidationError("Must be an absolute path.")
    if ".." in names:
        raise ma.ValidationError("Must not contain '..'.")
    if len(path.encode()) > MAX_PATH_BYTES or max(len(name.encode()) for name in names) > MAX_NAME_BYTES:
        raise ma.ValidationError(f"May have {MAX_PATH_BYTES} bytes, and each name in it {MAX_NAME_BYTES}.")
