"""Programs that do not do as they should: what they have done counts, and what passes is tried again."""

import stat
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from core.agents import verbs as agents
from core.board import commands, lifecycle
from core.providers import verbs as providers
from core.runs import pauses
from core.runs.prompts import CONTINUE
from core.tasks.task import Task
from runner.retry import MAX_CONTINUATIONS
from tests.helpers.runner import Bench

pytestmark = pytest.mark.processes
REPORT = {"status": "complete", "summary": "s", "output": "o", "blockedReason": None}
LATER = "init()\nwhile not os.path.exists('go'): time.sleep(0.02)\n"
NTH = """
tries = os.path.exists('tries') and open('tries').read() or ''
open('tries', 'w').write(tries + 'x')
"""
AGAIN = "init()\ncode = {!r}\nopen('again', 'w').write(code)\nexec(code)"  # now, and whenever it goes on
LIMIT = AGAIN.format("result(is_error=True, api_error_status=429, result='limit reached')")
CUT = AGAIN.format("say('half a'); result(result='half a', stop_reason='max_tokens')")
RESET = {"type": "error", "error": {"name": "provider.transport", "data": {"message": "ECONNRESET"}}}
OPENCODE = """#!{python}
import json, os, sys, time
tries = os.path.exists("tries") and open("tries").read() or ""
open("tries", "w").write(tries + "x")
sys.stdin.read()
if len(tries) < 2:
    sys.exit("Error: Unexpected error\\n\\ndatabase is locked")
for line in (
    {reset},
    {{"type": "text", "sessionID": "s", "part": {{"text": "All done"}}}},
    {{"type": "step_finish", "sessionID": "s", "part": {{"reason": "stop", "tokens": {{"input": 1, "output": 1}}}}}},
):
    print(json.dumps(line), flush=True)
time.sleep(300 if len(tries) == 2 else 0)
"""


def calls_of(made: Bench, task: Task) -> list[dict[str, Any]]:
    return [call for call in made.calls() if call["env"]["CHORUS_TASK_ID"] == task.id]


def report_and_go(made: Bench, task: Task) -> None:
    made.wait(lambda: made.run(task)["session_id"], "a session")
    made.do(lifecycle.report, made.run(task), REPORT)
    (made.workspace.folder / "work" / task.id / "writer" / "go").touch()


def test_program_that_stays_after_its_result(shared: Bench) -> None:
    task = shared.task(f"{LATER}escape(); result(result='my work'); time.sleep(300)")
    report_and_go(shared, task)
    run = shared.wait_state(task, "succeeded", "failed")
    assert (run["state"], run["output"], run["reason"], run["tokens_input"]) == ("succeeded", "my work", None, 20)
    shared.wait(lambda: not shared.left(), "nothing left of it")


def test_result_counts_where_a_limit_is_met_after_it(limited: Bench) -> None:
    """Silence for longer than is allowed, or more output than is."""
    tasks = [
        limited.task(f"{LATER}result(result='my work'); {then}")
        for then in ("time.sleep(300)", "\nwhile True: sys.stdout.write('x' * 4096)")
    ]
    for task in tasks:
        report_and_go(limited, task)
    for task in tasks:
        run = limited.wait_state(task, "succeeded", "failed")
        assert (run["state"], run["output"]) == ("succeeded", "my work")


def test_error_that_tells_of_nothing_new(shared: Bench) -> None:
    second = "is_error=True, subtype='error_during_execution', num_turns=0, result=None, total_cost_usd=0"
    task = shared.task(f"init(); say('my work'); result(result='my work'); result({second}); sys.exit(1)")
    run = shared.wait_state(task, "interrupted", "failed")
    assert (run["state"], run["output"], run["cost_usd"]) == ("interrupted", "my work", 0.5 + 0.5)


def test_answer_that_is_cut_off_is_gone_on_with(shared: Bench) -> None:
    task = shared.task("init(); say('half a'); result(result='half a', stop_reason='max_tokens')")
    run = shared.wait_state(task, "interrupted", "failed")
    assert (run["state"], run["output"]) == ("interrupted", "nothing to do")
    again = calls_of(shared, task)[1]
    assert again["told"].startswith(CONTINUE)
    assert "longer than the model may write" in again["told"]
    assert "--resume" in again["argv"]


def test_answers_that_are_always_cut_off(shared: Bench) -> None:
    task = shared.task(CUT)
    assert "cut off" in shared.wait_state(task, "interrupted", "failed")["reason"]
    assert len(calls_of(shared, task)) == 1 + MAX_CONTINUATIONS


def test_refusal_is_not_gone_on_with(shared: Bench) -> None:
    task = shared.task("init(); say('half a'); result(result='half a', stop_reason='refusal')")
    assert "refused" in shared.wait_state(task, "interrupted", "failed")["reason"]
    assert len(calls_of(shared, task)) == 1


def test_start_that_meets_a_lock_is_made_again(shared: Bench) -> None:
    code = f"{NTH}if len(tries) < 2: sys.exit('database is locked')\nend('begun')"
    task = shared.task(code)
    run = shared.wait_state(task, "interrupted", "failed")
    assert (run["state"], run["output"]) == ("interrupted", "begun")
    told = [call["told"] for call in calls_of(shared, task)]
    assert told[0] == told[1] == told[2], "nothing of what it was told is lost"


def test_start_that_fails_for_good_is_made_once(shared: Bench) -> None:
    task = shared.task("sys.exit('unknown option')")
    assert "unknown option" in shared.wait_state(task, "failed")["reason"]
    assert len(calls_of(shared, task)) == 1


def test_guessed_pauses_grow(shared: Bench) -> None:
    task = shared.task(LIMIT)
    waits = []
    for _ in range(3):
        run = shared.wait_state(task, "paused")
        [*_, paused] = [e for e in shared.history(task) if e["eventType"] == "agent_paused"]
        waits.append(round((run["resume_at"] - paused["timestamp"]) / 60_000))
        shared.do(commands.resume, run["id"])
        shared.wait(lambda: shared.run(task)["state"] != "paused", "going on")
    assert waits == [5, 10, 20]
    shared.do(commands.cancel, shared.run(task)["id"])


@pytest.mark.parametrize(("guess", "minutes"), [(1, 5), (2, 10), (7, 320), (8, 360), (10_000, 360)])
def test_guesses_have_an_end(guess: int, minutes: int) -> None:
    assert pauses.grown_ms(5 * 60_000, guess) == minutes * 60_000
    assert pauses.grown_ms(24 * 3_600_000, guess) == 24 * 3_600_000


@pytest.fixture
def opencode(shared: Bench) -> Iterator[Bench]:
    """The editor on OpenCode."""
    program = shared.folder / "bin" / "opencode"
    program.write_text(OPENCODE.format(python=sys.executable, reset=RESET))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    shared.do(providers.create, {"name": "oc", "provider_type": {"type": "opencode"}})
    with shared.workspace.database.read() as reading:
        former = agents.get(reading, "editor")
    shared.do(agents.replace, "editor", former | {"provider": "oc"}, None)
    yield shared
    program.unlink()


def test_opencode_that_starts_late_recovers_and_stays(opencode: Bench) -> None:
    task = opencode.task("", agent="editor")
    run = opencode.wait_state(task, "interrupted", "failed", seconds=30)
    assert (run["state"], run["output"], run["reason"]) == (
        "interrupted",
        "All done",
        "It ended without a completion report.",
    )
