"""The last characters of an access token stand in a column of their own, as every other field does."""

import sqlalchemy as sa
from alembic import op

from common.db.migrations.rewriting import rewrite

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("access_tokens", sa.Column("hint", sa.Text(), nullable=False, server_default=""))
    rewrite(op.get_bind(), "access_tokens", lambda wire: {"hint": wire["hint"]})
