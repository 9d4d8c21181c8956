"""The one write function: rows and their event, or nothing. Nobody can forget the event."""

import json
import threading
from typing import Any

import pytest
import sqlalchemy as sa

from common.db import eventlog, tables
from common.db.database import Database
from common.db.eventlog import Position
from common.db.write import MissingEvent, WriteTransaction
from common.errors import WorkspaceSwitched
from common.events import EventType

_COLUMNS = {"type": "internal", "instructions": "", "allowed_tools": [], "provider": "", "version": 1}
AGENT = sa.insert(tables.agents).values(name="tried", field_versions={}, wire="{}", **_COLUMNS)
TRIED = sa.select(tables.agents.c.name).where(tables.agents.c.name == "tried")
KEY = sa.insert(tables.idempotency_keys).values(
    request="r", at=1, body_hash="h", status=200, answer="{}", seq_header="e:1"
)


def agents(database: Database) -> list[str]:
    with database.read() as reading:
        return list(reading.execute(TRIED).scalars())


def logged(database: Database) -> list[Any]:
    with database.read() as reading:
        return [json.loads(event.frame) for event in eventlog.tail(reading.connection, 0, 1000)]


def head(database: Database) -> int:
    with database.read() as reading:
        return reading.position.seq


def emit(tx: WriteTransaction, data: str = "{}") -> None:
    tx.emit(EventType.AGENTS_CHANGED, data)


def test_rows_and_event_together(database: Database) -> None:
    with database.write(lambda: 1234) as tx:
        tx.execute(AGENT)
        emit(tx, '{"a":"é"}')
    assert agents(database) == ["tried"]
    assert logged(database) == [{"type": "agents_changed", "seq": 1, "at": 1234, "data": {"a": "é"}}]


@pytest.mark.parametrize(
    "statement",
    [AGENT, sa.update(tables.config).values(port=1), sa.delete(tables.history), sa.insert(tables.events)],
    ids=["insert", "update", "delete", "the log itself"],
)
def test_rows_without_event_are_not_written(database: Database, statement: sa.Executable) -> None:
    with pytest.raises((MissingEvent, sa.exc.IntegrityError)), database.write() as tx:
        tx.execute(statement)
    assert agents(database) == []
    assert head(database) == 0


@pytest.mark.parametrize(
    "name", [name for name, table in tables.metadata.tables.items() if table.info.get("bookkeeping")]
)
def test_bookkeeping_tables_never_cross_the_wire(name: str) -> None:
    """These alone may be written without an event; whoever adds one has to think here."""
    assert name in {"idempotency_keys", "leases", "undo_tokens"}


def test_bookkeeping_needs_no_event(database: Database) -> None:
    with database.write() as tx:
        tx.execute(KEY)
    assert head(database) == 0


def test_bookkeeping_does_not_excuse_other_rows(database: Database) -> None:
    with pytest.raises(MissingEvent), database.write() as tx:
        tx.execute(KEY)
        tx.execute(AGENT)
        tx.execute(KEY.prefix_with("OR REPLACE"))


@pytest.mark.parametrize(
    "statement",
    [
        sa.text("UPDATE agents SET wire = '{}'"),
        sa.text("SELECT 1"),
        sa.schema.DropTable(tables.agents),
        "UPDATE agents SET wire = '{}'",
    ],
    ids=["text", "text that reads", "ddl", "string"],
)
def test_raw_sql_is_refused(database: Database, statement: Any) -> None:
    with pytest.raises(TypeError), database.write() as tx:
        tx.execute(statement)
    assert agents(database) == []


@pytest.mark.parametrize("sql", ["UPDATE agents SET wire = '{}'", "DELETE FROM events", "DROP TABLE agents"])
def test_read_connections_refuse_to_write(database: Database, sql: str) -> None:
    with pytest.raises(RuntimeError, match="readonly"), database.read() as reading:
        reading.connection.exec_driver_sql(sql)
    assert agents(database) == []


def test_read_connections_refuse_core_statements_too(database: Database) -> None:
    with pytest.raises(RuntimeError, match="readonly"), database.read() as reading:
        reading.execute(AGENT)


def test_failure_takes_everything_back(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as tx:
        tx.execute(AGENT)
        emit(tx)
        _ = 1 / 0
    assert (agents(database), logged(database)) == ([], [])


def test_reading_is_one_instant(database: Database) -> None:
    with database.read() as reading:
        with database.write() as tx:
            tx.execute(AGENT)
            emit(tx)
        assert reading.execute(TRIED).all() == []
        assert reading.position.seq == 0
    assert head(database) == 1


def test_several_kinds_are_one_event(database: Database) -> None:
    with database.write(lambda: 5) as tx:
        tx.execute(AGENT)
        emit(tx)
        tx.emit(EventType.CONFIG_CHANGED, "[]")
    items = [{"type": "agents_changed", "data": {}}, {"type": "config_changed", "data": []}]
    assert logged(database) == [{"type": "transaction", "seq": 1, "at": 5, "data": items}]


def test_last_state_of_a_task_is_sent_once(database: Database) -> None:
    with database.write(lambda: 5) as tx:
        tx.emit(EventType.TASK_UPDATED, '{"v":1}', task_id="t")
        tx.emit(EventType.TASK_UPDATED, '{"v":2}', task_id="t")
        tx.add_history("t", '{"id":1}')
    event = {"type": "task_updated", "seq": 1, "at": 5, "data": {"v": 2}, "history": [{"id": 1}]}
    assert logged(database) == [event]


def test_history_alone_is_an_event(database: Database) -> None:
    with database.write(lambda: 5) as tx:
        tx.add_history("t", '{"id":1}')
    event = {"type": "history_appended", "seq": 1, "at": 5, "data": {"taskId": "t"}, "history": [{"id": 1}]}
    assert logged(database) == [event]


def test_bell_rings_after_commit_only(database: Database) -> None:
    rung: list[tuple[Position, int]] = []
    database._on_commit = lambda position: rung.append((position, head(database)))
    with database.write() as tx:
        emit(tx)
        assert rung == []
    with database.write() as tx:
        tx.execute(KEY)
    with pytest.raises(ZeroDivisionError), database.write() as tx:
        emit(tx)
        _ = 1 / 0
    assert [(position.seq, seen) for position, seen in rung] == [(1, 1)]


def test_fenced_workspace_takes_no_writes(database: Database) -> None:
    with database.sweep() as connection:
        connection.execute(sa.update(tables.log_state).values(fenced=True))
    with pytest.raises(WorkspaceSwitched), database.write() as tx:
        emit(tx)
    assert head(database) == 0


def test_many_threads_make_no_gap(database: Database) -> None:
    """(D1)"""

    def work() -> None:
        for _ in range(25):
            with database.write() as tx:
                emit(tx)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event["seq"] for event in logged(database)] == list(range(1, 101))
