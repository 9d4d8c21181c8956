"""Reading the log of a workspace and the output of its runs: without writing or waiting for anybody's lock."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import sqlalchemy as sa

from common.db import eventlog, output, sqlite
from common.db.eventlog import Event, LogHead
from common.output import Head, Written

PAGE = 500  # events read at once: some 2 ms of the loop


class Newest(NamedTuple):
    """The end of a log: `events` are the newest ones, in order; `oldest` is the number of the first one kept."""

    head: LogHead
    oldest: int
    events: list[Event]


class LogReader:
    """One read-only connection to a workspace's database. All methods raise sqlalchemy's DBAPIError.

    Each method is one read transaction, so that what it returns belongs together.
    """

    def __init__(self, database: Path, module: ModuleType) -> None:
        self._engine = sqlite.engine(database, module, read_only=True, pool_size=1, patience_s=0)
        self._connection = self._engine.connect()  # kept: taking it from the pool costs as much as the reading
        self._path = database
        self._identity = _identity(database)

    def is_there(self) -> bool:
        """Whether the file at its place is still the one that is read: SQLite goes on with one that is gone."""
        return self._identity is not None and _identity(self._path) == self._identity

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._connection.begin():
            yield self._connection

    def after(self, seq: int, most: int) -> tuple[LogHead, list[Event]]:
        """The head, and at most `most` events that follow `seq`."""
        return eventlog.head_and_tail(self._connection, seq, most)

    def head(self) -> LogHead:
        return eventlog.head(self._connection)

    def oldest(self) -> int | None:
        return eventlog.oldest(self._connection)

    def newest(self, limit_bytes: int, most: int) -> Newest:
        """The end of the log: about as many events as fit into `limit_bytes`, at most about `most`."""
        events: list[Event] = []
        size = 0
        with self._reading() as connection:
            head = eventlog.head(connection)
            low = head.seq
            while low > 0 and size < limit_bytes and len(events) < most:
                high, low = low, max(0, low - PAGE)
                page = [event for event in eventlog.tail(connection, low, PAGE) if event.seq <= high]
                size += sum(len(event.frame) for event in page)
                events[:0] = page
            return Newest(head, eventlog.oldest(connection) or head.seq + 1, events)

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()


class OutputTail:
    """The same for the output of its runs."""

    def __init__(self, database: Path, module: ModuleType) -> None:
        self._engine = sqlite.engine(database, module, read_only=True, pool_size=1, patience_s=0)
        self._connection = self._engine.connect()

    def after(self, record_id: int, most: int) -> tuple[int, list[Written]]:
        """Id of the newest record, and at most `most` that follow the one with `record_id`."""
        with self._connection.begin():
            return output.newest_id(self._connection), output.tail(self._connection, record_id, most)

    def heads(self, record_id: int) -> list[Head]:
        """How far the runs go that have written since."""
        with self._connection.begin():
            return output.heads(self._connection, record_id)

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
