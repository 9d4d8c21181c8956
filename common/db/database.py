"""One open workspace database: reading at one instant, writing with an event."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy as sa

from common import storage
from common.clock import now_ms
from common.db import eventlog, sqlite
from common.db.eventlog import Position
from common.db.prepared import Prepared, Row
from common.db.write import WriteTransaction
from common.db.writers import WriterQueue
from common.errors import WorkspaceSwitched

log = logging.getLogger("chorus.activity")


@dataclass(frozen=True)
class Reading:
    """A read transaction: everything read through it is the state at `position`."""

    connection: sa.Connection
    position: Position

    def execute(self, statement: sa.Executable, parameters: dict[str, object] | None = None) -> sqlite.Rows:
        return self.connection.execute(statement, parameters)

    def run(self, prepared: Prepared, parameters: Mapping[str, Any]) -> list[Row]:
        """Runs a prepared Core statement; returns its rows."""
        return prepared.run(self.connection, parameters)


class Database:
    """A workspace database opened by one process; safe to use from many threads.

    `on_commit` is called after each committed event, with its position: it rings the bell.
    """

    def __init__(self, path: Path, module: ModuleType, on_commit: Callable[[Position], None] = lambda _: None) -> None:
        self.path = path
        self._identity = _identity(path)
        self._readers = sqlite.engine(path, module, read_only=True)
        self._writer = sqlite.engine(path, module, read_only=False, pool_size=2)  # to write, and to checkpoint
        self._writing: sa.Connection | None = None
        self._queue = WriterQueue(path)
        self._on_commit = on_commit

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """A read transaction; its connection refuses to write. Raises ServiceUnavailable (the file is gone), Busy."""
        self._check_there()
        try:
            with self._readers.begin() as connection:
                head = eventlog.head(connection)
                with _writing_is_our_bug():
                    yield Reading(connection, Position(head.epoch, head.seq))
        except sa.exc.OperationalError as error:
            raise sqlite.refusal(error) or error from error

    @contextmanager
    def write(self, now: Callable[[], int] = now_ms) -> Iterator[WriteTransaction]:
        """The only way to change a workspace: rows and exactly one event, committed together.

        Raises Busy if it is not our turn within 5 s, WorkspaceSwitched if the workspace was closed meanwhile,
        MissingEvent if rows were changed without an event, StorageFull or ServiceUnavailable where the disk cannot
        store. On any error nothing is changed.
        """
        with self._queue.turn():
            self._check_there()
            try:
                with self._immediate() as connection:
                    transaction = self._begin(connection, now())
                    yield transaction
                    transaction.finish()
                transaction.committed()
            except sa.exc.OperationalError as error:
                raise sqlite.refusal(error) or error from error
        if transaction.logged:
            self._on_commit(transaction.position)
        for line in transaction.told:  # after the turn: a terminal that does not scroll holds up nobody who writes
            log.info("%s", line)

    @contextmanager
    def sweep(self) -> Iterator[sa.Connection]:
        """A write transaction for rows that nobody sees any more: deletions past their undo. It needs no event."""
        with self._queue.turn(), self._immediate() as connection:
            self._check_there()
            self._check_fence(connection)
            yield connection

    @contextmanager
    def _immediate(self) -> Iterator[sa.Connection]:
        """A transaction of the one connection that writes; it is kept, and whoever has the turn has it alone."""
        if self._writing is None:
            self._writing = sqlite.immediate(self._writer.connect())
        with sqlite.transaction(self._writing):
            yield self._writing

    def _check_there(self) -> None:
        """SQLite would go on with a deleted or moved file, where nobody would ever find what it saves."""
        try:
            there = _identity(self.path) == self._identity
        except OSError:
            there = False
        if not there:
            raise storage.gone()

    def _begin(self, connection: sa.Connection, now: int) -> WriteTransaction:
        head = self._check_fence(connection)
        return WriteTransaction(connection, Position(head.epoch, head.seq), now, self.path.parent)

    @staticmethod
    def _check_fence(connection: sa.Connection) -> eventlog.LogHead:
        head = eventlog.head(connection)
        if head.fenced:
            raise WorkspaceSwitched("This workspace has been closed; another one is open now. Nothing was changed.")
        return head

    def checkpoint(self) -> None:
        """Moves what is committed from the WAL into the database file, beside readers and writers (PASSIVE).

        Called by a thread, so that commits need not do it. Who is in the way is left for the next time.
        """
        with self._writer.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        if self._writing is not None:
            self._writing.close()
        self._readers.dispose()
        self._writer.dispose()
        self._queue.close()


def _identity(path: Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


@contextmanager
def _writing_is_our_bug() -> Iterator[None]:
    """In a read transaction that has begun, "readonly" is not the disk's fault, as `sqlite.refusal` would have it."""
    try:
        yield
    except sa.exc.OperationalError as error:
        if "readonly" not in str(error.orig):
            raise
        raise RuntimeError(f"A read transaction has written: {error.orig}") from error
