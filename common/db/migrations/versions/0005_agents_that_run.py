"""Leases of runs with the ledger of their processes, and agents that are not confined to the tools of Chorus."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("runner", sa.Text(), nullable=False),
        sa.Column("runner_pid", sa.Integer(), nullable=False),
        sa.Column("runner_started", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Integer(), nullable=False),
        sa.Column("processes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_index("runs_by_start", "runs", ["started_at"])
    op.add_column("agents", sa.Column("unconfined", sa.Boolean(), nullable=False, server_default=sa.false()))
    _tell_of_unconfined()


def _tell_of_unconfined() -> None:
    """The stored wire texts get the new key."""
    agents = sa.table("agents", sa.column("rank"), sa.column("type"), sa.column("wire"))
    connection = op.get_bind()
    for rank, wire in connection.execute(sa.select(agents.c.rank, agents.c.wire).where(agents.c.type != "internal")):
        told = json.dumps(json.loads(wire) | {"unconfined": False}, ensure_ascii=False, separators=(",", ":"))
        connection.execute(sa.update(agents).where(agents.c.rank == rank).values(wire=told))
