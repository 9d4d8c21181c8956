"""Access tokens of the workspace."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "access_tokens",
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("field_versions", sa.JSON(), nullable=False),
        sa.Column("deleted_at", sa.Integer(), nullable=True),
        sa.Column("wire", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("rank"),
        sqlite_autoincrement=True,
    )
    where = sa.text("deleted_at IS NULL")
    op.create_index("access_tokens_by_name", "access_tokens", ["name"], unique=True, sqlite_where=where)
    op.create_index("access_tokens_by_hash", "access_tokens", ["token_hash"], unique=True)
