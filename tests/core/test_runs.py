"""Runs: the table of correct ends (contract B 3.4), the stack of hand-offs, and people's decisions.

Names in brackets are the numbers of the original's defects.
"""

import json
import signal
import subprocess
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from common import proctree
from common.clock import now_ms
from common.errors import Conflict, Forbidden, InvalidStatus, NotFound, Unauthorized, ValidationFailed
from common.events import TaskStatus
from core.agents import verbs as agents
from core.board import commands, lifecycle, outside, planning, recovery
from core.config import verbs as config
from core.providers import verbs as providers
from core.runs import grants, leases, records, tokens
from core.tasks import records as tasks
from core.tasks import verbs as task_verbs
from core.tasks.task import Task
from core.tools import calls
from core.workspaces.current import Workspace
from tests.helpers.processes import wait_for
from tests.helpers.workspace import SOURCE, frames

T = TypeVar("T")
REPORT = {"status": "complete", "summary": "done", "output": "all of it", "blockedReason": None}
_token_of: dict[str, str] = {}
PLAN = {"type": "plan", "summary": "S", "requirements": ["r"], "acceptanceCriteria": ["a"], "plan": ["p"]}


def do(workspace: Workspace, verb: Callable[..., T], *arguments: Any, **named: Any) -> T:
    with workspace.database.write() as tx:
        return verb(tx, *arguments, **named)


def now(workspace: Workspace, task_id: str) -> Task:
    with workspace.database.read() as reading:
        return tasks.load(reading, task_id)


def stack(workspace: Workspace, task_id: str) -> list[Any]:
    with workspace.database.read() as reading:
        return records.unfinished(reading, task_id)


def history_types(workspace: Workspace, task_id: str) -> list[str]:
    found = []
    for event in frames(workspace):
        items = event["data"] if event["type"] == "transaction" else [event]
        found += [entry["eventType"] for item in items for entry in item.get("history", [])]
    return found


@pytest.fixture
def ready(workspace: Workspace) -> Workspace:
    """A provider for the planner and the seeded writer and editor."""
    do(workspace, providers.create, {"name": "claude", "provider_type": {"type": "claude-code"}})
    body: dict[str, Any] = {
        "allowed_directories": [],
        "initial_directory": "",
        "system_provider": "claude",
        "port": None,
    }
    do(workspace, config.replace, body, None)
    for name in ("writer", "editor", "researcher"):
        with workspace.database.read() as reading:
            agent = agents.get(reading, name)
        do(
            workspace,
            agents.replace,
            name,
            agent | {"provider": "claude", "allowed_tools": ["handoff", "task.get"]},
            None,
        )
    return workspace


@pytest.fixture
def task(ready: Workspace) -> Task:
    return do(ready, task_verbs.create, "Write a story", SOURCE)


def begin(workspace: Workspace) -> dict[str, Any]:
    """What a runner does with the oldest queued run."""
    claimed = do(workspace, lifecycle.claim)
    assert claimed
    _token_of[claimed[0]["id"]] = claimed[1]
    return dict(do(workspace, lifecycle.mark_running, claimed[0]["id"], "session-1"))


def start(workspace: Workspace, task: Task, agent: str = "writer") -> dict[str, Any]:
    do(workspace, commands.start, task.id, agent, "prompt", force=True)
    return begin(workspace)


def ended_run(workspace: Workspace, run: records.Run) -> dict[str, Any]:
    with workspace.database.read() as reading:
        return dict(records.load(reading, run["id"]))


def check_pushed(workspace: Workspace, task: Task) -> None:
    """The last pushed form of the task is what its rows say."""
    items = [
        item for event in frames(workspace) for item in (event["data"] if event["type"] == "transaction" else [event])
    ]
    pushed = [item["data"] for item in items if item["type"] in ("task_created", "task_updated")]
    assert [each for each in pushed if each["id"] == task.id][-1] == now(workspace, task.id).full_form


