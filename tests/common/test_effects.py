"""What a transaction changes outside of the database: all of it, or nothing, or an answer that says what stays."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from common.db import sqlite
from common.db.database import Database
from common.db.effects import Effect
from common.db.write import MissingEvent, WriteTransaction
from common.errors import Conflict, NotRecorded, ServiceUnavailable
from common.events import EventType
from tests.common.test_write import AGENT, agents, head


class Outside:
    """A list of names stands for what is outside; `order` is what happened, in its order."""

    def __init__(self) -> None:
        self.there: list[str] = []
        self.order: list[str] = []

    def adding(self, name: str, *, stays: bool = False) -> Effect:
        def act() -> None:
            self.there.append(name)
            self.order.append(f"+{name}")

        def take_back() -> None:
            if stays:
                raise OSError("no way back")
            self.there.remove(name)
            self.order.append(f"-{name}")

        return Effect(act, take_back, f"{name} was added.")


def refused() -> Effect:
    def act() -> None:
        raise Conflict("The name is taken.")

    return Effect(act, lambda: None, "")


@contextmanager
def write(database: Database) -> Iterator[WriteTransaction]:
    with database.write() as tx:
        tx.emit(EventType.AGENTS_CHANGED, "{}")
        yield tx


def test_the_order(database: Database) -> None:
    outside = Outside()
    database._on_commit = lambda position: outside.order.append(f"bell {position.seq} {head(database)}")
    with write(database) as tx:
        tx.after_commit(lambda: outside.order.append("follows"))
        tx.at_last(outside.adding("a"))
        tx.at_last(outside.adding("b"))
        outside.order.append("rows")
    assert outside.order == ["rows", "+a", "+b", "bell 1 1", "follows"]


def test_nothing_is_had_where_the_rows_are_not_stored(database: Database) -> None:
    outside = Outside()
    with pytest.raises(ZeroDivisionError), write(database) as tx:
        tx.at_last(outside.adding("a"))
        _ = 1 / 0
    with pytest.raises(MissingEvent), database.write() as tx:
        tx.at_last(outside.adding("a"))
        tx.execute(AGENT)
    assert (outside.order, head(database)) == ([], 0)


def test_refused_effect_takes_back_those_before_it(database: Database) -> None:
    outside = Outside()
    with pytest.raises(Conflict, match="taken"), write(database) as tx:
        tx.execute(AGENT)
        for effect in (outside.adding("a"), outside.adding("b"), refused(), outside.adding("c")):
            tx.at_last(effect)
    assert outside.order == ["+a", "+b", "-b", "-a"]
    assert (agents(database), head(database)) == ([], 0)


def test_what_cannot_be_taken_back_is_told(database: Database) -> None:
    outside = Outside()
    with pytest.raises(NotRecorded, match=r"^a was added\. This could not be recorded") as told, write(database) as tx:
        for effect in (outside.adding("a", stays=True), outside.adding("b"), refused()):
            tx.at_last(effect)
    assert isinstance(told.value.__cause__, Conflict)
    assert (outside.there, head(database)) == (["a"], 0)


def broken_disk() -> sa.exc.DBAPIError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    return sa.exc.OperationalError("COMMIT", None, error)


def failing_commit(monkeypatch: pytest.MonkeyPatch, commits: bool) -> None:
    """COMMIT fails: before its moment, or after it, as where SQLite syncs once more."""
    whole = sqlite.transaction

    @contextmanager
    def failing(connection: sa.Connection) -> Iterator[None]:
        with whole(connection):
            yield
            if not commits:
                raise broken_disk()
        raise broken_disk()

    monkeypatch.setattr(sqlite, "transaction", failing)


def test_commit_that_fails_takes_everything_back(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = Outside()
    with monkeypatch.context() as patched:
        failing_commit(patched, commits=False)
        with pytest.raises(ServiceUnavailable, match="disk failed"), write(database) as tx:
            tx.after_commit(lambda: outside.order.append("follows"))
            tx.at_last(outside.adding("a"))
    assert (outside.order, head(database)) == (["+a", "-a"], 0)
    with write(database):
        pass
    assert head(database) == 1


def test_commit_that_fails_after_its_moment_is_a_commit(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = Outside()
    database._on_commit = lambda position: outside.order.append(f"bell {position.seq}")
    failing_commit(monkeypatch, commits=True)
    with write(database) as tx:
        tx.at_last(outside.adding("a"))
    assert (outside.order, head(database)) == (["+a", "bell 1"], 1)


@pytest.mark.parametrize("fault", [OSError("the disk"), RuntimeError("a bug"), Conflict("a refusal")])
def test_what_follows_a_commit_cannot_fail_it_nor_skip_the_bell(
    database: Database, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    done: list[str] = []

    def failing() -> None:
        done.append("failed")
        raise fault

    database._on_commit = lambda _: done.append("bell")
    with caplog.at_level(logging.ERROR), write(database) as tx:
        tx.after_commit(failing)
        tx.after_commit(lambda: done.append("followed"))
    assert done == ["bell", "failed", "followed"]
    assert "A change is stored, but what follows it failed." in caplog.text
    assert head(database) == 1


def test_bell_that_fails_is_no_failed_commit(database: Database) -> None:
    done: list[str] = []
    database._on_commit = raising
    with write(database) as tx:
        tx.after_commit(lambda: done.append("followed"))
    assert (done, head(database)) == (["followed"], 1)


def raising(_: object) -> None:
    raise RuntimeError("no bell")
