"""Each workspace says when its done tasks are archived."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("config", sa.Column("archive_days", sa.Integer(), nullable=True))
