"""Lists of tasks, joined from the wire texts stored with the rows."""

from typing import Any

import sqlalchemy as sa

from common.db import tables
from common.db.reader import Reader
from common.errors import NotFound
from common.events import TaskStatus

_t = tables.tasks
_ON_BOARD = (_t.c.archived_at.is_(None), _t.c.deleted_at.is_(None))
_BOARD = sa.select(_t.c.wire).where(*_ON_BOARD).order_by(_t.c.rank)
PAGE = 200
ROW_CHARACTERS = 200  # of a text in a short row


def board(reader: Reader, status: TaskStatus | None = None, search: str | None = None) -> str:
    """JSON array of the wire Tasks that are not archived, in creation order."""
    statement = _BOARD
    if status:
        statement = statement.where(_t.c.status == status)
    return _joined(reader, _matching(statement, search))


def rows(reader: Reader, status: TaskStatus | None, offset: int, limit: int) -> list[dict[str, Any]]:
    """A page of the board in short: members of the wire Task, its texts cut."""
    statement = _with_status(sa.select(_t).where(*_ON_BOARD).order_by(_t.c.rank), status)
    return [_short(row) for row in reader.execute(statement.offset(offset).limit(limit)).mappings()]


def count(reader: Reader, status: TaskStatus | None) -> int:
    """How many tasks are on the board."""
    statement = _with_status(sa.select(sa.func.count()).select_from(_t).where(*_ON_BOARD), status)
    return int(reader.execute(statement).scalar_one())


def _with_status(statement: sa.Select[Any], status: TaskStatus | None) -> sa.Select[Any]:
    return statement if status is None else statement.where(_t.c.status == status)


def _short(row: Any) -> dict[str, Any]:
    carried = {"agent": row["status_agent"], "message": _begun(row["status_message"] or "")}
    return {
        "id": row["id"],
        "description": _begun(row["description"]),
        "summary": _begun(row["summary"]),
        "status": {"type": row["status"]} | {name: value for name, value in carried.items() if value},
        "assignedAgent": row["assigned_agent"],
        "updatedAt": row["updated_at"],
    }


def _begun(text: str) -> str:
    return text if len(text) <= ROW_CHARACTERS else f"{text[: ROW_CHARACTERS - 1]}…"


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
