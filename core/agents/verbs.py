"""Reading and changing agents."""

import sqlalchemy as sa

from common.db import tables
from common.db.reader import Reader
from common.db.write import WriteTransaction
from common.entities.agent import AGENT, INTERNAL, USER_DEFINED
from common.errors import Conflict, NotFound, ValidationFailed
from common.events import EventType
from common.fields.names import NOT_CONFIGURED
from common.wire import dumps
from core import undo
from core.registry import Form, Registry, Row

PLANNER = "task-validator"
_p, _r = tables.providers, tables.runs


registry = Registry(AGENT, tables.agents, "agent", "agents", EventType.AGENTS_CHANGED)


def get(reader: Reader, name: str) -> Form:
    return registry.form(registry.get(reader, name))


def create(tx: WriteTransaction, body: Form) -> Form:
    """Raises Conflict (name taken), ValidationFailed (no such provider)."""
    values = AGENT.with_defaults(body)
    _check_provider(tx, values["provider"])
    return registry.create(tx, values.pop("name"), values)


def replace(tx: WriteTransaction, name: str, body: Form, if_match: int | None) -> Form:
    """Creates the agent where there is none. Raises Stale, NotFound, Conflict (another type), ValidationFailed."""
    old = registry.existing(tx, name, if_match)
    if old is None:
        return create(tx, body | {"name": name})
    values = AGENT.with_defaults(body | {"name": name})
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
