"""Alembic migrations of the workspace database. `upgrade` is called by the launcher only, before anything serves.

Alembic is imported where it is used: a server that is being restarted must not wait 0.15 s for it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


def newest() -> str:
    """The revision that this version of Chorus writes."""
    head = _scripts().get_current_head()
    assert head is not None
    return head


def known() -> set[str]:
    """All revisions this version of Chorus can upgrade from."""
    return {script.revision for script in _scripts().walk_revisions()}


def current(connection: sa.Connection) -> str | None:
    """The revision of a database; None for an empty one."""
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: sa.Connection) -> None:
    """Brings the database of `connection` to the newest revision, inside its transaction."""
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
