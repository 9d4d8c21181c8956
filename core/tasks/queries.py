"""Lists of tasks, joined from the wire texts stored with the rows."""

from typing import Any

import sqlalchemy as sa

from common.db import tables
from common.errors import NotFound
from common.events import TaskStatus
from core.tasks.records import Reader

_t = tables.tasks
_ON_BOARD = (_t.c.archived_at.is_(None), _t.c.deleted_at.is_(None))
_BOARD = sa.select(_t.c.wire).where(*_ON_BOARD).order_by(_t.c.rank)
PAGE = 200


def board(reader: Reader, status: TaskStatus | None = None, search: str | None = None) -> str:
    """JSON array of the wire Tasks that are not archived, in creation order."""
    statement = _BOARD
    if status:
        statement = statement.where(_t.c.status == status)
    return _joined(reader, _matching(statement, search))


def archived(reader: Reader, status: TaskStatus | None, search: str | None, before: str | None, limit: int) -> str:
    """JSON array of at most `limit` archived wire Tasks, last archived first, after task `before` of a former page."""
    statement = (
        sa.select(_t.c.wire)
        .where(_t.c.archived_at.is_not(None), _t.c.deleted_at.is_(None))
        .order_by(_t.c.archived_at.desc(), _t.c.rank.desc())
        .limit(min(limit, PAGE))
    )
    if status:
        statement = statement.where(_t.c.status == status)
    if before:
        mark = reader.execute(sa.select(_t.c.archived_at, _t.c.rank).where(_t.c.id == before)).first()
        if mark is None or mark[0] is None:
            raise NotFound("`before` names no archived task.")
        statement = statement.where(sa.tuple_(_t.c.archived_at, _t.c.rank) < sa.tuple_(mark[0], mark[1]))
    return _joined(reader, _matching(statement, search))


def _matching(statement: sa.Select[Any], search: str | None) -> sa.Select[Any]:
    """With all words of `search` in description or summary, in any case."""
    for word in (search or "").split():
        statement = statement.where(_holds(_t.c.description, word) | _holds(_t.c.summary, word))
    return statement


def _holds(column: sa.Column[Any], word: str) -> sa.ColumnElement[bool]:
    if word.isascii():
        return column.icontains(word, autoescape=True)  # SQLite's own, which knows no other letters
    return sa.func.instr(sa.func.casefold(column), word.casefold()) > 0


def _joined(reader: Reader, statement: sa.Select[Any]) -> str:
    return f"[{','.join(row[0] for row in reader.execute(statement))}]"
