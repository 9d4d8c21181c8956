"""The line of the log for what an agent does: short, in words, without anything that people or agents have written."""

import logging
from typing import Any

import pytest

from common.errors import Conflict
from core.board import lifecycle
from core.runs import activity, records
from core.tasks import verbs as task_verbs
from core.workspaces.current import Workspace
from tests.helpers.workspace import SOURCE

RUN: dict[str, Any] = {
    "task_id": "7f3a9c12-0000-4000-8000-000000000001",
    "agent_name": "writer",
    "kind": "agent",
    "state": "succeeded",
    "parent_id": None,
    "reason": None,
    "completion_report": None,
    "planner_output": None,
}
PLANNER = {"kind": "planner", "agent_name": "planner"}
SECRET = {"completion_report": {"summary": "secret"}, "reason": "secret"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"state": "starting"}, "writer starts."),
        ({}, "writer is done."),
        (
            {"state": "paused", "reason": "Usage limit reached"},
            "writer pauses until its provider takes more: Usage limit reached.",
        ),
        ({"state": "blocked", **SECRET}, "writer waits for you: it is blocked."),
        ({"state": "failed", "reason": "claude is not installed."}, "writer failed: claude is not installed."),
        ({"state": "failed", **SECRET}, "writer failed."),
        ({"state": "cancelled", "reason": "Cancelled by a person."}, "writer was stopped."),
        (
            {"state": "interrupted", "reason": "The server was stopped."},
            "writer was interrupted: The server was stopped. It can be resumed.",
        ),
        (
            {"state": "interrupted", "reason": "The server was stopped.", "parent_id": "p"},
            "writer was interrupted: The server was stopped.",
        ),
        ({**PLANNER, "planner_output": {"type": "plan"}}, "planner has made a plan."),
        (
            {**PLANNER, "planner_output": {"type": "questions", "questions": ["secret"]}},
            "planner waits for you: it has questions.",
        ),
    ],
)
def test_line(changes: dict[str, Any], told: str) -> None:
    assert activity.line(RUN | changes) == f"Task 7f3a9c12: {told}"


@pytest.mark.parametrize("state", ["queued", "running", "waiting", "stopping"])
def test_nothing_to_tell(state: str) -> None:
    assert activity.line(RUN | {"state": state}) is None


def test_long_reason_is_cut() -> None:
    line = activity.line(RUN | {"state": "failed", "reason": "é" * 10_000})
    assert line is not None
    assert len(line.encode()) < 300


def test_told_after_the_commit_and_not_without(workspace: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with workspace.database.write() as tx:
        task = task_verbs.create(tx, "a task", SOURCE)
        records.insert(tx, task.id, "writer", "agent", "", tools=[], parent=None)
    with pytest.raises(Conflict), workspace.database.write() as tx:
        assert lifecycle.claim(tx)
        raise Conflict("something else is wrong")
    assert caplog.messages == []
    with workspace.database.write() as tx:
        assert lifecycle.claim(tx)
        assert caplog.messages == []
    assert caplog.messages == [f"Task {task.id[:8]}: writer starts."]
