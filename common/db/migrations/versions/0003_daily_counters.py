"""Daily counters and since when a task is in its status, both filled from what the rows and the history tell.

Days in the past lack what is no longer stored: tasks deleted for good, and how long a reopened task had been archived.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

FILL_SINCE = """
UPDATE tasks SET status_since = coalesce(
    (SELECT max(at) FROM history WHERE task_id = tasks.id AND event_type = 'status_changed'), created_at)
"""
# A task leaves the board when it is archived, or deleted before that.
FILL_COUNTERS = """
WITH moves AS (
    SELECT history.at, json_extract(data, '$.from') AS before, json_extract(data, '$.to') AS after,
           history.at - lag(history.at, 1, tasks.created_at) OVER (PARTITION BY task_id ORDER BY history.id) AS spent
    FROM history JOIN tasks ON tasks.id = task_id WHERE event_type = 'status_changed'
),
ends AS (SELECT *, agent_name || '/' || state AS result FROM runs WHERE ended_at IS NOT NULL),
moved (at, metric, key, value) AS (
    SELECT created_at, 'flow', 'created', 1 FROM tasks
    UNION ALL SELECT created_at, 'tasks', 'pending', 1 FROM tasks
    UNION ALL SELECT at, 'tasks', before, -1 FROM moves
    UNION ALL SELECT at, 'tasks', after, 1 FROM moves
    UNION ALL SELECT coalesce(archived_at, deleted_at), 'tasks', status, -1 FROM tasks
        WHERE archived_at IS NOT NULL OR deleted_at IS NOT NULL
    UNION ALL SELECT at, 'flow', after, 1 FROM moves WHERE after IN ('completed', 'failed')
    UNION ALL SELECT at, 'left', before, 1 FROM moves
    UNION ALL SELECT at, 'spentMs', before, max(0, spent) FROM moves
    UNION ALL SELECT ended_at, 'runs', result, 1 FROM ends
    UNION ALL SELECT ended_at, 'runMs', agent_name, max(0, ended_at - started_at) FROM ends
    UNION ALL SELECT coalesce(ended_at, started_at), 'tokensIn', agent_name, tokens_input FROM runs
    UNION ALL SELECT coalesce(ended_at, started_at), 'tokensOut', agent_name, tokens_output FROM runs
    UNION ALL SELECT coalesce(ended_at, started_at), 'costMicroUsd', agent_name, round(cost_usd * 1000000) FROM runs
)
INSERT INTO daily_counters (metric, day, key, value)
SELECT metric, at / 86400000, key, cast(sum(value) AS INTEGER) FROM moved GROUP BY 1, 2, 3 HAVING sum(value) != 0
"""


def upgrade() -> None:
    op.create_table(
        "daily_counters",
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("metric", "day", "key"),
        sqlite_with_rowid=False,
    )
    op.add_column("tasks", sa.Column("status_since", sa.Integer(), nullable=False, server_default="0"))
    op.execute(FILL_SINCE)
    op.execute(FILL_COUNTERS)
