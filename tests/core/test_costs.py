"""Caps of tokens and cost, for a task and for a day."""

import time

import pytest

from common.clock import now_ms
from common.days import begin_of, day_of
from core.board import lifecycle
from core.insights import queries
from core.runs import costs
from core.runs.costs import Caps, Used
from core.workspaces.current import Workspace
from tests.helpers.agents import at_work, do, equip

HOUR_MS = 3_600_000
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
        do(workspace, lifecycle.record_usage, worker.run["id"], session_id=None, tokens=(10, 5), cost_usd=usd)
    today = day_of(now_ms())
    with workspace.database.read() as reading:
        assert costs.of_task(reading, one.task_id) == Used(15, 0.5)
        assert costs.of_day(reading, today) == Used(30, 0.5)
        assert costs.of_day(reading, today + 1) == Used(0, 0.0)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo", "UTC"])
def test_caps_and_insights_agree_on_what_today_is(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """At ten in the evening of the server, and just after its midnight, of a run that began before."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        equip(workspace)
        worker = at_work(workspace)
        tomorrow = begin_of(day_of(now_ms()) + 2)
        for at, tokens in ((tomorrow - 2 * HOUR_MS, 10), (tomorrow + 60_000, 25)):
            with workspace.database.write(lambda at=at: at) as tx:  # type: ignore[misc]
                lifecycle.record_usage(tx, worker.run["id"], session_id=None, tokens=(tokens, 0), cost_usd=tokens / 100)
            with workspace.database.read() as reading:
                used = costs.of_day(reading, day_of(at))
                insights = queries.read(reading, 7, at)
            [today] = [each["counters"] for each in insights["days"] if each["day"] == insights["today"]]
            assert insights["todayBegan"] <= at < insights["todayEnds"]
            assert used.tokens == sum(today["tokensIn"].values()) == (10 if at < tomorrow else 15)
            assert used.usd == sum(today["costMicroUsd"].values()) / 1_000_000
    finally:
        monkeypatch.undo()
        time.tzset()
