"""The tables of a workspace database (`chorus.db`), in SQLAlchemy Core.

Rows that cross the wire keep their wire text (`wire`), made once by the marshmallow schema when the row is written.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from common.entities.access_token import ACCESS_TOKEN
from common.entities.agent import AGENT
from common.entities.config import CONFIG
from common.entities.declare import Entity
from common.entities.kinds import Storage
from common.entities.provider import PROVIDER_TYPE
from common.entities.run import RUN
from common.entities.task import TASK

metadata = sa.MetaData()
_TYPES: dict[Storage, Any] = {
    Storage.TEXT: sa.Text,
    Storage.INTEGER: sa.Integer,
    Storage.FLOAT: sa.Float,
    Storage.BOOLEAN: sa.Boolean,
    Storage.JSON: sa.JSON,
}


def _declared(entity: Entity, *, unique: str = "", **defaults: str) -> Iterator[sa.Column[Any]]:
    """The columns of an entity's declaration; `defaults` are the database's, by column."""
    for field in entity.stored():
        yield sa.Column(
            field.name,
            _TYPES[field.kind.storage],
            nullable=field.nullable,
            unique=field.name == unique or None,
            server_default=defaults.get(field.name),
        )


log_state = sa.Table(
    "log_state",
    metadata,
    sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True),
    sa.Column("epoch", sa.Text, nullable=False),
    sa.Column("vocabulary", sa.Integer, nullable=False),
    sa.Column("fenced", sa.Boolean, nullable=False),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("at", sa.Integer, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("frame", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("rank", sa.Integer, primary_key=True),  # creation order
    *_declared(TASK, unique="id", status_since="0"),
    sa.Column("wire", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
sa.Index("tasks_on_board", tasks.c.rank, sqlite_where=sa.text("archived_at IS NULL AND deleted_at IS NULL"))
sa.Index("tasks_archived", tasks.c.archived_at, tasks.c.rank, sqlite_where=sa.text("archived_at IS NOT NULL"))
sa.Index("tasks_deleted", tasks.c.deleted_at, sqlite_where=sa.text("deleted_at IS NOT NULL"))
sa.Index(
    "tasks_to_archive",
    tasks.c.updated_at,
    sqlite_where=sa.text("status IN ('completed', 'failed') AND archived_at IS NULL AND deleted_at IS NULL"),
)

history = sa.Table(
    "history",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("task_id", sa.Text, sa.ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    sa.Column("at", sa.Integer, nullable=False),
    sa.Column("event_type", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),  # in full
    sa.Column("wire", sa.Text, nullable=False),  # with values cut
    sqlite_autoincrement=True,
)
sa.Index("history_of_task", history.c.task_id, history.c.id)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("rank", sa.Integer, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("task_id", sa.Text, sa.ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("received_at", sa.Integer, nullable=False),
    sa.Column("deleted_at", sa.Integer),
    sa.Column("delivering_to", sa.Text),  # the run whose agent is being given it
    sqlite_autoincrement=True,
)
sa.Index("messages_of_task", messages.c.task_id, messages.c.rank)

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("rank", sa.Integer, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),  # also the name of its file
    sa.Column("task_id", sa.Text, sa.ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    sa.Column("filename", sa.Text, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("uploaded_at", sa.Integer, nullable=False),
    sa.Column("deleted_at", sa.Integer),
    sqlite_autoincrement=True,
)
sa.Index(
    "attachments_by_name",
    attachments.c.task_id,
    attachments.c.filename,
    unique=True,
    sqlite_where=sa.text("deleted_at IS NULL"),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("rank", sa.Integer, primary_key=True),
    *_declared(RUN, unique="id"),
    sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], ondelete="CASCADE"),
    sa.Column("token_hash", sa.Text),  # of the bearer token that acts for this run until it ends
    sa.Column("wire", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
sa.Index("runs_of_task", runs.c.task_id, runs.c.rank)
sa.Index("runs_by_token", runs.c.token_hash, unique=True, sqlite_where=sa.text("token_hash IS NOT NULL"))
sa.Index("runs_unfinished", runs.c.rank, sqlite_where=sa.text("ended_at IS NULL"))

sa.Index("runs_by_start", runs.c.started_at)

agents = sa.Table(
    "agents",
    metadata,
    sa.Column("rank", sa.Integer, primary_key=True),
    *_declared(AGENT, unconfined="0"),
    sa.Column("field_versions", sa.JSON, nullable=False),
    sa.Column("deleted_at", sa.Integer),
    sa.Column("wire", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
sa.Index("agents_by_name", agents.c.name, unique=True, sqlite_where=sa.text("deleted_at IS NULL"))

providers = sa.Table(
    "providers",
    metadata,
    sa.Column("rank", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    *_declared(PROVIDER_TYPE),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("field_versions", sa.JSON, nullable=False),
    sa.Column("deleted_at", sa.Integer),
    sa.Column("wire", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
sa.Index("providers_by_name", providers.c.name, unique=True, sqlite_where=sa.text("deleted_at IS NULL"))

access_tokens = sa.Table(
    "access_tokens",
    metadata,
    sa.Column("rank", sa.Integer, primary_key=True),
    *_declared(ACCESS_TOKEN, hint=""),  # the token itself is shown once and stored nowhere
    sa.Column("field_versions", sa.JSON, nullable=False),
    sa.Column("deleted_at", sa.Integer),
    sa.Column("wire", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
sa.Index("access_tokens_by_name", access_tokens.c.name, unique=True, sqlite_where=sa.text("deleted_at IS NULL"))
sa.Index("access_tokens_by_hash", access_tokens.c.token_hash, unique=True)

config = sa.Table(
    "config",
    metadata,
    sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True),
    *_declared(CONFIG),
    sa.Column("field_versions", sa.JSON, nullable=False),
    sa.Column("wire", sa.Text, nullable=False),
)

# Sums by the server's days, for the insights; changes go out beside the event (core/insights/rule.py: what each means).
daily_counters = sa.Table(
    "daily_counters",
    metadata,
    sa.Column("metric", sa.Text, primary_key=True),
    sa.Column("day", sa.Integer, primary_key=True),  # days since the Unix epoch
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)

# Bookkeeping: rows that nobody sees, so that writing them alone needs no event.
idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("request", sa.Text, primary_key=True),  # key, method and path
    sa.Column("at", sa.Integer, nullable=False),
    sa.Column("body_hash", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("seq_header", sa.Text, nullable=False),
    info={"bookkeeping": True},
)
sa.Index("idempotency_keys_at", idempotency_keys.c.at)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("runner", sa.Text, nullable=False),  # a new random name at each start of a runner
    sa.Column("runner_pid", sa.Integer, nullable=False),
    sa.Column("runner_started", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Integer, nullable=False),
    sa.Column("processes", sa.JSON, nullable=False),  # the ledger: [process id, when it started] of what works for it
    info={"bookkeeping": True},
)

undo_tokens = sa.Table(
    "undo_tokens",
    metadata,
    sa.Column("token", sa.Text, primary_key=True),
    sa.Column("expires_at", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("row_id", sa.Text, nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),  # what else the deletion changed
    info={"bookkeeping": True},
)
sa.Index("undo_tokens_expiry", undo_tokens.c.expires_at)