@pytest.mark.parametrize(
    ("report", "crashed", "status", "state"),
    [
        ("complete", False, "completed", "succeeded"),
        ("complete", True, "completed", "succeeded"),
        ("failed", False, "failed", "failed"),
        ("blocked", False, "waiting", "blocked"),
        (None, False, "waiting", "interrupted"),
        (None, True, "failed", "failed"),
    ],
)
def test_end_of_a_single_agent_decides_by_its_report(
    ready: Workspace, task: Task, report: str | None, crashed: bool, status: str, state: str
) -> None:
    """(B1, B8) The status a report chose stays when the process exits."""
    run = start(ready, task)
    if report:
        do(
            ready,
            lifecycle.report,
            run,
            REPORT | {"status": report, "blockedReason": "no key" if report == "blocked" else None},
        )
    do(ready, lifecycle.end, run["id"], "text", crashed=crashed)
    after = now(ready, task.id)
    assert after.status == status
    why = {"failed": "done", "blocked": "no key", "interrupted": "It ended without a completion report."}
    assert ended_run(ready, run)["reason"] == (why.get(state) if report or not crashed else None)
    assert after.chain[-1]["completedAt"] is not None
    assert ended_run(ready, run)["state"] == state
    if status == "waiting":
        assert after.status_agent == "writer"


@pytest.mark.parametrize("status", ["completed", "failed", "waiting"])
def test_decision_of_a_person_survives_the_end_of_the_process(ready: Workspace, task: Task, status: str) -> None:
    """(B6)"""
    run = start(ready, task)
    do(ready, commands.change_status, task.id, TaskStatus(status), "no", None)
    assert stack(ready, task.id)[0]["state"] == "stopping"
    do(ready, lifecycle.end, run["id"], "late", crashed=True)
    assert now(ready, task.id).status == status
    assert stack(ready, task.id) == []
    check_pushed(ready, task)


def test_hand_off_gives_control_to_the_child_and_back(ready: Workspace, task: Task) -> None:
    """(B2, B3) Report and output are the child's; the parent can act again."""
    parent = start(ready, task)
    do(ready, commands.hand_off, parent, "editor", "Review it")
    child = begin(ready)
    assert now(ready, task.id).status_agent == "editor"
    with pytest.raises(Conflict):
        call(ready, parent, "task.get", {"taskId": task.id})
    do(ready, lifecycle.report, child, REPORT | {"summary": "approved"})
    do(ready, lifecycle.end, child["id"], "APPROVED", crashed=False)
    after = now(ready, task.id)
    assert (after.status, after.status_agent) == ("active", "writer")
    assert [record["output"] for record in after.chain] == ["", "APPROVED"]
    assert after.chain[0]["completionReport"] is None
    assert after.chain[1]["completionReport"]["summary"] == "approved"
    [again] = stack(ready, task.id)
    assert again["state"] == "running"
    call(ready, again, "task.get", {"taskId": task.id})


@pytest.mark.parametrize(
    ("report", "crashed"), [(None, True), (None, False), ("complete", False), ("blocked", False), ("failed", False)]
)
def test_child_returns_to_its_parent_however_it_ends(
    ready: Workspace, task: Task, report: str | None, crashed: bool
) -> None:
    """(B3) Its report is on its own record, which is closed; the parent's stays open, and the task active."""
    parent = start(ready, task)
    do(ready, commands.hand_off, parent, "editor", "Review it")
    child = begin(ready)
    if report:
        do(ready, lifecycle.report, child, REPORT | {"status": report})
    do(ready, lifecycle.end, child["id"], "text", crashed=crashed)
    after = now(ready, task.id)
    assert (after.status, after.status_agent) == ("active", "writer")
    ours, its = after.chain
    assert (ours["completedAt"], ours["output"], ours["completionReport"]) == (None, "", None)
    assert its["completedAt"] is not None
    assert its["output"] == "text"
    assert (its["completionReport"] or {}).get("status") == report
    assert [run["state"] for run in stack(ready, task.id)] == ["running"]


def test_parent_that_ends_takes_its_children_along(ready: Workspace, task: Task) -> None:
    parent = start(ready, task)
    do(ready, commands.hand_off, parent, "editor", "Review it")
    child = begin(ready)
    do(ready, lifecycle.end, parent["id"], "", crashed=True)
    assert now(ready, task.id).status == "failed"
    do(ready, lifecycle.end, child["id"], "late", crashed=False)
    assert now(ready, task.id).status == "failed"
    check_pushed(ready, task)


