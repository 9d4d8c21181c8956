"""Which daily counters a change moves. Pure: the only place that knows what each counter means.

| Metric | Key | Counts |
|---|---|---|
| `tasks` | status | change of the number of tasks on the board: summed over all days it is that number |
| `flow` | `created`, `completed`, `failed` | tasks that were created, and moves into these two states |
| `left` | status | moves out of a status |
| `spentMs` | status | ms that those tasks had been in it |
| `runs` | `<agent>/<state>` | runs that ended, by how |
| `runMs` | agent | ms from the start of these runs to their end; a run that never started adds nothing |
| `tokensIn`, `tokensOut` | agent | tokens, on the day they were reported |
| `costMicroUsd` | agent | millionths of a US dollar, likewise |

What has happened stays counted when its task is deleted; only `tasks` goes down, and up again with the undo.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from common.entities.run import ENDED
from common.events import TaskStatus

Counters = Counter[tuple[str, str]]  # (metric, key) -> how much to add
MICRO = 1_000_000
_RESULTS = (TaskStatus.COMPLETED, TaskStatus.FAILED)


class Place(NamedTuple):
    """Where a task is: its status, since when (ms), and whether it is on the board or archived."""

    status: TaskStatus
    since: int
    on_board: bool


def task_created(place: Place) -> Counters:
    return Counter({("tasks", place.status.value): 1, ("flow", "created"): 1})


def task_moved(before: Place | None, after: Place | None, now: int) -> Counters:
    """A change of status, an archiving (`on_board`), a deletion (`after` None) or its undo (`before` None)."""
    counters: Counters = Counter()
    if before and before.on_board:
        counters["tasks", before.status.value] -= 1
    if after and after.on_board:
        counters["tasks", after.status.value] += 1
    if before and after and before.status is not after.status:
        counters["left", before.status.value] += 1
        counters["spentMs", before.status.value] += max(0, now - before.since)
        if after.status in _RESULTS:
            counters["flow", after.status.value] += 1
    return counters


def run_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Counters:
    """A run's next version: what it has used since the last, and its end."""
    agent = after["agent_name"]
    counters: Counters = Counter()
    counters["tokensIn", agent] += after["tokens_input"] - before["tokens_input"]
    counters["tokensOut", agent] += after["tokens_output"] - before["tokens_output"]
    counters["costMicroUsd", agent] += _micro(after["cost_usd"]) - _micro(before["cost_usd"])
    if after["state"] in ENDED and before["state"] not in ENDED:
        counters["runs", f"{agent}/{after['state']}"] += 1
        if before["token_hash"] is not None:  # it was given to a process
            counters["runMs", agent] += max(0, after["ended_at"] - after["started_at"])
    return counters


def _micro(usd: float | None) -> int:
    return round((usd or 0.0) * MICRO)
