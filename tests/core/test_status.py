"""The state table of contract A3, as far as a person moves tasks by hand."""

import itertools

import pytest

from common.errors import InvalidTransition
from common.events import TaskStatus
from core.tasks.status import PERSON_MOVES, check_person_move

LEGAL = {
    ("pending", "planned"),
    ("pending", "failed"),
    ("planning", "pending"),
    ("awaiting_input", "pending"),
    ("awaiting_input", "failed"),
    ("planned", "pending"),
    ("planned", "failed"),
    ("active", "waiting"),
    ("active", "completed"),
    ("active", "failed"),
    ("waiting", "completed"),
    ("waiting", "failed"),
    ("completed", "pending"),
    ("failed", "pending"),
}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(TaskStatus, TaskStatus)))
def test_exactly_the_moves_of_the_table_are_legal(before: TaskStatus, after: TaskStatus) -> None:
    if (before, after) in LEGAL:
        check_person_move(before, after, has_plan=True)
    else:
        with pytest.raises(InvalidTransition):
            check_person_move(before, after, has_plan=True)


@pytest.mark.parametrize(
    ("after", "verb"), [("planning", "/plan"), ("active", "/handoff"), ("awaiting_input", "planner")]
)
@pytest.mark.parametrize("before", list(TaskStatus))
def test_states_that_only_a_verb_enters_name_it(before: TaskStatus, after: str, verb: str) -> None:
    with pytest.raises(InvalidTransition, match=verb):
        check_person_move(before, TaskStatus(after), has_plan=True)


def test_planned_needs_a_plan() -> None:
    with pytest.raises(InvalidTransition, match="write a plan"):
        check_person_move(TaskStatus.PENDING, TaskStatus.PLANNED, has_plan=False)


def test_every_status_has_a_row() -> None:
    assert PERSON_MOVES.keys() == set(TaskStatus)
