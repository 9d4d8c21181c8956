"""The log: gapless numbers, retention without long deletes, large events as `reset`."""

import json
from typing import Any

import pytest

from common.db import eventlog
from common.db.database import Database
from common.events import EventType

DAY_MS = 24 * 3600 * 1000


def publish(database: Database, at: int = 0, data: str = "{}", count: int = 1) -> None:
    for _ in range(count):
        with database.write(lambda: at) as tx:
            tx.emit(EventType.AGENTS_CHANGED, data)


def kept(database: Database) -> list[int]:
    with database.read() as reading:
        return [event.seq for event in eventlog.tail(reading.connection, 0, 10_000)]


def last(database: Database) -> Any:
    with database.read() as reading:
        return json.loads(eventlog.tail(reading.connection, reading.position.seq - 1, 1)[0].frame)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rules with numbers that a test can reach."""
    monkeypatch.setattr(eventlog, "KEEP_AT_LEAST", 20)
    monkeypatch.setattr(eventlog, "KEEP_AT_MOST", 60)


def test_figures_of_the_contract() -> None:
    assert eventlog.KEEP_MS == DAY_MS
    assert (eventlog.KEEP_AT_LEAST, eventlog.KEEP_AT_MOST) == (20_000, 500_000)
    assert eventlog.LARGEST_EVENT_BYTES == 256 * 1024


def test_numbers_have_no_gaps_after_failures(database: Database) -> None:
    for index in range(6):
        try:
            with database.write() as tx:
                tx.emit(EventType.AGENTS_CHANGED, "{}")
                if index % 2:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            pass
    assert kept(database) == [1, 2, 3]


def test_young_events_stay(database: Database, small: None) -> None:
    publish(database, at=0, count=40)
    assert kept(database) == list(range(1, 41))


def test_old_events_go_a_few_at_a_time(database: Database, small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eventlog, "EXPIRED_AT_ONCE", 16)
    publish(database, at=0, count=56)
    publish(database, at=DAY_MS + 1, count=eventlog.EXPIRE_EVERY)
    assert kept(database)[0] == 1 + eventlog.EXPIRED_AT_ONCE


def test_old_events_stay_while_they_are_few(database: Database, small: None) -> None:
    publish(database, at=0, count=40)
    publish(database, at=10 * DAY_MS, count=eventlog.EXPIRE_EVERY)
    assert kept(database) == list(range(29, 49))


def test_maximum_wins_over_age(database: Database, small: None) -> None:
    publish(database, at=0, count=80)
    assert kept(database) == list(range(21, 81))
    publish(database, at=0, count=eventlog.EXPIRE_EVERY - 1)
    assert kept(database) == list(range(21, 88))


def test_kept_events_have_no_holes(database: Database, small: None) -> None:
    """Clocks go back sometimes: an old time in the middle must not be taken out alone."""
    publish(database, at=DAY_MS * 5, count=10)
    publish(database, at=0, count=30)
    publish(database, at=DAY_MS * 5 + 2, count=5)
    numbers = kept(database)
    assert numbers == list(range(numbers[0], 46))


def test_emptied_log_does_not_count_from_one_again(database: Database) -> None:
    publish(database, count=3)
    with database.sweep() as connection:
        connection.exec_driver_sql("DELETE FROM events")
    with database.read() as reading:
        assert reading.position.seq == 3
        assert eventlog.oldest(reading.connection) is None
    publish(database)
    assert kept(database) == [4]


@pytest.mark.parametrize("letter", ["x", "é", "\U0001f600"])
def test_large_event_becomes_a_reset(database: Database, letter: str) -> None:
    """The limit is in bytes of UTF-8, whatever the letters."""
    room = (eventlog.LARGEST_EVENT_BYTES - 100) // len(letter.encode())
    publish(database, data=json.dumps(letter * room, ensure_ascii=False))
    assert last(database)["type"] == "agents_changed"
    publish(database, at=7, data=json.dumps(letter * (room + 100), ensure_ascii=False))
    assert last(database) == {"type": "reset", "seq": 2, "at": 7, "data": {"reason": "large"}}


def test_tail_is_bounded_and_in_order(database: Database) -> None:
    publish(database, count=10)
    with database.read() as reading:
        assert [event.seq for event in eventlog.tail(reading.connection, 4, 3)] == [5, 6, 7]
        assert eventlog.oldest(reading.connection) == 1


def test_epochs_are_random_128_bit() -> None:
    epochs = {eventlog.new_epoch() for _ in range(100)}
    assert len(epochs) == 100
    assert all(len(bytes.fromhex(epoch)) == 16 for epoch in epochs)
