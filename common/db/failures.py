"""What an error of SQLite means, told by its code: its words differ between versions, and one may hold another's.

Both libraries that Chorus runs on (CHORUS_SQLITE) give it as `sqlite_errorcode`. Its low byte says the kind, the rest
the details (https://www.sqlite.org/rescode.html), which only Python's own library tells.
"""

import sqlite3
from enum import Enum, auto

import sqlalchemy as sa


class Failure(Enum):
    """What is wrong where the statement itself is sound."""

    LOCKED = auto()  # somebody else's lock
    FULL = auto()
    READ_ONLY = auto()
    MOVED = auto()  # the file that is open is not the one at its place any more
    NOT_OPENED = auto()
    BROKEN = auto()  # the disk failed
    DAMAGED = auto()  # the file is no sound database


_DETAILED = {sqlite3.SQLITE_READONLY_DBMOVED: Failure.MOVED}
_PLAIN = {
    sqlite3.SQLITE_BUSY: Failure.LOCKED,
    sqlite3.SQLITE_LOCKED: Failure.LOCKED,
    sqlite3.SQLITE_PROTOCOL: Failure.LOCKED,  # a race for the locks of the WAL
    sqlite3.SQLITE_FULL: Failure.FULL,
    sqlite3.SQLITE_NOLFS: Failure.FULL,  # the file system takes no larger file
    sqlite3.SQLITE_READONLY: Failure.READ_ONLY,
    sqlite3.SQLITE_PERM: Failure.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: Failure.NOT_OPENED,
    sqlite3.SQLITE_IOERR: Failure.BROKEN,
    sqlite3.SQLITE_CORRUPT: Failure.DAMAGED,
    sqlite3.SQLITE_NOTADB: Failure.DAMAGED,
}


def failure_of(error: BaseException | None) -> Failure | None:
    """What is wrong, for an error of SQLAlchemy or of the driver; None: the statement is, which is our bug."""
    code = code_of(error)
    if code is None:
        return None
    return _DETAILED.get(code) or _PLAIN.get(code & 0xFF)


def code_of(error: BaseException | None) -> int | None:
    """The result code; None for what did not come from SQLite, such as a wrong use of the driver."""
    code = getattr(_driver_error(error), "sqlite_errorcode", None)
    return code if isinstance(code, int) else None


def name_of(error: BaseException | None) -> str:
    """The code's name, such as SQLITE_IOERR_WRITE, for logs."""
    raw = _driver_error(error)
    return str(getattr(raw, "sqlite_errorname", None) or type(raw).__name__)


def _driver_error(error: BaseException | None) -> BaseException | None:
    return error.orig if isinstance(error, sa.exc.DBAPIError) else error
