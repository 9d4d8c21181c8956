"""Reading and changing the workspace's configuration."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from common.db import tables
from common.db.reader import Reader
from common.db.write import WriteTransaction
from common.entities.config import CONFIG
from common.errors import ValidationFailed
from common.events import EventType
from common.fields.names import NOT_CONFIGURED
from common.files import beside
from common.schemas.workspace import WorkspaceConfigSchema
from common.wire import dumps
from core import versioned
from core.config import file

_c = tables.config
_p = tables.providers
_schema = WorkspaceConfigSchema()

DEFAULTS = {field.name: field.default for field in CONFIG.written()}


def form(row: Mapping[str, Any]) -> dict[str, Any]:
    """The wire WorkspaceConfig; `port` and `archiveDays` have no key where unset."""
    wire: dict[str, Any] = _schema.dump(CONFIG.values(row, CONFIG.sent()))
    return wire


def read(reader: Reader) -> Mapping[str, Any]:
    """The row."""
    return dict(reader.execute(sa.select(_c)).one()._mapping)


def replace(tx: WriteTransaction, body: dict[str, Any], if_match: int | None) -> dict[str, Any]:
    """Stores the whole configuration. Raises Stale, ValidationFailed."""
    values = CONFIG.with_defaults(body)
    _check(tx, values)
    return _store(tx, values, if_match)


def import_file(tx: WriteTransaction) -> dict[str, Any]:
    """Takes over what somebody has written into chorus.json. Raises ValidationFailed; then both stay as they are."""
    form = replace(tx, file.read(tx.folder), None)
    tx.after_commit(lambda: file.write_if_possible(tx.folder, form))
    return form


def overwrite_file(tx: WriteTransaction) -> dict[str, Any]:
    """Writes chorus.json anew from the database, whatever it holds. Raises StorageFull, ServiceUnavailable."""
    made = form(read(tx))
    _emit(tx, made)
    former = beside(file.path_of(tx.folder))
    tx.at_last(file.replacement(tx.folder, made, former))
    tx.after_commit(lambda: former.unlink(missing_ok=True))
    return made


def _check(reader: Reader, values: dict[str, Any]) -> None:
    problems: dict[str, list[str]] = {}
    if values["initial_directory"] and values["initial_directory"] not in values["allowed_directories"]:
        problems["initialAgentDirectory"] = ["Must be one of the allowed directories."]
    provider = values["system_provider"]
    known = sa.select(_p.c.rank).where(_p.c.name == provider, _p.c.deleted_at.is_(None))
    if provider != NOT_CONFIGURED and reader.execute(known).first() is None:
        problems["systemAgentProvider"] = [f"There is no provider {provider!r}."]
    if problems:
        raise ValidationFailed("Some fields are not valid.", fields=problems)


def _store(tx: WriteTransaction, values: dict[str, Any], if_match: int | None) -> dict[str, Any]:
    old = read(tx)
    changed = [name for name, value in values.items() if old[name] != value]
    versioned.check("the settings", old, changed, if_match, form(old), CONFIG.keys)
    version = old["version"] + 1
    wire = form({**old, **values, "version": version})
    row = values | {"version": version, "field_versions": versioned.after(old["field_versions"], changed, version)}
    tx.execute(sa.update(_c), row | {"wire": dumps(wire)})
    _emit(tx, wire)
    tx.after_commit(lambda: file.follow(tx.folder, form(old), wire))
    return wire


def _emit(tx: WriteTransaction, wire: dict[str, Any]) -> None:
    data = {"config": wire, "configPath": str(file.path_of(tx.folder))}
    tx.emit(EventType.CONFIG_CHANGED, dumps(data), entity="config")


def reassign_provider(tx: WriteTransaction, before: str, after: str) -> bool:
    """Gives the planner another provider if it has `before`; says whether it had."""
    if read(tx)["system_provider"] != before:
        return False
    _store(tx, {"system_provider": after}, None)
    return True
