"""How we talk to SQLite: which library, which connection settings, which kind of transaction."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pysqlite3.dbapi2
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import NullPool, QueuePool

from common import storage
from common.db.failures import Failure, failure_of, name_of
from common.errors import Busy, ChorusError, ServiceUnavailable

BUSY_TIMEOUT_S = 5.0
LARGEST_WAL_PAGES = 8_192  # 32 MiB
SMALL_WAL_PAGES = 1_000  # where nobody waits for a commit
APPLICATION_ID = 0x43484F52  # "CHOR": marks a file as ours, so that a foreign database is refused
# Before 3.51.3 two connections that write and checkpoint at once can lose committed transactions
# (https://www.sqlite.org/wal.html, the WAL-reset bug): such a library gets a rollback journal instead.
SAFE_WAL = (3, 51, 3)

Rows = sa.CursorResult[*tuple[Any, ...]]  # rows of any columns, as Core statements without types give them

_BEGIN = "chorus_begin"


def library(choice: str) -> ModuleType:
    """The DB-API module for the setting `CHORUS_SQLITE`."""
    return sqlite3 if choice == "system" else pysqlite3.dbapi2


def wal_is_safe(module: ModuleType) -> bool:
    return tuple(module.sqlite_version_info) >= SAFE_WAL


def warnings(module: ModuleType) -> list[str]:
    """What an operator should know about this library; for /readyz."""
    if wal_is_safe(module):
        return []
    problem = f"SQLite {module.sqlite_version} can lose committed transactions in WAL mode"
    return [f"{problem}: the slower rollback journal is used. Unset CHORUS_SQLITE for the library that Chorus brings."]


def engine(
    path: Path,
    module: ModuleType,
    *,
    read_only: bool,
    pool_size: int = 16,
    patience_s: float = BUSY_TIMEOUT_S,
    durable: bool = True,
) -> sa.Engine:
    """An engine whose transactions begin as its connections say: deferred for readers, immediate for the writer.

    `read_only` connections refuse every write (`query_only`); a writer's engine holds one connection. Somebody else's
    lock is waited for during `patience_s`, which blocks the whole process where threads are greenlets: 0 there. What a
    connection that is not `durable` has committed may be lost at a power cut, and is written much faster.
    """

    def connect() -> Any:
        return module.connect(
            _uri(path, "rw"), uri=True, isolation_level=None, check_same_thread=False, timeout=patience_s
        )

    made = sa.create_engine(
        "sqlite://", module=module, creator=connect, poolclass=QueuePool, pool_size=pool_size, max_overflow=16
    )
    _prepare_connections(made, module, read_only, durable)
    return made


def maintenance_engine(path: Path, module: ModuleType, *, creating: bool = False) -> sa.Engine:
    """An engine for the launcher, which keeps no connection; `creating` permits to make the file (0600)."""
    mode = "rwc" if creating else "rw"

    def connect() -> Any:
        if creating:
            with suppress(OSError):  # SQLite says what is wrong. Closing one that is there would drop our locks on it
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        return module.connect(_uri(path, mode), uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)

    made = sa.create_engine("sqlite://", module=module, creator=connect, poolclass=NullPool)
    _prepare_connections(made, module, read_only=False)
    return made


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(str(path))}?mode={mode}"


def _prepare_connections(made: sa.Engine, module: ModuleType, read_only: bool, durable: bool = True) -> None:
    journal = "WAL" if wal_is_safe(module) else "TRUNCATE"
    # NORMAL may take back, at a power cut, what clients have seen.
    synchronous = "FULL" if durable else "NORMAL"

    @event.listens_for(made, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.create_function("casefold", 1, _casefold, deterministic=True)
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        if read_only:
            connection.execute("PRAGMA query_only=ON")
        else:
            connection.execute(f"PRAGMA journal_mode={journal}")
            # Database.checkpoint does it aside, so that no commit waits for it; this many pages are the limit.
            pages = LARGEST_WAL_PAGES if durable else SMALL_WAL_PAGES
            connection.execute(f"PRAGMA wal_autocheckpoint={pages}")

    @event.listens_for(made, "handle_error")
    def failed(context: sa.engine.ExceptionContext) -> None:
        if context.connection is not None and _spoils(context.original_exception):
            _let_go(context.connection)
            context.is_disconnect = True

    @event.listens_for(made, "begin")
    def begin(connection: sa.Connection) -> None:
        if not connection.connection.dbapi_connection.in_transaction:  # type: ignore[union-attr]  # see `transaction`
            connection.exec_driver_sql(_begin_of(connection))


def _begin_of(connection: sa.Connection) -> str:
    return str(connection.get_execution_options().get(_BEGIN, "BEGIN"))


def _spoils(error: BaseException) -> bool:
    """Whether a connection that has met this error is not to be used again.

    One that was opened while the file could not be written stays read-only after it can be; one whose file was moved
    or failed may go on failing. A new connection sees the disk as it is now.
    """
    return failure_of(error) not in (None, Failure.LOCKED, Failure.FULL)


def _discard(connection: sa.Connection) -> None:
    """Closes the driver's connection and those that lie in the pool; `connection` opens a new one when it is used."""
    _let_go(connection)
    connection.invalidate()
    connection.engine.dispose()


