"""Config: the settings of a workspace, as chorus.json holds them."""

from dataclasses import dataclass

from marshmallow import fields

from common.entities import kinds
from common.entities.declare import Entity, Write, declare
from common.fields.base import directory
from common.fields.names import NOT_CONFIGURED
from common.settings import HIGHEST_PORT

MAX_ARCHIVE_DAYS = 3650
MAX_DIRECTORIES = 100
_DIRECTORIES = kinds.listed(directory, max_items=MAX_DIRECTORIES)
_UNSET = {"default": None, "omitted": True, "nullable": True, "write": Write.OPTIONAL}


@dataclass(frozen=True, kw_only=True)
class WorkspaceConfig:
    """`chorus.json`; `port` and `archiveDays` are absent where unset."""

    allowed_directories: list[str] = declare(
        _DIRECTORIES, default_factory=list, key="allowedAgentDirectories", write=Write.REQUIRED
    )
    initial_directory: str = declare(
        kinds.Kind(kinds.Storage.TEXT, fields.String, fields.String, fields.String),
        default="",
        key="initialAgentDirectory",
        write=Write.REQUIRED,
    )
    system_provider: str = declare(
        kinds.text(min_length=1, max_length=64),
        default=NOT_CONFIGURED,
        key="systemAgentProvider",
        write=Write.REQUIRED,
    )
    port: int | None = declare(kinds.whole(1, HIGHEST_PORT), **_UNSET)
    archive_days: int | None = declare(kinds.whole(1, MAX_ARCHIVE_DAYS), **_UNSET)
    version: int = declare(kinds.whole(1), default=1, exported=False)


CONFIG = Entity(WorkspaceConfig)
