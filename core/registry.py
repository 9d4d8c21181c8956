"""What agents and providers have in common: named rows with versions, wire text and one event for all that changed."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from marshmallow import Schema

from common.db.reader import Reader
from common.db.write import WriteTransaction
from common.entities.declare import Entity
from common.entities.schemas import wire_schema
from common.errors import Conflict, NotFound
from common.events import EventType
from common.wire import dumps
from core import versioned

Row = Mapping[str, Any]
Form = dict[str, Any]


@dataclass(frozen=True)
class Registry:
    """Named things of one kind.

    `kind` is the word for people; `key` names the list in `event`.
    """

    entity: Entity
    table: sa.Table
    kind: str
    key: str
    event: EventType
    _schema: Schema = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_schema", wire_schema(self.entity)())

    def form(self, row: Row) -> Form:
        """The wire form of a row."""
        form: Form = self._schema.dump(self.entity.values(row, self.entity.sent()))
        return form

    def find(self, reader: Reader, name: str) -> Row | None:
        t = self.table
        row = reader.execute(sa.select(t).where(t.c.name == name, t.c.deleted_at.is_(None))).first()
        return dict(row._mapping) if row else None

    def get(self, reader: Reader, name: str) -> Row:
        """Raises NotFound."""
        row = self.find(reader, name)
        if row is None:
            raise NotFound(f"There is no {self.kind} named {name!r}; it may have been deleted.")
        return row

    def names(self, reader: Reader) -> list[str]:
        t = self.table
        return list(reader.execute(sa.select(t.c.name).where(t.c.deleted_at.is_(None)).order_by(t.c.name)).scalars())

    def wires(self, reader: Reader) -> str:
        """JSON array of all, by name."""
        t = self.table
        rows = reader.execute(sa.select(t.c.wire).where(t.c.deleted_at.is_(None)).order_by(t.c.name))
        return f"[{','.join(row[0] for row in rows)}]"

    def create(self, tx: WriteTransaction, name: str, values: Form) -> Form:
        """Raises Conflict where the name is taken."""
        if self.find(tx, name) is not None:
            raise Conflict(f"Another {self.kind} is named {name!r} already.")
        row = values | {"name": name, "version": 1, "field_versions": {}}
        made = self.form(row)
        tx.execute(sa.insert(self.table), row | {"wire": dumps(made)})
        self.emit(tx, [dumps(made)])
        return made

    def replace(self, tx: WriteTransaction, old: Row, values: Form, if_match: int | None) -> Form:
        """Raises Conflict (another type), Stale."""
        if old["type"] != values["type"]:
            raise Conflict(f"The {self.kind} {old['name']!r} is of type {old['type']}; its type cannot be changed.")
        self.check_version(old, if_match, values)
        made = self.store(tx, old, values)
        self.emit(tx, [dumps(made)])
        return made

    def existing(self, tx: WriteTransaction, name: str, if_match: int | None) -> Row | None:
        """The row that a PUT replaces; None: it creates one. Raises NotFound where the row it means is gone."""
        return self.find(tx, name) if if_match is None else self.get(tx, name)

    def store(self, tx: WriteTransaction, old: Row, values: Form) -> Form:
        """The next version, without its event; only fields whose value differs count as changed."""
        version = old["version"] + 1
        made = self.form({**old, **values, "version": version})
        changed = {name for name, value in values.items() if old[name] != value}
        versions = versioned.after(old["field_versions"], changed, version)
        row = values | {"version": version, "field_versions": versions, "wire": dumps(made)}
        tx.execute(sa.update(self.table).where(self.table.c.rank == old["rank"]), row)
        return made

    def check_version(self, old: Row, if_match: int | None, values: Mapping[str, Any]) -> None:
        """Raises Stale if a field that would change has changed since version `if_match`."""
        changing = [name for name, value in values.items() if old[name] != value]
        subject = f"{self.kind} {old['name']!r}"
        versioned.check(subject, old, changing, if_match, json.loads(old["wire"]), self.entity.keys)

    def delete(self, tx: WriteTransaction, row: Row) -> None:
        tx.execute(sa.update(self.table).where(self.table.c.rank == row["rank"]).values(deleted_at=tx.now))

    def restore(self, tx: WriteTransaction, rank: int) -> Row:
        """Brings a deleted row back. Raises Conflict where its name has been given away."""
        row = tx.execute(sa.select(self.table).where(self.table.c.rank == rank)).one()
        found = dict(row._mapping)
        if self.find(tx, found["name"]) is not None:
            raise Conflict(f"There is a newer {self.kind} named {found['name']!r}. Delete or rename it first.")
        tx.execute(sa.update(self.table).where(self.table.c.rank == rank).values(deleted_at=None))
        return found

    def emit(self, tx: WriteTransaction, changed: Iterable[str] = (), deleted: Iterable[str] = ()) -> None:
        """The event: `changed` are wire texts, `deleted` names."""
        data = f'{{"{self.key}":[{",".join(changed)}],"deleted":{dumps(list(deleted))}}}'
        tx.emit(self.event, data)