def _let_go(connection: sa.Connection) -> None:
    """Gives its locks back: SQLite keeps a closed connection, with them, while a statement of it is not freed yet."""
    with suppress(connection.dialect.loaded_dbapi.Error):
        connection.connection.dbapi_connection.rollback()  # type: ignore[union-attr]


@contextmanager
def driver_of(connection: sa.Connection, sql: str) -> Iterator[Any]:
    """The driver's own connection, for one call; its errors are raised as Core raises them (DBAPIError)."""
    error_class = connection.dialect.loaded_dbapi.Error
    try:
        yield connection.connection.dbapi_connection
    except error_class as error:
        if _spoils(error):
            _discard(connection)
        raise sa.exc.DBAPIError.instance(sql, None, error, error_class) from error


@contextmanager
def transaction(connection: sa.Connection) -> Iterator[None]:
    """What `connection.begin()` does, at a tenth of its cost: begun and ended by the driver.

    For a connection that somebody keeps. Statements of Core inside take part: they find the transaction begun.
    """
    with driver_of(connection, "BEGIN") as driver:
        driver.execute(_begin_of(connection))
    try:
        yield
        with driver_of(connection, "COMMIT") as driver:
            driver.commit()
    except BaseException:
        _roll_back(connection, driver)
        raise
    finally:
        if connection.in_transaction():  # Core took part
            connection.rollback()


def _roll_back(connection: sa.Connection, driver: Any) -> None:
    """A connection that cannot even do this would begin no transaction any more."""
    if connection.invalidated:
        return
    try:
        driver.rollback()
    except connection.dialect.loaded_dbapi.Error:
        _discard(connection)


def _casefold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def is_locked(error: sa.exc.DBAPIError) -> bool:
    """Whether somebody else's lock is all that is wrong."""
    return failure_of(error) is Failure.LOCKED


def refusal(error: Exception) -> ChorusError | None:
    """What a database's error means for people: somebody else's lock, or a disk that cannot store; None: our bug."""
    failure = failure_of(error) if isinstance(error, sa.exc.DBAPIError) else None
    return _REFUSALS[failure](error) if failure else None


@contextmanager
def refusing() -> Iterator[None]:
    """Turns an error of the database into the error that people see; what is our bug stays as it is."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        refused = refusal(error)
        if refused is None:
            raise
        raise refused from error


def locked() -> Busy:
    return Busy("The database is locked by another program. Try again.")


def _failed(error: Exception, message: str = "") -> ServiceUnavailable:
    details = f"{getattr(error, 'orig', error)} ({name_of(error)})"
    return storage.failed(details, message) if message else storage.failed(details)


def _not_opened(error: Exception) -> ServiceUnavailable:
    return _failed(
        error, "The database cannot be opened: it is gone, may not be read, or too many files are open. Try again."
    )


def _damaged(error: Exception) -> ServiceUnavailable:
    return _failed(error, "The database is damaged; `./chorus doctor` says more. Restore a backup.")


_REFUSALS: dict[Failure, Callable[[Exception], ChorusError]] = {
    Failure.LOCKED: lambda _: locked(),
    Failure.FULL: lambda _: storage.full(),
    Failure.READ_ONLY: lambda _: storage.read_only(),
    Failure.MOVED: lambda _: storage.gone(),
    Failure.NOT_OPENED: _not_opened,
    Failure.BROKEN: _failed,
    Failure.DAMAGED: _damaged,
}


def immediate(connection: sa.Connection) -> sa.Connection:
    """Marks a connection so that its transactions take the write lock at once."""
    return connection.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})


def copy(source: Path, target: Path, module: ModuleType) -> None:
    """Writes a database as it is at one instant to the new file `target` (0600), beside readers and writers."""
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    connection = module.connect(_uri(source, "rw"), uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
    try:
        connection.execute("VACUUM INTO ?", (str(target),))
    finally:
        connection.close()


def overwrite(target: Path, source: Path, module: ModuleType) -> None:
    """Replaces all that the database `target` holds by what `source` holds, in one transaction of `target`.

    Whoever has it open sees the one or the other. The caller keeps other writers away; raises Busy where a foreign one
    stays for 5 s.
    """
    engines = [maintenance_engine(path, module) for path in (source, target)]
    with engines[0].connect() as read, engines[1].connect() as written:
        drivers = [connection.connection.dbapi_connection for connection in (read, written)]
        drivers[0].backup(drivers[1], progress=_stop_where_locked)  # type: ignore[union-attr]


def _stop_where_locked(status: int, _remaining: int, _total: int) -> None:
    """The driver would try for ever."""
    if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        raise locked()


def problems(database: Path, module: ModuleType) -> list[str]:
    """What SQLite's own checks find: damage, and rows that point to nothing. Empty: all is well."""
    connection = module.connect(_uri(database, "rw"), uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(10)") if row[0] != "ok"]
        if not found:
            dangling = connection.execute("PRAGMA foreign_key_check").fetchmany(10)
            found = [f"row {row[1]} of {row[0]} points to no row of {row[2]}" for row in dangling]
        return found
    except module.DatabaseError as error:
        return [str(error)]
    finally:
        connection.close()
