"""Errors of the database are told apart by their codes, alike with both libraries."""

import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa

from common.db import sqlite
from common.db.failures import Failure, code_of, failure_of, name_of
from common.errors import Busy, ChorusError, ServiceUnavailable, StorageFull
from common.settings import ROOT
from tests.helpers.privileges import HELD_BACK
from tests.helpers.workspace import prepared

LIBRARIES = ["system", "bundled"]


@pytest.fixture(params=LIBRARIES)
def module(request: pytest.FixtureRequest) -> ModuleType:
    return sqlite.library(request.param)


@pytest.fixture
def path(tmp_path: Path, module: ModuleType) -> Path:
    made = tmp_path / "some.db"
    connection = connected(module, made)
    connection.execute("CREATE TABLE t (x)")
    connection.execute("INSERT INTO t VALUES (1)")
    connection.close()
    return made


def connected(module: ModuleType, path: Path) -> Any:
    return module.connect(path, isolation_level=None, timeout=0)


@pytest.fixture
def connection(module: ModuleType, path: Path) -> Iterator[Any]:
    made = connected(module, path)
    yield made
    made.close()


def failing(module: ModuleType, connection: Any, *statements: str) -> BaseException:
    with pytest.raises(module.Error) as failed:
        for statement in statements:
            connection.execute(statement).fetchall()
    error: BaseException = failed.value
    return error


def test_locked(module: ModuleType, connection: Any, path: Path) -> None:
    other = connected(module, path)
    other.execute("BEGIN IMMEDIATE")
    assert failure_of(failing(module, connection, "BEGIN IMMEDIATE")) is Failure.LOCKED
    other.close()


def test_locked_by_ourselves(module: ModuleType, connection: Any) -> None:
    connection.execute("INSERT INTO t VALUES (2)")
    reading = connection.execute("SELECT x FROM t")
    reading.fetchone()
    error = failing(module, connection, "DROP TABLE t")
    assert (name_of(error), failure_of(error)) == ("SQLITE_LOCKED", Failure.LOCKED)
    reading.close()


def test_full(module: ModuleType, connection: Any) -> None:
    error = failing(module, connection, "PRAGMA max_page_count=2", "INSERT INTO t VALUES (zeroblob(100000))")
    assert failure_of(error) is Failure.FULL


def test_read_only(module: ModuleType, connection: Any) -> None:
    error = failing(module, connection, "PRAGMA query_only=ON", "DELETE FROM t")
    assert failure_of(error) is Failure.READ_ONLY


def test_moved(module: ModuleType, connection: Any, path: Path) -> None:
    connection.execute("SELECT * FROM t").fetchall()
    path.rename(path.with_name("away.db"))
    error = failing(module, connection, "DELETE FROM t")
    assert failure_of(error) in (Failure.MOVED, Failure.READ_ONLY)  # as far as the library tells


def test_not_opened(module: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(module.Error) as failed:
        connected(module, tmp_path / "nowhere" / "some.db").execute("SELECT 1")
    assert failure_of(failed.value) is Failure.NOT_OPENED


@pytest.mark.parametrize("damage", [b"no database at all", b""], ids=["not ours", "a page"])
def test_damaged(module: ModuleType, path: Path, damage: bytes) -> None:
    raw = path.read_bytes()
    path.write_bytes(damage * 100 if damage else raw[:4096] + b"\xff" * (len(raw) - 4096))
    connection = connected(module, path)
    assert failure_of(failing(module, connection, "SELECT * FROM t", "PRAGMA quick_check")) is Failure.DAMAGED
    connection.close()


WRITE_TOO_MUCH = """
import sys
from pathlib import Path
from common.db import sqlite
from common.db.failures import failure_of, name_of
connection = sqlite.library(sys.argv[1]).connect(sys.argv[2], isolation_level=None)
try:
    connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
except Exception as error:
    print(name_of(error), failure_of(error).name)
"""


@pytest.mark.parametrize("library", LIBRARIES)
def test_broken_disk(library: str, tmp_path: Path) -> None:
    """A file that may not grow stands for it: the system refuses to write, and not for want of room."""
    path = tmp_path / "some.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("CREATE TABLE t (x)")
    connection.close()

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, 16_384))

    command = [sys.executable, "-c", WRITE_TOO_MUCH, library, str(path)]
    done = subprocess.run(command, cwd=ROOT, preexec_fn=limit, capture_output=True, text=True, check=True)
    assert done.stdout in ("SQLITE_IOERR_WRITE BROKEN\n", "SQLITE_IOERR BROKEN\n")


