"""What planners and agents owe, and how they are reminded, told, paused and resumed (contract B 3.4, B 4)."""

import json
from typing import Any

import pytest

from common.clock import now_ms
from core.board import commands, planning
from core.runs import leases, records
from core.runs.prompts import CONTINUE
from core.tasks import queue
from core.tasks import verbs as task_verbs
from core.tasks.task import Task
from tests.helpers.fake_claude import SESSION
from tests.helpers.runner import Bench
from tests.helpers.workspace import SOURCE

pytestmark = pytest.mark.processes
PLAN: dict[str, Any] = {"type": "plan", "summary": "S", "requirements": [], "acceptanceCriteria": [], "plan": ["p"]}
REPORT = {"status": "complete", "summary": "s", "output": "o", "blockedReason": None}
WAIT_FOR_FILE = "init()\nwhile not os.path.exists('go'): time.sleep(0.02)\nresult()"


def calls_of(made: Bench, task: Task) -> list[dict[str, Any]]:
    return [call for call in made.calls() if call["env"]["CHORUS_TASK_ID"] == task.id]


def let_go(made: Bench, task: Task, agent: str) -> None:
    (made.workspace.folder / "work" / task.id / agent / "go").touch()


def started(made: Bench, task: Task) -> Any:
    made.wait(lambda: made.run(task)["session_id"], "a session")
    return made.run(task)


def plan(made: Bench, code: str) -> Task:
    task = made.do(task_verbs.create, f"#!python\n{code}", SOURCE)
    made.do(planning.plan, task.id)
    return task


def test_agent_without_report_is_reminded_once_and_then_waits(shared: Bench) -> None:
    """(B8)"""
    task = shared.task("end('my work')")
    run = shared.wait_state(task, "interrupted")
    assert (run["reason"], run["output"]) == ("It ended without a completion report.", "my work")
    assert shared.now(task).status == "waiting"
    first, second = calls_of(shared, task)
    assert "--resume" not in first["argv"]
    assert second["argv"][second["argv"].index("--resume") + 1] == SESSION
    assert "completion-report" in second["told"]
    assert run["tokens_input"] == 40, "both turns count"


def test_what_it_says_is_kept_and_numbered(shared: Bench) -> None:
    """(B21)"""
    task = shared.task("init(); say('one'); say('two'); result()")
    run = shared.wait_state(task, "interrupted")

    def texts() -> list[str]:
        page = json.loads(shared.workspace.output.after(run["id"], 0, 100))
        return [record["text"] for record in page["records"] if record["kind"] == "text"]

    shared.wait(lambda: texts() == ["one", "two"], "its words in output.db")
    shared.workspace.output.close()


def test_planner_without_output_is_reminded_once_and_then_fails(shared: Bench) -> None:
    task = plan(shared, "end('a plan in words')")
    message = shared.wait_status(task, "failed").status_message
    assert message == "Planner failed: it ended without calling planner-output"
    assert len(calls_of(shared, task)) == 2


def test_planner_that_cannot_start_has_failed(shared: Bench) -> None:
    """(B4)"""
    task = plan(shared, "sys.stderr.write('no such luck'); sys.exit(3)")
    message = shared.wait_status(task, "failed").status_message
    assert message == "Planner failed: Claude Code ended with status 3: no such luck"


def test_answers_go_on_in_the_session(shared: Bench) -> None:
    task = plan(shared, WAIT_FOR_FILE)
    shared.do(planning.take_plan, started(shared, task), {"type": "questions", "questions": ["Why?"]})
    let_go(shared, task, "task-validator")
    shared.wait_status(task, "awaiting_input")
    shared.do(planning.answer, task.id, ["because"])
    shared.wait(lambda: len(calls_of(shared, task)) >= 2, "the planner again")
    again = calls_of(shared, task)[1]
    assert "--resume" in again["argv"]
    assert "Q: Why?\nA: because" in again["told"]
    shared.do(commands.cancel, shared.run(task)["id"])


def test_messages_are_delivered_at_the_next_turn(shared: Bench) -> None:
    """(B19)"""
    task = shared.task(WAIT_FOR_FILE)
    started(shared, task)
    shared.do(queue.enqueue, task.id, "Mind the gap")
    taken_back = shared.do(queue.enqueue, task.id, "Never mind")
    shared.do(queue.withdraw, task.id, taken_back["id"])
    let_go(shared, task, "writer")
    run = shared.wait_state(task, "interrupted")
    told = [call["told"] for call in calls_of(shared, task)]
    assert told[1].startswith(CONTINUE)
    assert told[1].endswith("## Messages from people\n\nMind the gap")
    assert not any("Mind the gap" in text for text in (told[0], *told[2:]))
    [delivered] = [e["data"] for e in shared.history(task) if e["eventType"] == "message_delivered"]
    assert (delivered["content"], delivered["runId"]) == ("Mind the gap", run["id"])
    with shared.workspace.database.read() as reading:
        assert queue.read(reading, task.id) == {"messages": []}