def test_stopped_chain_is_told_as_it_ended(ready: Workspace, task: Task) -> None:
    """Nobody works in a chain whose processes have gone, on the board either."""
    parent = start(ready, task)
    do(ready, commands.hand_off, parent, "editor", "Review it")
    child = begin(ready)
    do(ready, commands.cancel, parent["id"])
    for run in (child, parent):
        assert stack(ready, task.id)[0]["state"] == "stopping", "the end of its child does not set it to work again"
        do(ready, lifecycle.end, run["id"], "stopped", crashed=True)
    assert [record["completedAt"] is None for record in now(ready, task.id).chain] == [False, False]
    check_pushed(ready, task)


def test_child_that_never_started_gives_control_back(ready: Workspace, task: Task) -> None:
    """It was cancelled while it waited for its turn."""
    parent = start(ready, task)
    child = do(ready, commands.hand_off, parent, "editor", "Review it")
    do(ready, commands.cancel, child["id"])
    assert ended_run(ready, child)["state"] == "cancelled"
    assert [(run["id"], run["state"]) for run in stack(ready, task.id)] == [(parent["id"], "running")]
    assert now(ready, task.id).status_agent == "writer"
    assert history_types(ready, task.id)[-1] == "agent_handoff_completed"


def test_hand_offs_go_in_no_circle_and_not_too_deep(ready: Workspace, task: Task) -> None:
    parent = start(ready, task)
    with pytest.raises(Conflict, match="never end"):
        do(ready, commands.hand_off, parent, "writer", "again")
    with pytest.raises(NotFound):
        do(ready, commands.hand_off, parent, "task-validator", "internal")
    with pytest.raises(NotFound):
        do(ready, commands.hand_off, parent, "nobody", "x")


def test_one_hand_off_at_a_time(ready: Workspace, task: Task) -> None:
    """Of two that an agent asks for at once, the second is refused: it waits for the first."""
    parent = start(ready, task)
    call(ready, parent, "handoff", {"agentName": "editor", "prompt": "Review it"})
    with pytest.raises(Conflict, match="waiting"):
        call(ready, parent, "handoff", {"agentName": "researcher", "prompt": "Look it up"})
    assert [run["agent_name"] for run in stack(ready, task.id)] == ["writer", "editor"]


def test_chain_of_hand_offs_is_bounded(ready: Workspace, task: Task) -> None:
    run = start(ready, task)
    chain = [run]
    for n in range(commands.MAX_HANDOFF_DEPTH):
        body: dict[str, Any] = {
            "name": f"agent-{n}",
            "type": "user_defined",
            "instructions": "x",
            "allowedTools": [],
            "model": None,
        }
        do(ready, agents.create, body | {"provider": "claude"})
        do(ready, commands.hand_off, chain[-1], f"agent-{n}", "go on")
        chain.append(begin(ready))
    with pytest.raises(Conflict, match="5 deep at most"):
        do(ready, commands.hand_off, chain[-1], "editor", "go on")
    assert len(stack(ready, task.id)) == 1 + commands.MAX_HANDOFF_DEPTH


@pytest.mark.parametrize("verb", ["interrupt", "pause", "end"])
def test_end_is_final(ready: Workspace, task: Task, verb: str) -> None:
    """What comes late changes nothing: neither the run, nor its task, nor the log."""
    run = start(ready, task)
    do(ready, lifecycle.end, run["id"], "text", crashed=True, reason="It broke.")
    before = (frames(ready), now(ready, task.id))
    late = {"interrupt": ("late",), "pause": ("late", 2**41), "end": ("late",)}[verb]
    after = do(ready, getattr(lifecycle, verb), run["id"], *late, **({"crashed": False} if verb == "end" else {}))
    assert (after["state"], after["reason"], after["output"]) == ("failed", "It broke.", "text")
    assert (frames(ready), now(ready, task.id)) == before


def test_run_that_a_person_stops_goes_on_stopping(ready: Workspace, task: Task) -> None:
    run = start(ready, task)
    do(ready, commands.cancel, run["id"])
    assert do(ready, lifecycle.mark_running, run["id"])["state"] == "stopping"
    assert do(ready, lifecycle.pause, run["id"], "limit", 2**41)["state"] == "stopping"
    assert do(ready, lifecycle.resume_due) == []


