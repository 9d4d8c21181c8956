"""The language of declarations: `declare` a stored field, `derive` one that is made from others. Pure."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass
from enum import Enum
from typing import Any

from common.entities.kinds import Kind

REQUIRED: Any = object()  # `missing=REQUIRED`: an import without it is refused


class Sent(Enum):
    """Where a field is sent: in every form, only in the full one, or never."""

    ALWAYS = "always"
    IN_FULL = "in full"
    NEVER = "never"


class Write(Enum):
    """Who may write it: nobody by a request, or requests that may leave it out, or must not."""

    NEVER = "never"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One declared field.

    name: of its column, and of its attribute where rows are objects.
    key: on the wire.
    read: makes the value from a whole row; None: the row holds it.
    column: whether the table has it; the verbs gather the others from elsewhere.
    nullable: null on the wire where it is unset; omitted: no key then.
    default: what an insert takes where a request leaves it out.
    missing: what an import takes where its file leaves it out; REQUIRED: it must be there.
    exported: exports carry it, and imports read it back.
    variants: values of the entity's tag that have this field; empty: all.
    about: a remark for the API's document.
    """

    name: str
    key: str
    kind: Kind
    read: Callable[[Any], Any] | None = None
    column: bool = True
    nullable: bool = False
    omitted: bool = False
    sent: Sent = Sent.ALWAYS
    write: Write = Write.NEVER
    default: Any = None
    missing: Any = REQUIRED
    exported: bool = True
    variants: tuple[str, ...] = ()
    about: str = ""

    def belongs_to(self, tag: Any) -> bool:
        return not self.variants or tag in self.variants


_KEY = "declaration"


def declare(kind: Kind, *, default: Any = MISSING, default_factory: Any = MISSING, **options: Any) -> Any:
    """A stored field of a declaration, which is a dataclass; `options` are those of Field.

    `key` defaults to the name in camel case.
    """
    made = default_factory() if default_factory is not MISSING else None if default is MISSING else default
    metadata = {_KEY: {"kind": kind, "default": made} | options}
    if default_factory is not MISSING:
        return dataclasses.field(default_factory=default_factory, metadata=metadata)
    if default is not MISSING:
        return dataclasses.field(default=default, metadata=metadata)
    return dataclasses.field(metadata=metadata)


@dataclass(frozen=True)
class Derived:
    options: dict[str, Any]


def derive(kind: Kind, read: Callable[[Any], Any], **options: Any) -> Any:
    """A field that is made from the whole row; declare it as a ClassVar."""
    return Derived({"kind": kind, "read": read} | options)


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def fields_of(declaration: type) -> Iterator[Field]:
    """The declared fields of a class, in its order. What it does not `declare` or `derive` is no field."""
    stored = {field.name: field for field in dataclasses.fields(declaration)}
    for name in declaration.__annotations__:
        derived = declaration.__dict__.get(name)
        if isinstance(derived, Derived):
            yield Field(**{"name": name, "key": camel(name)} | derived.options)
        elif name in stored and _KEY in stored[name].metadata:
            yield Field(**{"name": name, "key": camel(name)} | stored[name].metadata[_KEY])


class Entity:
    """The fields of one kind of thing.

    declaration: a class of `declare` and `derive`; its docstring is the API's.
    tag: name of the field whose value says which variant a row is.
    only: what to say of a field that a request gives to a variant without it; "": it is taken and not shown.
    """

    def __init__(self, declaration: type, *, tag: str = "", only: str = "") -> None:
        self.name = declaration.__name__
        self.about = (declaration.__doc__ or "").strip()
        self.fields = tuple(fields_of(declaration))
        self.tag = tag
        self.only = only

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __getitem__(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)

    def stored(self) -> list[Field]:
        """Fields with a column."""
        return [field for field in self.fields if field.read is None and field.column]

    def sent(self, *, in_full: bool = False) -> list[Field]:
        """Fields of the wire form; `in_full` with those that lists and events leave out."""
        where = {Sent.ALWAYS, Sent.IN_FULL} if in_full else {Sent.ALWAYS}
        return [field for field in self.fields if field.sent in where]

    def exported(self) -> list[Field]:
        return [field for field in self.fields if field.exported]

    def written(self) -> list[Field]:
        """Fields that requests may set."""
        return [field for field in self.fields if field.write is not Write.NEVER]

    def keys(self, names: Iterable[str]) -> list[str]:
        """The wire keys of columns, for messages to people."""
        known = {field.name: field.key for field in self.fields}
        return [known.get(name, name) for name in names]

    def values(self, row: Any, among: Iterable[Field]) -> dict[str, Any]:
        """By name, the values of a row (a mapping or an object) for marshmallow to send."""
        get = row.__getitem__ if isinstance(row, Mapping) else lambda name: getattr(row, name)
        return {field.name: field.read(row) if field.read else get(field.name) for field in among}

    def cut(self, form: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """The wire form with its long values cut, and the keys of those that were."""
        cuts = {field.key: field.kind.cut for field in self.fields if field.kind.cut and field.key in form}
        short = {key: cut(form[key]) for key, cut in cuts.items()}
        return form | short, [key for key, value in short.items() if value != form[key]]

    def with_defaults(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The columns that a request sets: what it leaves out takes its default."""
        return {field.name: given.get(field.name, field.default) for field in self.written()}
