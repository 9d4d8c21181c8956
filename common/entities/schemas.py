"""The marshmallow schemas of an entity: what is sent, what requests may write, what exports and imports hold. Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import marshmallow as ma

from common.entities.declare import REQUIRED, Entity, Field, Write
from common.fields.base import RequestSchema, StoredSchema, WireSchema

_MISSING = "Missing data for required field."


def _schema(name: str, base: type[ma.Schema], about: str, members: Mapping[str, Any]) -> type[ma.Schema]:
    return type(name, (base,), {"__doc__": about, "__module__": __name__} | dict(members))


def _metadata(field: Field) -> dict[str, Any]:
    about = {"description": field.about} if field.about else {}
    return {"metadata": about | ({"omitted": True} if field.omitted else {})}


def wire_schema(
    entity: Entity,
    *,
    in_full: bool = False,
    name: str = "",
    about: str = "",
    extra: Mapping[str, Any] | None = None,
) -> type[ma.Schema]:
    """What is sent of a row; `extra` are more fields of an answer that is this entity and something beside it."""
    members = _dumped(entity, entity.sent(in_full=in_full)) | dict(extra or {})
    return _schema(f"{name or entity.name}Schema", WireSchema, about or entity.about, members)


def export_schema(entity: Entity) -> type[ma.Schema]:
    """What an export writes of a row: exactly what `stored_schema` reads."""
    return _schema(f"Exported{entity.name}Schema", WireSchema, entity.about, _dumped(entity, entity.exported()))


def _dumped(entity: Entity, chosen: list[Field]) -> dict[str, Any]:
    tag = entity[entity.tag].key if entity.tag else ""

    def leave_out(self: ma.Schema, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        absent = {field.key for field in chosen if not field.belongs_to(data.get(tag))}
        absent |= {field.key for field in chosen if field.omitted and data.get(field.key) is None}
        return {key: value for key, value in data.items() if key not in absent} if absent else data

    members: dict[str, Any] = {field.name: _wire_field(field) for field in chosen}
    if tag:
        members |= {"tag": tag, "variants": {field.key: field.variants for field in chosen if field.variants}}
    if tag or any(field.omitted for field in chosen):
        members["leave_out"] = ma.post_dump(leave_out)
    return members


def _wire_field(field: Field) -> Any:
    required = not field.variants and not field.omitted
    allow_none = (field.nullable and not field.omitted) or None
    return field.kind.wire(data_key=field.key, required=required, allow_none=allow_none, **_metadata(field))


def request_schema(
    entity: Entity, name: str, about: str, *, only: Iterable[str] = (), partial: bool = False
) -> type[ma.Schema]:
    """What a request may write: all fields that the entity lets be written, or `only` those. It loads into columns.

    partial: absent keys stay as they are, and one must be there.
    """
    chosen = set(only)
    written = [field for field in entity.written() if not chosen or field.name in chosen]
    members: dict[str, Any] = {field.name: _request_field(field, partial) for field in written}
    if entity.tag in members:
        members["check_variant"] = ma.validates_schema(_variant_check(entity, written))
    if partial:
        members["check_some"] = ma.validates_schema(_some_check(written))
    return _schema(f"{name}Schema", RequestSchema, about, members)


def _variant_check(entity: Entity, written: list[Field]) -> Callable[..., None]:
    """A row of a variant needs what the variant requires, and has nothing of another one."""

    def check(self: ma.Schema, data: dict[str, Any], **_: Any) -> None:
        tag = data.get(entity.tag)
        needed = [field for field in written if field.variants and field.write is Write.REQUIRED]
        missing = [field.key for field in needed if field.belongs_to(tag) and field.name not in data]
        if missing:
            raise ma.ValidationError({key: [_MISSING] for key in sorted(missing)})
        foreign = [field.key for field in written if field.name in data and not field.belongs_to(tag)]
        if foreign and entity.only:
            raise ma.ValidationError({key: [entity.only] for key in sorted(foreign)})

    return check


def _some_check(written: list[Field]) -> Callable[..., None]:
    def check(self: ma.Schema, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ma.ValidationError({field.key: [_MISSING] for field in written[:1]})

    return check


def _request_field(field: Field, partial: bool) -> Any:
    required = field.write is Write.REQUIRED and not field.variants and not partial
    return field.kind.request(
        data_key=field.key, required=required, allow_none=field.nullable or None, **_metadata(field)
    )


def stored_schema(entity: Entity, about: str) -> type[ma.Schema]:
    """What an import reads: exported fields, each with its lenient bounds. Loads into columns."""
    members = {field.name: _stored_field(field) for field in entity.exported()}
    return _schema(f"Stored{entity.name}Schema", StoredSchema, about, members)


def _stored_field(field: Field) -> Any:
    if field.missing is REQUIRED:
        return field.kind.stored(data_key=field.key, required=True)
    return field.kind.stored(data_key=field.key, load_default=field.missing, allow_none=field.nullable or None)