def test_limit_pauses_and_the_run_goes_on_by_itself(shared: Bench) -> None:
    limit = (
        "init(); write(type='rate_limit_event', rate_limit_info={'status': 'rejected', 'resetsAt': time.time() + 2})"
    )
    task = shared.task(f"{limit}; result(is_error=True, api_error_status=429, result='limit reached')")
    run = shared.wait_state(task, "paused")
    assert "limit" in run["reason"]
    assert run["resume_at"] > now_ms() - 2_000
    assert shared.now(task).status == "waiting"
    shared.wait(lambda: len(calls_of(shared, task)) >= 2, "the run goes on")
    again = calls_of(shared, task)[1]
    assert "--resume" in again["argv"]
    assert again["told"] == CONTINUE
    assert shared.wait_state(task, "interrupted")["id"] == run["id"], "it is the same run"
    kinds = [entry["eventType"] for entry in shared.history(task)]
    assert kinds.index("agent_paused") < kinds.index("agent_resumed")


def test_lost_session_begins_anew(shared: Bench) -> None:
    task = shared.task("end('x')")
    shared.wait_state(task, "interrupted")
    (shared.workspace.folder / "work" / task.id / "writer" / "lost").touch()
    before = len(calls_of(shared, task))
    shared.do(commands.resume, shared.run(task)["id"])
    shared.wait(lambda: len(calls_of(shared, task)) >= before + 2, "begun anew")
    lost, anew = calls_of(shared, task)[before : before + 2]
    assert (lost["told"], "--resume" in lost["argv"]) == (CONTINUE, True)
    assert (anew["told"], "--resume" in anew["argv"]) == ("#!python\nend('x')", False)
    shared.wait_state(task, "interrupted")


def test_messages_are_not_lost_with_a_session(shared: Bench) -> None:
    """They had been delivered to a session that was not there: who begins anew is told them again."""
    task = shared.task("end('x')")
    shared.wait_state(task, "interrupted")
    (shared.workspace.folder / "work" / task.id / "writer" / "lost").touch()
    shared.do(queue.enqueue, task.id, "Mind the gap")
    before = len(calls_of(shared, task))
    shared.do(commands.resume, shared.run(task)["id"])
    shared.wait(lambda: len(calls_of(shared, task)) >= before + 2, "begun anew")
    lost, anew = calls_of(shared, task)[before : before + 2]
    assert all(call["told"].endswith("## Messages from people\n\nMind the gap") for call in (lost, anew))
    shared.wait_state(task, "interrupted")


def test_messages_are_told_again_where_no_session_was_noted(shared: Bench) -> None:
    """The runner was killed between the delivery and the first word of the agent."""
    task = shared.task("end('x')")
    shared.wait_state(task, "interrupted")
    shared.do(queue.enqueue, task.id, "Mind the gap")
    run = shared.run(task)
    shared.do(queue.begin_delivery, task.id, run["id"])
    shared.do(queue.deliver, task.id, run["id"])
    shared.do(records.save, run, session_id=None)
    before = len(calls_of(shared, task))
    shared.do(commands.resume, run["id"])
    shared.wait(lambda: len(calls_of(shared, task)) > before, "begun anew")
    told = calls_of(shared, task)[before]["told"]
    assert told.startswith("#!python\nend('x')")
    assert told.endswith("## Messages from people\n\nMind the gap")
    shared.wait_state(task, "interrupted")


def test_cap_ends_a_task_and_says_so(limited: Bench) -> None:
    """One turn costs half a dollar: the fifth would pass the cap of two."""
    task = limited.task("end('x')")
    limited.wait_state(task, "interrupted")
    for _ in range(2):
        limited.do(commands.resume, limited.run(task)["id"])
        limited.wait(lambda: limited.now(task).status == "waiting", "an end")
    assert limited.run(task)["reason"] == "This task cost 2.00 USD; the cap CHORUS_TASK_COST_USD is 2.00."
    budgets = [call["argv"][call["argv"].index("--max-budget-usd") + 1] for call in calls_of(limited, task)]
    assert budgets == ["2.0000", "1.5000", "1.0000", "0.5000"]


def test_run_that_was_closed_meanwhile_is_not_reminded(shared: Bench) -> None:
    """A person closes it in the moment in which its agent ends, and the runner has not heard of it yet."""
    task = shared.task(WAIT_FOR_FILE)
    run = started(shared, task)
    with shared.workspace.database.write() as tx:  # without the bell
        commands.close_by_hand(tx, task.id, "by hand")
    let_go(shared, task, "writer")

    def attended() -> bool:
        with shared.workspace.database.read() as reading:
            return run["id"] in leases.of_all(reading)

    shared.wait(lambda: not attended(), "its attendant gone")
    assert len(calls_of(shared, task)) == 1
    assert (shared.run(task)["state"], shared.run(task)["output"]) == ("interrupted", "by hand")
