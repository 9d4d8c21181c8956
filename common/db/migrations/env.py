"""Alembic's entry: runs on the connection that `common.db.migrations.upgrade` hands over."""

from alembic import context

from common.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
