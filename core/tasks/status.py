"""The task states: who may move a task from where to where. The table in docs/architecture.md is tested against it."""

from common.errors import InvalidTransition
from common.events import TaskStatus

PENDING, PLANNING, AWAITING_INPUT, PLANNED, ACTIVE, WAITING, COMPLETED, FAILED = TaskStatus

# What a person may do with PUT status. Moves by agents and by the verbs plan, answers and handoff are not here.
PERSON_MOVES: dict[TaskStatus, frozenset[TaskStatus]] = {
    PENDING: frozenset({PLANNED, FAILED}),
    PLANNING: frozenset({PENDING}),
    AWAITING_INPUT: frozenset({PENDING, FAILED}),
    PLANNED: frozenset({PENDING, FAILED}),
    ACTIVE: frozenset({WAITING, COMPLETED, FAILED}),
    WAITING: frozenset({COMPLETED, FAILED}),
    COMPLETED: frozenset({PENDING}),
    FAILED: frozenset({PENDING}),
}

# States that only a verb enters, because an agent has to start or has to have asked.
_VERBS = {
    PLANNING: "POST /api/tasks/:id/plan starts the planner, POST /api/tasks/:id/answers continues it",
    ACTIVE: "POST /api/tasks/:id/handoff starts an agent",
    AWAITING_INPUT: "only the planner's questions lead there",
}


def check_person_move(before: TaskStatus, after: TaskStatus, *, has_plan: bool) -> None:
    """Raises InvalidTransition, saying what to do instead, unless a person may move a task from `before` to `after`."""
    if after in _VERBS:
        raise InvalidTransition(f"A task does not become {after} by a change of status: {_VERBS[after]}.")
    if after not in PERSON_MOVES[before]:
        legal = ", ".join(sorted(PERSON_MOVES[before]))
        raise InvalidTransition(f"A task that is {before} cannot become {after}; it can become: {legal}.")
    if (before, after) == (PENDING, PLANNED) and not has_plan:
        raise InvalidTransition("A task without a plan cannot become planned: write a plan first.")
