"""What the end of a run means for its task. Pure: the table is B 3.4's column of correct results."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from common.entities.run import ENDED, RunState
from common.events import TaskStatus

# Legal next states; an end is final, and a person's `stopping` leads to an end only.
_NEXT: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.STARTING, RunState.STOPPING}) | ENDED,
    RunState.STARTING: frozenset({RunState.RUNNING, RunState.STOPPING}) | ENDED,
    RunState.RUNNING: frozenset({RunState.WAITING, RunState.PAUSED, RunState.STOPPING}) | ENDED,
    RunState.WAITING: frozenset({RunState.RUNNING, RunState.STOPPING}) | ENDED,
    RunState.PAUSED: frozenset({RunState.QUEUED, RunState.STOPPING}) | ENDED,
    RunState.STOPPING: ENDED,
    **dict.fromkeys(ENDED, frozenset()),
}


def may_become(before: RunState, after: RunState) -> bool:
    return after in _NEXT[before]


def below(runs: Sequence[Mapping[str, Any]], run: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Of a task's unfinished runs, oldest first, those that work for `run`: its child, the child's, and so on.

    Beside them may stand another outermost run, started while `run` was still being stopped.
    """
    found = {run["id"]}
    for other in runs:
        if other["parent_id"] in found:
            found.add(other["id"])
    return [other for other in runs if other["id"] in found and other["id"] != run["id"]]


def above(runs: Sequence[Mapping[str, Any]], run: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """`run` and, of a task's unfinished runs, oldest first, those that it works for."""
    found = {run["id"], run["parent_id"]}
    for other in reversed(runs):
        if other["id"] in found:
            found.add(other["parent_id"])
    return [other for other in runs if other["id"] in found]


class Outcome(NamedTuple):
    """Where a task goes when its outermost run ends; `message` for failed."""

    status: TaskStatus
    message: str = ""


def task_after(state: RunState, reason: str | None) -> Outcome:
    """The task's status after its outermost agent run ended in `state`.

    A report of success completes it; blocked, cancelled, interrupted and no report leave it waiting, resumable.
    """
    if state is RunState.SUCCEEDED:
        return Outcome(TaskStatus.COMPLETED)
    if state is RunState.FAILED:
        return Outcome(TaskStatus.FAILED, reason or "The agent failed.")
    return Outcome(TaskStatus.WAITING)


def end_state(report_status: str | None, *, crashed: bool) -> RunState:
    """How a run ends when its process does: by its report if it gave one, even where the process crashed after it."""
    by_report = {"complete": RunState.SUCCEEDED, "blocked": RunState.BLOCKED, "failed": RunState.FAILED}
    if report_status is not None:
        return by_report[report_status]
    return RunState.FAILED if crashed else RunState.INTERRUPTED
