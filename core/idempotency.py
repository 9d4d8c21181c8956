"""Idempotency keys: the repeat of a POST gets the first answer. Stored in the transaction of what they answer for.

The answers of a workspace are in its database; those of opening a workspace belong to none, and are in `home.db`.
"""

from typing import NamedTuple

import sqlalchemy as sa

from common.db import tables
from common.db.reader import Reader
from common.db.write import WriteTransaction
from common.errors import KeyReused

KEEP_MS = 24 * 3600 * 1000


class Request(NamedTuple):
    """`name` is key, method and path; `body_hash` tells a repeat from another request under the same key."""

    name: str
    body_hash: str


class Answer(NamedTuple):
    """An answer as it was given; `seq_header` is its X-Chorus-Seq."""

    status: int
    body: str
    seq_header: str


def find(tx: WriteTransaction, request: Request) -> Answer | None:
    """The first answer to this request, if there was one within a day. Raises KeyReused for another body."""
    return look(tx, request, tx.now)


def look(
    reader: Reader | sa.Connection, request: Request, now: int, table: sa.Table = tables.idempotency_keys
) -> Answer | None:
    """The same at the time `now`, for who only reads, or has another `table`."""
    t = table.c
    statement = sa.select(t.body_hash, t.status, t.answer, t.seq_header)
    row = reader.execute(statement.where(t.request == request.name, t.at > now - KEEP_MS)).first()
    if row is None:
        return None
    if row.body_hash != request.body_hash:
        raise KeyReused("This Idempotency-Key was used for another request. Use a new key for a new request.")
    return Answer(row.status, row.answer, row.seq_header)


def keep(tx: WriteTransaction, request: Request, answer: Answer) -> None:
    """Stores the answer for a day."""
    store(tx, request, answer, tx.now, tables.idempotency_keys)


def store(
    writer: WriteTransaction | sa.Connection, request: Request, answer: Answer, now: int, table: sa.Table
) -> None:
    """The same at the time `now`, for who has another `table`."""
    writer.execute(sa.delete(table).where(table.c.request == request.name))
    values = {"request": request.name, "at": now, "body_hash": request.body_hash}
    values |= {"status": answer.status, "answer": answer.body, "seq_header": answer.seq_header}
    writer.execute(sa.insert(table), values)


def forget_expired(writer: WriteTransaction | sa.Connection, now: int, table: sa.Table) -> None:
    """Deletes what nobody is given any more."""
    writer.execute(sa.delete(table).where(table.c.at < now - KEEP_MS))
