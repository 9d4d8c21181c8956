"""Workspace: an entry of the recent list."""

from dataclasses import dataclass

from common.entities import kinds
from common.entities.declare import Entity, declare


@dataclass(frozen=True, kw_only=True)
class WorkspaceEntry:
    """`missing`: its folder holds no workspace now."""

    config_path: str = declare(kinds.text())
    last_opened_at: int = declare(kinds.time())
    missing: bool | None = declare(kinds.flag(), default=None, omitted=True)


WORKSPACE = Entity(WorkspaceEntry)
