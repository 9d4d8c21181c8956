"""The event log: reading its head and tail, appending one event, and how long events are kept."""

import secrets
from typing import NamedTuple

import sqlalchemy as sa

from common.db.prepared import Prepared
from common.db.tables import events, log_state
from common.events import EventType
from common.wire import dumps

LARGEST_EVENT_BYTES = 256 * 1024  # a larger one is logged as `reset`
KEEP_MS = 24 * 3600 * 1000
KEEP_AT_LEAST = 20_000
KEEP_AT_MOST = 500_000
EXPIRE_EVERY = 8  # appends; a delete costs as much as an append
EXPIRED_AT_ONCE = 8 * EXPIRE_EVERY  # so that no delete is ever long


class Position(NamedTuple):
    """A place in a log: the number `seq` means something only together with its `epoch`."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.seq}"


class LogHead(NamedTuple):
    epoch: str
    seq: int
    fenced: bool


class Event(NamedTuple):
    """A logged event; `frame` is the JSON text exactly as pushed."""

    seq: int
    at: int
    frame: str


def new_epoch() -> str:
    return secrets.token_hex(16)


# AUTOINCREMENT's own counter, not max(seq): an emptied log must not count from 1 again.
_HEAD_COLUMNS = "epoch, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0), fenced"
_HEAD = Prepared(sa.text(f"SELECT {_HEAD_COLUMNS} FROM log_state"))  # noqa: S608 - constants only
_TAIL = Prepared(
    sa.select(events.c.seq, events.c.at, events.c.frame)
    .where(events.c.seq > sa.bindparam("after"))
    .order_by(events.c.seq)
    .limit(sa.bindparam("most"))
)
_HEAD_AND_TAIL = Prepared(  # one statement sees one state of the database, without a transaction around it
    sa.text(
        f"SELECT {_HEAD_COLUMNS}, e.seq, e.at, e.frame FROM log_state LEFT JOIN "  # noqa: S608 - constants only
        "(SELECT seq, at, frame FROM events WHERE seq > :after ORDER BY seq LIMIT :most) AS e ORDER BY e.seq"
    )
)
_OLDEST = Prepared(sa.select(sa.func.min(events.c.seq)))
_APPEND = Prepared(sa.insert(events), ["seq", "at", "type", "frame"])
_EXPIRE = Prepared(
    sa.text(
        "DELETE FROM events WHERE seq IN (SELECT seq FROM (SELECT seq, at FROM events ORDER BY seq LIMIT :most) "
        "WHERE seq <= :maximum OR (seq <= :minimum AND at < :expiry))"
    )
)


def head(connection: sa.Connection) -> LogHead:
    """Epoch, number of the newest event (0: none yet) and fence, as this transaction sees them."""
    ((epoch, seq, fenced),) = _HEAD.run(connection)
    return LogHead(epoch, seq, bool(fenced))


def tail(connection: sa.Connection, after: int, most: int) -> list[Event]:
    """At most `most` events with `seq > after`, in order. The first may be larger than `after + 1`: expired."""
    return [Event(*row) for row in _TAIL.run(connection, {"after": after, "most": most})]


def head_and_tail(connection: sa.Connection, after: int, most: int) -> tuple[LogHead, list[Event]]:
    """`head` and `tail` at one instant."""
    rows = _HEAD_AND_TAIL.run(connection, {"after": after, "most": most})
    epoch, seq, fenced = rows[0][:3]
    return LogHead(epoch, seq, bool(fenced)), [Event(*row[3:]) for row in rows if row[3] is not None]


def oldest(connection: sa.Connection) -> int | None:
    """Number of the oldest kept event; None where none is kept."""
    ((seq,),) = _OLDEST.run(connection)
    return None if seq is None else int(seq)


def append(connection: sa.Connection, seq: int, at: int, kind: str, frame: str) -> None:
    """Stores event `seq`, and now and then deletes a few expired ones. Only `common.db.write` calls it."""
    if len(frame) > LARGEST_EVENT_BYTES // 4 and len(frame.encode()) > LARGEST_EVENT_BYTES:
        kind = EventType.RESET
        frame = dumps({"type": kind, "seq": seq, "at": at, "data": {"reason": "large"}})
    _APPEND.run(connection, {"seq": seq, "at": at, "type": kind, "frame": frame})
    if seq % EXPIRE_EVERY == 0:
        limits = {"maximum": seq - KEEP_AT_MOST, "minimum": seq - KEEP_AT_LEAST, "expiry": at - KEEP_MS}
        _EXPIRE.run(connection, limits | {"most": EXPIRED_AT_ONCE})


def renew_epoch(connection: sa.Connection, vocabulary: int) -> str:
    """Gives the log a new name: its numbers could mean something else from here on. Clears the fence."""
    epoch = new_epoch()
    connection.execute(sa.update(log_state).values(epoch=epoch, vocabulary=vocabulary, fenced=False))
    return epoch
