"""Messages that an agent is being given: they can no longer be taken back, and are not delivered yet."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("messages", sa.Column("delivering_to", sa.Text()))