def test_plan_of_a_planner_that_was_taken_away_counts(ready: Workspace, task: Task) -> None:
    """It gave its output before the server stopped."""
    do(ready, planning.plan, task.id)
    run = begin(ready)
    do(ready, planning.take_plan, run, PLAN)
    assert do(ready, lifecycle.interrupt, run["id"], "The server was stopped.")["state"] == "succeeded"
    assert now(ready, task.id).status == "planned"


def test_nothing_is_resumed_that_cannot_go_on(ready: Workspace, task: Task) -> None:
    run = start(ready, task)
    with pytest.raises(InvalidStatus, match="Only a waiting task"):
        do(ready, commands.resume, run["id"])
    planned = do(ready, task_verbs.create, "Plan it", SOURCE)
    do(ready, planning.plan, planned.id)
    planner = begin(ready)
    do(ready, lifecycle.end, planner["id"], "", crashed=False)
    do(ready, lambda tx: tasks.save(tx, tasks.load(tx, planned.id).with_status(TaskStatus.WAITING), ["status"]))
    with pytest.raises(Conflict, match="Only an agent's run"):
        do(ready, commands.resume, planner["id"])


def test_run_that_still_stops_is_not_resumed(ready: Workspace, task: Task) -> None:
    run = start(ready, task)
    do(ready, commands.cancel, run["id"])
    with pytest.raises(Conflict, match="Only an agent's run"):
        do(ready, commands.resume, run["id"])


def test_more_answers_than_questions_are_refused(ready: Workspace, task: Task) -> None:
    do(ready, planning.plan, task.id)
    run = begin(ready)
    do(ready, planning.take_plan, run, {"type": "questions", "questions": ["Genre?"]})
    do(ready, lifecycle.end, run["id"], "", crashed=False)
    with pytest.raises(ValidationFailed):
        do(ready, planning.answer, task.id, ["sci-fi", "in verse"])
    assert now(ready, task.id).status == "awaiting_input"


def test_tools_of_a_planner_are_fixed(ready: Workspace, task: Task) -> None:
    do(ready, planning.plan, task.id)
    with pytest.raises(Conflict, match="planner's tools"):
        do(ready, grants.change, task.id, ["web.search"], [])


def test_paused_agent_is_in_the_way_of_a_report_from_outside(ready: Workspace, task: Task) -> None:
    run = start(ready, task)
    do(ready, lifecycle.pause, run["id"], "limit", 2**41)
    with pytest.raises(Conflict, match="paused"):
        do(ready, outside.report, task.id, "robot", REPORT)


def test_two_plans_at_once_start_one_planner(ready: Workspace, task: Task) -> None:
    """(B11)"""
    do(ready, planning.plan, task.id)
    with pytest.raises(InvalidStatus):
        do(ready, planning.plan, task.id)
    assert len(stack(ready, task.id)) == 1


def test_work_that_succeeded_is_not_gone_on_with(ready: Workspace, task: Task) -> None:
    """A resumed run is a new one with the same input; so is one that is started once more after the first is done."""
    with ready.database.write() as tx:
        made = [records.insert(tx, task.id, "writer", "agent", "go", tools=[], parent=None) for _ in range(3)]
        records.save(tx, made[0], state="succeeded", ended_at=tx.now)
        records.save(tx, made[1], state="interrupted", ended_at=tx.now)
        records.insert(tx, task.id, "editor", "agent", "go", tools=[], parent=None)
        found = records.alike(tx, made[2])
    assert found == {made[1]["id"], made[2]["id"]}


def test_run_whose_former_attendant_still_clears_up_is_not_claimed(ready: Workspace, task: Task) -> None:
    do(ready, planning.plan, task.id)
    [run] = stack(ready, task.id)
    assert do(ready, lifecycle.claim, exclude={run["id"]}) is None
    claimed = do(ready, lifecycle.claim, exclude={"another"})
    assert claimed is not None
    assert claimed[0]["id"] == run["id"]


def test_plan_needs_a_provider(workspace: Workspace) -> None:
    task = do(workspace, task_verbs.create, "x", SOURCE)
    with pytest.raises(Conflict, match="Settings"):
        do(workspace, planning.plan, task.id)