@pytest.mark.parametrize("words", ["database is locked", "readonly", "disk is full", "disk I/O error", "busy"])
def test_words_mean_nothing(module: ModuleType, connection: Any, words: str) -> None:
    connection.execute(f'CREATE TABLE bad (x CONSTRAINT "{words}" CHECK (x > 0))')
    error = failing(module, connection, "INSERT INTO bad VALUES (0)")
    assert words in str(error)
    assert failure_of(error) is None
    wrapped = sa.exc.DBAPIError.instance("INSERT", None, error, module.Error)
    assert isinstance(wrapped, sa.exc.DBAPIError)
    assert sqlite.refusal(wrapped) is None
    assert not sqlite.is_locked(wrapped)


def test_what_is_not_of_sqlite_has_no_code(module: ModuleType, connection: Any) -> None:
    connection.close()
    error = failing(module, connection, "SELECT 1")
    assert (code_of(error), failure_of(error), failure_of(ValueError("database is locked"))) == (None, None, None)


REFUSED: dict[Failure, tuple[int, type[ChorusError]]] = {
    Failure.LOCKED: (sqlite3.SQLITE_BUSY_SNAPSHOT, Busy),
    Failure.FULL: (sqlite3.SQLITE_FULL, StorageFull),
    Failure.READ_ONLY: (sqlite3.SQLITE_READONLY_ROLLBACK, ServiceUnavailable),
    Failure.MOVED: (sqlite3.SQLITE_READONLY_DBMOVED, ServiceUnavailable),
    Failure.NOT_OPENED: (sqlite3.SQLITE_CANTOPEN_ISDIR, ServiceUnavailable),
    Failure.BROKEN: (sqlite3.SQLITE_IOERR_FSYNC, ServiceUnavailable),
    Failure.DAMAGED: (sqlite3.SQLITE_CORRUPT_INDEX, ServiceUnavailable),
}


@pytest.mark.parametrize("failure", Failure)
def test_each_has_an_answer_in_words(failure: Failure) -> None:
    error = sqlite3.OperationalError("?")
    code, expected = REFUSED[failure]
    error.sqlite_errorcode = code
    assert failure_of(error) is failure
    refused = sqlite.refusal(sa.exc.OperationalError("?", None, error))
    assert type(refused) is expected
    assert refused.message.endswith(".")


READ_ONLY_FOR_A_WHILE = """
import sys
from pathlib import Path
import sqlalchemy as sa
from common.db import sqlite, tables
from common.db.database import Database
from common.errors import ServiceUnavailable
from tests.faults.test_disk import read_only

folder, module = Path(sys.argv[1]), sqlite.library(sys.argv[2])
databases = [Database(folder / "chorus.db", module) for _ in range(2)]

def write(database, name):
    values = {"request": name, "at": 1, "body_hash": "", "status": 200, "answer": "", "seq_header": ""}
    try:
        with database.write() as tx:
            tx.execute(sa.insert(tables.idempotency_keys).values(values))
    except ServiceUnavailable:
        return "refused"
    with database.read() as reading:
        reading.execute(sa.select(tables.idempotency_keys)).all()
    return "written"

print(write(databases[0], "before"))  # the other one has never written
with read_only(folder):
    for database in databases:
        write(database, "meanwhile")
        try:
            database.checkpoint()
        except sa.exc.DBAPIError:
            pass
print(*[write(database, f"after {number}") for number, database in enumerate(databases)])
"""


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_connection_from_read_only_times_is_not_used_again(library: str, tmp_path: Path) -> None:
    """SQLite opens a file that it may not write read-only, and that connection stays so."""
    prepared(tmp_path / "home", CHORUS_SQLITE=library)
    folder = tmp_path / "home" / "workspaces" / "default"
    command = [*HELD_BACK, sys.executable, "-c", READ_ONLY_FOR_A_WHILE, str(folder), library]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "written\nwritten written\n", done.stderr
