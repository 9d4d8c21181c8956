"""Prepared statements do what Core does with the same statement, only sooner."""

import pytest
import sqlalchemy as sa

from common.db import tables
from common.db.database import Database
from common.db.prepared import Prepared
from common.db.write import MissingEvent

_h = tables.history
_EVERYTHING = sa.select(tables.tasks).where(tables.tasks.c.planned == sa.bindparam("planned"))


def test_rows_are_decoded_as_core_decodes_them(database: Database) -> None:
    columns = {"id": "t", "version": 1, "field_versions": {"é": 2}, "seq": 0, "planned": True, "description": "d"}
    columns |= {"status": "pending", "source": {"a": None}, "summary": "", "requirements": ["x"], "plan": []}
    columns |= {"acceptance_criteria": [], "questions": [], "created_at": 1, "updated_at": 2, "wire": "{}"}
    with database.sweep() as connection:
        Prepared(sa.insert(tables.tasks), columns).run(connection, columns)
        core = [tuple(row) for row in connection.execute(_EVERYTHING, {"planned": True})]
        assert Prepared(_EVERYTHING).run(connection, {"planned": True}) == core
        assert Prepared(_EVERYTHING).run(connection, {"planned": False}) == []
        assert len(core) == 1


def test_constants_of_the_statement_are_kept(database: Database) -> None:
    prepared = Prepared(sa.select(sa.literal(7)).where(sa.literal(1) == sa.bindparam("one")))
    with database.read() as reading:
        assert reading.run(prepared, {"one": 1}) == [(7,)]


def test_failures_are_those_of_core(database: Database) -> None:
    with database.sweep() as connection, pytest.raises(sa.exc.IntegrityError):
        Prepared(sa.insert(_h), ["id"]).run(connection, {"id": 1})


def test_a_forgotten_event_is_noticed(database: Database) -> None:
    with pytest.raises(MissingEvent), database.write() as tx:
        tx.run(Prepared(sa.delete(_h)), {})


def test_raw_sql_is_refused(database: Database) -> None:
    with pytest.raises(TypeError), database.write() as tx:
        tx.run(Prepared(sa.text("DELETE FROM history")), {})