def test_questions_answers_and_plan(ready: Workspace, task: Task) -> None:
    """(B18) Answered questions stay on the task when the plan arrives, and the next planner is told of them."""
    do(ready, planning.plan, task.id)
    run = begin(ready)
    assert "- writer:" in run["input"]
    do(ready, planning.take_plan, run, {"type": "questions", "questions": ["Genre?"]})
    do(ready, lifecycle.end, run["id"], "", crashed=False)
    assert now(ready, task.id).status == "awaiting_input"
    do(ready, planning.answer, task.id, ["sci-fi"])
    again = begin(ready)
    assert "Q: Genre?\nA: sci-fi" in again["input"]
    do(ready, planning.take_plan, again, PLAN | {"assignedAgent": "writer"})
    do(ready, lifecycle.end, again["id"], "", crashed=True)
    planned = now(ready, task.id)
    assert (planned.status, planned.plan, planned.assigned_agent) == ("planned", ["p"], "writer")
    assert planned.questions == [{"question": "Genre?", "answer": "sci-fi"}]


def test_answers_are_taken_only_when_asked(ready: Workspace, task: Task) -> None:
    """(B9)"""
    with pytest.raises(InvalidStatus):
        do(ready, planning.answer, task.id, ["x"])


def test_planner_gives_its_output_once_and_names_real_agents(ready: Workspace, task: Task) -> None:
    """(B12)"""
    do(ready, planning.plan, task.id)
    run = begin(ready)
    with pytest.raises(ValidationFailed):
        do(ready, planning.take_plan, run, PLAN | {"assignedAgent": "nobody"})
    do(ready, planning.take_plan, run, PLAN)
    with ready.database.read() as reading:
        run = dict(records.load(reading, run["id"]))
    with pytest.raises(Conflict):
        do(ready, planning.take_plan, run, PLAN)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"type": "plan", "summary": "S", "requirements": [], "plan": []}, "acceptanceCriteria"),
        ({"type": "questions"}, "questions"),
        ({"type": "questions", "questions": []}, "questions"),
        ({"type": "error"}, "error"),
    ],
)
def test_output_of_a_planner_is_whole(ready: Workspace, task: Task, given: dict[str, Any], field: str) -> None:
    """What is missing is named, and the planner can give it again."""
    do(ready, planning.plan, task.id)
    run = begin(ready)
    with pytest.raises(ValidationFailed) as refused:
        call(ready, run, "planner-output", given)
    assert list(refused.value.extra["fields"]) == [field]
    call(ready, run, "planner-output", PLAN)


@pytest.mark.parametrize("given", [None, {"type": "error", "error": "cannot"}])
def test_planner_without_a_plan_fails_the_task(ready: Workspace, task: Task, given: Any) -> None:
    """(B4)"""
    do(ready, planning.plan, task.id)
    run = begin(ready)
    if given:
        do(ready, planning.take_plan, run, given)
    do(ready, lifecycle.end, run["id"], "", crashed=False)
    failed = now(ready, task.id)
    assert failed.status == "failed"
    assert failed.status_message
    assert failed.status_message.startswith("Planner failed: ")
    assert history_types(ready, task.id)[-2:] == ["planning_failed", "status_changed"]


def test_cancelled_planner_leaves_a_pending_task(ready: Workspace, task: Task) -> None:
    do(ready, planning.plan, task.id)
    run = begin(ready)
    do(ready, commands.cancel, run["id"])
    assert now(ready, task.id).status == "pending"
    do(ready, planning.plan, task.id)  # planned again, before the old process is gone
    do(ready, commands.cancel, run["id"])  # somebody else's click, late
    do(ready, lifecycle.end, run["id"], "late", crashed=True)
    assert now(ready, task.id).status == "planning"
    assert [other["state"] for other in stack(ready, task.id)] == ["queued"], "the new planner is not its child"
    planner = begin(ready)
    do(ready, planning.take_plan, planner, PLAN)
    do(ready, lifecycle.end, planner["id"], "", crashed=False)
    assert now(ready, task.id).status == "planned"


