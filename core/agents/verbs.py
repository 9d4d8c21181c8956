"""Reading and changing agents."""

import sqlalchemy as sa

from common.db import tables
from common.db.write import WriteTransaction
from common.errors import Conflict, NotFound, ValidationFailed
from common.events import EventType
from common.schemas.agent import INTERNAL, USER_DEFINED, AgentSchema
from common.schemas.names import NOT_CONFIGURED
from common.wire import dumps
from core import undo
from core.registry import Form, Registry, Row
from core.tasks.records import Reader

PLANNER = "task-validator"
_schema = AgentSchema()
_p, _r = tables.providers, tables.runs


def form(row: Row) -> Form:
    """The wire Agent."""
    wire: Form = _schema.dump(
        {
            "type": row["type"],
            "name": row["name"],
            "instructions": row["instructions"],
            "allowedTools": row["allowed_tools"],
            "provider": row["provider"],
            "model": row["model"],
            "unconfined": row["unconfined"],
            "isValid": row["type"] == INTERNAL or row["provider"] != NOT_CONFIGURED,
            "version": row["version"],
        }
    )
    return wire


registry = Registry(tables.agents, "agent", "agents", EventType.AGENTS_CHANGED, form)


def values_of(body: Form) -> Form:
    """The columns that a request sets."""
    return {
        "type": body["type"],
        "instructions": body["instructions"],
        "allowed_tools": list(dict.fromkeys(body.get("allowedTools", []))),
        "provider": body.get("provider", NOT_CONFIGURED),
        "model": body.get("model") or None,
        "unconfined": body.get("unconfined", False),
    }


def get(reader: Reader, name: str) -> Form:
    return form(registry.get(reader, name))


def create(tx: WriteTransaction, body: Form) -> Form:
    """Raises Conflict (name taken), ValidationFailed (no such provider)."""
    values = values_of(body)
    _check_provider(tx, values["provider"])
    return registry.create(tx, body["name"], values)


def replace(tx: WriteTransaction, name: str, body: Form, if_match: int | None) -> Form:
    """Creates the agent where there is none. Raises Stale, NotFound, Conflict (another type), ValidationFailed."""
    old = registry.existing(tx, name, if_match)
    if old is None:
        return create(tx, body | {"name": name})
    values = values_of(body)
    _check_provider(tx, values["provider"])
    return registry.replace(tx, old, values, if_match)


def delete(tx: WriteTransaction, name: str) -> str:
    """Returns the undo token. Raises NotFound, Conflict (it belongs to Chorus, or it is at work)."""
    row = registry.get(tx, name)
    if row["type"] == INTERNAL:
        raise Conflict(f"Agent {name!r} belongs to Chorus and cannot be deleted; its instructions can be changed.")
    if tx.execute(sa.select(_r.c.rank).where(_r.c.agent_name == name, _r.c.ended_at.is_(None))).first():
        raise Conflict(f"Agent {name!r} works on a task. Stop it there first.")
    registry.delete(tx, row)
    registry.emit(tx, deleted=[name])
    return undo.remember(tx, "agent", "", str(row["rank"]))


def restore(tx: WriteTransaction, rank: int) -> None:
    """Undoes a deletion; a provider that has gone meanwhile is not configured any more."""
    row = registry.restore(tx, rank)
    provider = row["provider"] if _has_provider(tx, row["provider"]) else NOT_CONFIGURED
    registry.emit(tx, [dumps(registry.store(tx, row, {"provider": provider}))])


def reassign(tx: WriteTransaction, before: str, after: str, only: list[str] | None = None) -> list[str]:
    """Moves agents from one provider to another; returns their names. The caller emits the event with `wires_of`."""
    moved = []
    for name in registry.names(tx) if only is None else only:
        row = registry.find(tx, name)
        if row is not None and row["type"] == USER_DEFINED and row["provider"] == before:
            registry.store(tx, row, {"provider": after})
            moved.append(name)
    return moved


def emit(tx: WriteTransaction, names: list[str]) -> None:
    """The event for agents that another subject has changed."""
    registry.emit(tx, [registry.get(tx, name)["wire"] for name in names])


def check_runnable(reader: Reader, name: str) -> Row:
    """The row of a user-defined agent that can run. Raises NotFound or Conflict with what to do."""
    row = registry.find(reader, name)
    if row is None or row["type"] != USER_DEFINED:
        raise NotFound(f"There is no user-defined agent named {name!r}.")
    if row["provider"] == NOT_CONFIGURED:
        raise Conflict(f"Agent {name!r} has no provider. Choose one on the Agents page.")
    return row


def _check_provider(reader: Reader, name: str) -> None:
    if name != NOT_CONFIGURED and not _has_provider(reader, name):
        raise ValidationFailed("Some fields are not valid.", fields={"provider": [f"There is no provider {name!r}."]})


def _has_provider(reader: Reader, name: str) -> bool:
    return reader.execute(sa.select(_p.c.rank).where(_p.c.name == name, _p.c.deleted_at.is_(None))).first() is not None
