"""Caps of tokens and cost, for a task and for a day."""

import pytest

from core.runs import costs, verbs
from core.runs.costs import Caps, Used
from core.workspaces.current import Workspace
from tests.helpers.agents import at_work, do, equip

CAPS = Caps(task_usd=2, day_usd=3, task_tokens=100, day_tokens=200)


@pytest.mark.parametrize(
    ("task", "day", "reason"),
    [
        (Used(99, 1.99), Used(199, 2.99), None),
        (Used(0, 2.0), Used(0, 2.0), "This task cost 2.00 USD; the cap CHORUS_TASK_COST_USD is 2.00."),
        (Used(100, 0), Used(100, 0), "This task used 100 tokens; the cap CHORUS_TASK_TOKENS is 100."),
        (Used(0, 1.0), Used(0, 3.5), "All runs of today cost 3.50 USD; the cap CHORUS_DAY_COST_USD is 3.00."),
        (Used(50, 0), Used(200, 0), "All runs of today used 200 tokens; the cap CHORUS_DAY_TOKENS is 200."),
    ],
)
def test_first_cap_that_is_reached_is_named(task: Used, day: Used, reason: str | None) -> None:
    assert CAPS.reached(task, day) == reason
    assert Caps().reached(task, day) is None


def test_what_runs_use_is_summed_by_task_and_by_day(workspace: Workspace) -> None:
    equip(workspace)
    one, other = at_work(workspace), at_work(workspace, "editor")
    for worker, usd in ((one, 0.5), (other, None)):
        do(workspace, verbs.note, worker.run["id"], session_id=None, tokens=(10, 5), cost_usd=usd)
    started = min(one.run["started_at"], other.run["started_at"])
    with workspace.database.read() as reading:
        assert costs.of_task(reading, one.task_id) == Used(15, 0.5)
        assert costs.since(reading, started) == Used(30, 0.5)
        assert costs.since(reading, started + 3_600_000) == Used(0, 0.0)