@pytest.mark.parametrize("status", ["planning", "completed", "failed", "awaiting_input", "active"])
def test_agents_start_only_where_they_may(ready: Workspace, task: Task, status: str) -> None:
    """(B10)"""
    do(ready, lambda tx: tasks.save(tx, tasks.load(tx, task.id).with_status(TaskStatus(status), agent="x"), ["status"]))
    with pytest.raises(InvalidStatus):
        do(ready, commands.start, task.id, "writer", "p", force=True)


def test_pending_task_without_plan_needs_force(ready: Workspace, task: Task) -> None:
    with pytest.raises(InvalidStatus, match="force"):
        do(ready, commands.start, task.id, "writer", "p", force=False)


def test_waiting_task_is_started_again_or_resumed(ready: Workspace, task: Task) -> None:
    """(B7)"""
    run = start(ready, task)
    do(ready, lifecycle.end, run["id"], "", crashed=False)
    assert now(ready, task.id).status == "waiting"
    do(ready, commands.resume, run["id"])
    again = begin(ready)
    assert again["session_id"] == "session-1"
    do(ready, lifecycle.end, again["id"], "", crashed=False)
    start(ready, task, "editor")
    assert now(ready, task.id).status_agent == "editor"


def test_agent_without_provider_is_not_started(workspace: Workspace) -> None:
    task = do(workspace, task_verbs.create, "x", SOURCE)
    with pytest.raises(Conflict, match="provider"):
        do(workspace, commands.start, task.id, "writer", "p", force=True)


def test_first_provider_is_all_that_agents_need(workspace: Workspace, task: Task) -> None:
    """Of a new workspace; a second one is for those who choose it."""
    do(workspace, providers.create, {"name": "second", "provider_type": {"type": "opencode"}})
    do(workspace, planning.plan, task.id)
    with workspace.database.read() as reading:
        assert config.read(reading)["system_provider"] == "claude"
        assert agents.get(reading, "writer")["provider"] == "claude"
        assert agents.get(reading, "fact-checker")["provider"] == "claude"


# --- tools and tokens ---


def call(workspace: Workspace, run: Any, tool: str, arguments: dict[str, Any]) -> Any:
    made = calls.Call(run["task_id"], _token_of[run["id"]], tool, arguments, "call-1")
    return json.loads(calls.perform(workspace.database, made).body)


def test_each_kind_of_run_has_its_own_control_tool(ready: Workspace, task: Task) -> None:
    """(B12, B14, B15, S14) It may always report and ask for help; all else must be granted."""
    run = start(ready, task)
    with pytest.raises(Forbidden):
        call(ready, run, "planner-output", PLAN)
    with pytest.raises(Forbidden):
        call(ready, run, "task.list", {})
    for wanted in ("task.get", "task_get"):
        assert [tool["name"] for tool in call(ready, run, "help", {"name": wanted})["tools"]] == ["task.get"]
    names = [tool["name"] for tool in call(ready, run, "help", {})["tools"]]
    assert names == ["handoff", "task.get", "completion-report", "help"]
    do(ready, planning.plan, do(ready, task_verbs.create, "other", SOURCE).id)
    planner = begin(ready)
    with pytest.raises(Forbidden):
        call(ready, planner, "completion-report", REPORT)
    assert [tool["name"] for tool in call(ready, planner, "help", {})["tools"]] == ["planner-output", "help"]


def test_calls_are_recorded_with_input_output_and_run(ready: Workspace, task: Task) -> None:
    """(B22)"""
    run = start(ready, task)
    call(ready, run, "completion-report", REPORT)
    last = [e for e in frames(ready)[-1]["data"] if "history" in e][-1]["history"][-1]
    assert last["eventType"] == "tool_executed"
    assert (last["data"]["tool"], last["data"]["status"], last["data"]["callId"]) == (
        "completion-report",
        "success",
        "call-1",
    )
    assert json.loads(last["data"]["input"])["summary"] == "done"
    assert last["data"]["runId"] == run["id"]


def test_report_is_taken_once(ready: Workspace, task: Task) -> None:
    run = start(ready, task)
    call(ready, run, "completion-report", REPORT)
    with pytest.raises(Conflict):
        call(ready, run, "completion-report", REPORT)


