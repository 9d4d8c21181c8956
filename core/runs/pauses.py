"""How long a run pauses for a limit that does not say when it ends: twice as long each time that nothing came of it."""

import sqlalchemy as sa

from common.db import tables
from common.db.reader import Reader
from core.runs.records import Run

MAX_GUESSED_MS = 6 * 3_600_000
_h = tables.history
_RECENT = 20  # pauses of a task, among which the run's own last one is looked for


def guesses(reader: Reader, run: Run) -> int:
    """How many pauses of this run have been guessed in a row."""
    paused = sa.select(_h.c.data).where(_h.c.task_id == run["task_id"], _h.c.event_type == "agent_paused")
    for data in reader.execute(paused.order_by(_h.c.id.desc()).limit(_RECENT)).scalars():
        if data["runId"] == run["id"]:
            return int(data.get("guesses", 0))
    return 0


def grown_ms(wait_ms: int, guess: int) -> int:
    """The wait for guess number `guess` (1: the first one)."""
    doubled = wait_ms << min(guess - 1, 20)
    return max(wait_ms, min(doubled, MAX_GUESSED_MS))
