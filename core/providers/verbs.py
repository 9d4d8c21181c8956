"""Reading and changing providers."""

from common.db import tables
from common.db.reader import Reader
from common.db.write import WriteTransaction
from common.entities.provider import PROVIDER, PROVIDER_TYPE
from common.events import EventType
from common.fields.names import NOT_CONFIGURED
from core import undo
from core.agents import verbs as agents
from core.config import verbs as config
from core.registry import Form, Registry

registry = Registry(PROVIDER, tables.providers, "provider", "providers", EventType.PROVIDERS_CHANGED)


def values_of(body: Form) -> Form:
    """The columns that a request sets; no key: the stored one stays."""
    kind = body["provider_type"]
    values = PROVIDER_TYPE.with_defaults(kind)
    if "api_key" not in kind:
        del values["api_key"]
    return values | {"api_base_url": values["api_base_url"].rstrip("/")}


def get(reader: Reader, name: str) -> Form:
    return registry.form(registry.get(reader, name))


def create(tx: WriteTransaction, body: Form) -> Form:
    """The first one is taken by the planner and by all agents that have none. Raises Conflict (the name is taken)."""
    is_first = not registry.names(tx)
    made = add(tx, body)
    if is_first:
        if taken := agents.reassign(tx, NOT_CONFIGURED, body["name"]):
            agents.emit(tx, taken)
        config.reassign_provider(tx, NOT_CONFIGURED, body["name"])
    return made


def add(tx: WriteTransaction, body: Form) -> Form:
    """A provider that nobody uses yet. Raises Conflict (the name is taken)."""
    return registry.create(tx, body["name"], {"api_key": ""} | values_of(body))


def replace(tx: WriteTransaction, name: str, body: Form, if_match: int | None) -> Form:
    """Creates the provider where there is none. Raises Stale, NotFound, Conflict (another type)."""
    old = registry.existing(tx, name, if_match)
    if old is None:
        return add(tx, body | {"name": name})
    return registry.replace(tx, old, values_of(body), if_match)


def delete(tx: WriteTransaction, name: str) -> tuple[list[str], str]:
    """Takes it away from its agents and the planner as well; returns their names and the undo token."""
    row = registry.get(tx, name)
    registry.delete(tx, row)
    registry.emit(tx, deleted=[name])
    affected = agents.reassign(tx, name, NOT_CONFIGURED)
    if affected:
        agents.emit(tx, affected)
    planned = config.reassign_provider(tx, name, NOT_CONFIGURED)
    return affected, undo.remember(tx, "provider", "", str(row["rank"]), {"agents": affected, "system": planned})


def restore(tx: WriteTransaction, rank: int, payload: Form) -> None:
    """Undoes a deletion: agents that nobody has given another provider since get theirs back."""
    row = registry.restore(tx, rank)
    registry.emit(tx, [row["wire"]])
    moved = agents.reassign(tx, NOT_CONFIGURED, row["name"], payload["agents"])
    if moved:
        agents.emit(tx, moved)
    if payload["system"]:
        config.reassign_provider(tx, NOT_CONFIGURED, row["name"])