def test_token_acts_for_its_run_and_task_until_the_run_ends(ready: Workspace, task: Task) -> None:
    """(S7)"""
    do(ready, commands.start, task.id, "writer", "p", force=True)
    claimed = do(ready, lifecycle.claim)
    assert claimed
    run, token = claimed
    other = do(ready, task_verbs.create, "other", SOURCE)
    with ready.database.read() as reading:
        assert tokens.run_of(reading, token, task.id)["id"] == run["id"]
        for wrong, task_id in ((None, task.id), ("x", task.id), (token, other.id)):
            with pytest.raises(Unauthorized):
                tokens.run_of(reading, wrong, task_id)
    assert token not in json.dumps(frames(ready))
    do(ready, lifecycle.end, run["id"], "", crashed=False)
    with ready.database.read() as reading, pytest.raises(Unauthorized):
        tokens.run_of(reading, token, task.id)


def test_every_run_event_holds_the_stored_run(ready: Workspace, task: Task) -> None:
    run = start(ready, task)
    do(ready, lifecycle.end, run["id"], "", crashed=True)
    items = [item for event in frames(ready) if event["type"] == "transaction" for item in event["data"]]
    last = [item["data"] for item in items if item["type"] == "run_updated"][-1]
    with ready.database.read() as reading:
        assert last == records.form(records.load(reading, run["id"]))


# --- leases ---


def other_runner(*, stopped: bool = False) -> subprocess.Popen[bytes]:
    """A process that lives, as another runner does."""
    other = subprocess.Popen(["sleep", "300"])
    if stopped:
        other.send_signal(signal.SIGSTOP)
        wait_for(lambda: proctree.is_stopped(other.pid), 5, "a stopped process")
    return other


@pytest.mark.parametrize("state", ["alive", "stopped", "gone"])
def test_late_lease_costs_no_run_of_a_runner_that_lives(ready: Workspace, state: str) -> None:
    """The disk was full for a minute: nobody could renew. Only a runner that is gone, or stopped, has lost its run."""
    other = other_runner(stopped=state == "stopped")
    holder = leases.Holder("other", other.pid, proctree.identity(other.pid) or "")
    agent_at_work(ready, holder)
    if state == "gone":
        other.kill()
        other.wait()
    try:
        lost = recovery.recover(ready.database, "lost", by=recovery.Attended(leases.this_process(), frozenset()))
        assert lost == (0 if state == "alive" else 1)
        assert recovery.recover(ready.database, "lost") == 0
    finally:
        other.kill()
        other.wait()


def test_late_lease_costs_a_runner_none_of_its_own(ready: Workspace) -> None:
    holder = leases.this_process()
    run_id = agent_at_work(ready, holder)
    assert recovery.recover(ready.database, "lost", by=recovery.Attended(holder, frozenset({run_id}))) == 0
    assert recovery.recover(ready.database, "lost", by=recovery.Attended(holder, frozenset())) == 1


def agent_at_work(workspace: Workspace, holder: leases.Holder) -> str:
    """Claimed a minute ago, and its lease not renewed since."""
    task = do(workspace, task_verbs.create, "x", SOURCE)
    do(workspace, commands.start, task.id, "writer", "prompt", force=True)
    with workspace.database.write(lambda: now_ms() - 60_000) as tx:
        claimed = lifecycle.claim(tx)
        assert claimed
        leases.take(tx, claimed[0]["id"], holder)
    return str(claimed[0]["id"])


def test_nobody_lost_means_no_wait(ready: Workspace, task: Task) -> None:
    """A look for lost runs, each few seconds, does not queue for the right to write."""
    with ready.database.write() as tx:
        task_verbs.edit(tx, task.id, {"description": "at the same time"}, None)
        assert recovery.recover(ready.database, "lost") == 0


def test_what_is_known_already_is_not_noted_again(ready: Workspace, task: Task) -> None:
    """Each note is an event for every screen."""
    run = start(ready, task)
    used: dict[str, Any] = {"session_id": "s", "tokens": (10, 5), "cost_usd": 0.5}
    do(ready, lifecycle.record_usage, run["id"], **used)
    before = frames(ready)
    do(ready, lifecycle.record_usage, run["id"], **used)
    do(ready, lifecycle.record_usage, run["id"], **used | {"session_id": None})
    assert frames(ready) == before
    do(ready, lifecycle.record_usage, run["id"], **used | {"tokens": (10, 6)})
    assert len(frames(ready)) == len(before) + 1
