"""Statements of the busy paths: written in SQLAlchemy Core, compiled once, and run by the driver itself.

Executing a Core statement costs about 80 µs of Python, the driver about 10: what every change and every look at the
log runs is therefore prepared. Everything else stays with Core.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from common.db.sqlite import driver_of

Row = tuple[Any, ...]
_DIALECT = sqlite.dialect(paramstyle="named")


class Prepared:
    """One statement. `columns` names the columns that an insert or update sets from its parameters."""

    def __init__(self, statement: sa.Executable, columns: Iterable[str] | None = None) -> None:
        keys = list(columns) if columns else None
        compiled = statement.compile(dialect=_DIALECT, column_keys=keys)  # type: ignore[attr-defined]
        self.statement = statement
        self._sql = str(compiled)
        self._constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        self._encoders = dict(_processors(compiled.binds, "bind_processor"))
        selected = dict(enumerate(getattr(statement, "selected_columns", ())))
        self._decoders = dict(_processors(selected, "result_processor", None))

    def run(self, connection: sa.Connection, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """All rows. Raises sqlalchemy's DBAPIError, as Core does."""
        rows: list[Row] = self._call(connection, "execute", self._encoded(parameters or {})).fetchall()
        return [self._decoded(row) for row in rows] if self._decoders else rows

    def run_many(self, connection: sa.Connection, parameters: Iterable[Mapping[str, Any]]) -> None:
        """An insert or update once for each of `parameters`."""
        self._call(connection, "executemany", [self._encoded(each) for each in parameters])

    def _call(self, connection: sa.Connection, method: str, values: Any) -> Any:
        with driver_of(connection, self._sql) as driver:
            return getattr(driver, method)(self._sql, values)

    def _encoded(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        values = self._constants | dict(parameters)
        for name, encode in self._encoders.items():
            values[name] = encode(values[name])
        return values

    def _decoded(self, row: Row) -> Row:
        values = list(row)
        for index, decode in self._decoders.items():
            values[index] = decode(values[index])
        return tuple(values)


def _processors(typed: Mapping[Any, Any], kind: str, *arguments: Any) -> Iterable[tuple[Any, Callable[[Any], Any]]]:
    for key, element in typed.items():
        processor = getattr(element.type.dialect_impl(_DIALECT), kind)(_DIALECT, *arguments)
        if processor is not None:
            yield key, processor
