"""One open workspace database: reading at one instant, writing with an event."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy as sa

from common import storage
from common.clock import now_ms
from common.db import eventlog, sqlite
from common.db.effects import Effects
from common.db.eventlog import Position
from common.db.failures import Failure, failure_of
from common.db.prepared import Prepared, Row
from common.db.write import WriteTransaction
from common.db.writers import WriterQueue
from common.errors import WorkspaceSwitched

log = logging.getLogger(__name__)
activity = logging.getLogger("chorus.activity")


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
        # Each of its own: SQLite opens a file that may not be written read-only, and that connection stays so. Nobody
        # notices where it is used to look or to checkpoint, but the next one who writes would be refused for it.
        self._writer = sqlite.engine(path, module, read_only=False, pool_size=1)
        self._checkpointer = sqlite.engine(path, module, read_only=False, pool_size=1)
        self._writing: sa.Connection | None = None
        self._queue = WriterQueue(path)
        self._on_commit = on_commit

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """A read transaction; its connection refuses to write. Raises ServiceUnavailable (the file is gone), Busy."""
        self._check_there()
        with sqlite.refusing(), self._readers.begin() as connection:
            head = eventlog.head(connection)
            with _writing_is_our_bug():
                yield Reading(connection, Position(head.epoch, head.seq))

    @contextmanager
    def write(self, now: Callable[[], int] = now_ms) -> Iterator[WriteTransaction]:
        """The only way to change a workspace: rows and exactly one event, committed together.

        Raises Busy if it is not our turn within 5 s, WorkspaceSwitched if the workspace was closed meanwhile,
        MissingEvent if rows were changed without an event, StorageFull or ServiceUnavailable where the disk cannot
        store: then nothing is changed. Raises NotRecorded where an effect outside of the database could not be taken
        back (common/db/effects.py).
        """
        effects = Effects()
        with self._queue.turn(), sqlite.refusing():
            self._check_there()
            with effects.or_none(), self._committing(now(), effects) as transaction:
                yield transaction
            effects.committed(self._ringing(transaction))
        for line in transaction.told:  # after the turn: a terminal that does not scroll holds up nobody who writes
            activity.info("%s", line)

    @contextmanager
    def _committing(self, now: int, effects: Effects) -> Iterator[WriteTransaction]:
        transaction = None
        try:
            with self._immediate() as connection:
                transaction = self._begin(connection, now, effects)
                yield transaction
                transaction.finish()
        except sa.exc.DBAPIError as error:
            if transaction is None or not self._is_stored(transaction):
                raise
            log.warning("COMMIT failed (%s), and the change is stored all the same.", error.orig)

    def _is_stored(self, transaction: WriteTransaction) -> bool:
        """Whether the event is in the log. SQLite may fail after the moment of the commit: it syncs once more then."""
        if not transaction.logged:
            return False
        with suppress(sa.exc.DBAPIError), self._readers.begin() as connection:
            head = eventlog.head(connection)
            return (head.epoch, head.seq) == transaction.position
        return False

    def _ringing(self, transaction: WriteTransaction) -> Callable[[], None] | None:
        return partial(self._on_commit, transaction.position) if transaction.logged else None

    @contextmanager
    def sweep(self) -> Iterator[sa.Connection]:
        """A write transaction for rows that nobody sees any more: deletions past their undo. It needs no event.

        Raises as `write` does.
        """
        with self._queue.turn(), sqlite.refusing():
            self._check_there()
            with self._immediate() as connection:
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

    def _begin(self, connection: sa.Connection, now: int, effects: Effects) -> WriteTransaction:
        head = self._check_fence(connection)
        return WriteTransaction(connection, Position(head.epoch, head.seq), now, self.path.parent, effects)

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
        with self._checkpointer.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        if self._writing is not None:
            self._writing.close()
        self._readers.dispose()
        self._writer.dispose()
        self._checkpointer.dispose()
        self._queue.close()


def _identity(path: Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


@contextmanager
def _writing_is_our_bug() -> Iterator[None]:
    """In a read transaction that has begun, "read-only" is not the disk's fault, as `sqlite.refusal` would have it."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        if failure_of(error) is not Failure.READ_ONLY:
            raise
        raise RuntimeError(f"A read transaction has written: {error.orig}") from error
