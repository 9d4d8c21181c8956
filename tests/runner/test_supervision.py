"""Agents as processes: whatever they start and however things die, nothing is left, and every end is recorded."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from common import proctree
from common.db import sqlite
from common.db.home import Home
from common.events import TaskStatus
from core.board import commands, lifecycle, planning
from core.runs import leases
from core.tasks import verbs as task_verbs
from core.tasks.task import Task
from core.workspaces import opening
from tests.helpers.runner import Bench, bench
from tests.helpers.workspace import SOURCE

pytestmark = pytest.mark.processes
GONE_S = 5.0
MODULE = sqlite.library(os.environ.get("CHORUS_SQLITE", "") or "bundled")
HOLD = "init(); time.sleep(300)"
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN); init(); escape(); time.sleep(300)"
REPORT = {"status": "complete", "summary": "s", "output": "o", "blockedReason": None}


def escaped() -> list[int]:
    """Processes that a fake agent has let go: no mark, no parent of ours."""
    return list(proctree.marked("ESCAPED=1"))


def begun(made: Bench, task: Task) -> int:
    """The process of the task's agent, once it has written its first line."""
    made.wait(lambda: made.run(task)["session_id"], "a session")
    run_id = made.run(task)["id"]
    with made.workspace.database.read() as reading:
        [_, (agent, _)] = leases.of_all(reading)[run_id].processes
    return agent


def gone(made: Bench, since: float) -> None:
    made.wait(lambda: not made.left() and not escaped(), "the whole tree gone", GONE_S)
    assert time.monotonic() - since <= GONE_S


def test_workspace_that_is_opened_once_more(tmp_path: Path) -> None:
    """Two people press Open: the agents go on."""
    with bench(tmp_path) as made:
        task = made.task(HOLD)
        agent = begun(made, task)
        home = Home(made.home, MODULE)
        opening.open_again(home, made.workspace.folder, MODULE)
        home.close()
        made.wait_state(made.task("init(); result(result='after it')"), "interrupted")
        assert (made.run(task)["state"], agent in made.left()) == ("running", True)
        made.do(commands.cancel, made.run(task)["id"])
        gone(made, time.monotonic())


def test_grandchild_with_our_stdout_does_not_keep_the_run_alive(shared: Bench) -> None:
    task = shared.task("init(); escape(); subprocess.Popen(['sleep', '300']); result(result='left them')")
    run = shared.wait_state(task, "interrupted", seconds=GONE_S + 5)
    assert run["output"] == "left them"
    assert run["reason"] == "It ended without a completion report."
    assert shared.now(task).status == "waiting"
    gone(shared, time.monotonic())


def test_cancel_reaches_all_that_it_started(shared: Bench) -> None:
    """(B6)"""
    task = shared.task(STUBBORN)
    begun(shared, task)
    shared.wait(escaped, "an escaped process")
    started = time.monotonic()
    shared.do(commands.cancel, shared.run(task)["id"])
    gone(shared, started)
    assert shared.wait_state(task, "cancelled")["reason"] == "Cancelled by a person."
    assert shared.now(task).status == "waiting"


@pytest.mark.parametrize("status", ["waiting", "completed", "failed"])
def test_decision_of_a_person_reaches_the_process(shared: Bench, status: str) -> None:
    """(B6)"""
    task = shared.task(HOLD)
    begun(shared, task)
    shared.do(commands.change_status, task.id, TaskStatus(status), "no", None)
    shared.wait_state(task, "cancelled", seconds=GONE_S)
    gone(shared, time.monotonic())
    assert shared.now(task).status == status


def test_closing_by_hand_reaches_the_process(shared: Bench) -> None:
    task = shared.task(HOLD)
    begun(shared, task)
    shared.do(commands.close_by_hand, task.id, "by hand")
    gone(shared, time.monotonic())
    assert shared.run(task)["output"] == "by hand"


def test_agent_that_is_killed_has_failed(shared: Bench) -> None:
    """(B8)"""
    task = shared.task("init(); escape(); time.sleep(300)")
    os.kill(begun(shared, task), signal.SIGKILL)
    run = shared.wait_state(task, "failed")
    assert run["reason"] == "Claude Code was ended by signal 9."
    assert shared.now(task).status == "failed"
    gone(shared, time.monotonic())


def test_keeper_that_is_killed(shared: Bench) -> None:
    task = shared.task(STUBBORN)
    agent = begun(shared, task)
    shared.wait(escaped, "an escaped process")
    os.kill(int(Path(f"/proc/{agent}/stat").read_text().rpartition(")")[2].split()[1]), signal.SIGKILL)
    run = shared.wait_state(task, "failed")
    assert run["reason"] == "The process that keeps it was ended from outside."
    shared.wait(lambda: not shared.left() and not escaped(), "the whole tree gone", 2 * GONE_S)


def test_keeper_that_is_stopped_cannot_be_hidden_behind(shared: Bench) -> None:
    """An agent with tools of its own may send any signal, to its keeper too."""
    task = shared.task(f"os.kill(os.getppid(), signal.SIGSTOP); {STUBBORN}")
    begun(shared, task)
    shared.wait(escaped, "an escaped process")
    started = time.monotonic()
    shared.do(commands.cancel, shared.run(task)["id"])
    gone(shared, started)
    shared.wait_state(task, "cancelled")


def test_report_counts_even_after_a_crash(shared: Bench) -> None:
    task = shared.task(HOLD)
    agent = begun(shared, task)
    shared.do(lifecycle.report, shared.run(task), REPORT)
    os.kill(agent, signal.SIGKILL)
    shared.wait_state(task, "succeeded")
    assert shared.now(task).status == "completed"


def test_what_the_process_is_given(shared: Bench) -> None:
    """(D11, S10, S11)"""
    task = shared.task("end('ok')")
    shared.wait_state(task, "interrupted")
    call = next(c for c in shared.calls() if c["env"]["CHORUS_TASK_ID"] == task.id)
    assert call["cwd"] == str(shared.workspace.folder / "work" / task.id / "writer")
    assert call["env"]["CHORUS_RUN_ID"] == shared.run(task)["id"]
    assert {"CHORUS_TOKEN", "PATH", "HOME"} <= call["env"].keys()
    assert call["env"]["CHORUS_API_URL"] == "http://127.0.0.1:8080", "whatever port the workspace's settings name"
    assert not {"SECRET", "CHORUS_HOME", "CHORUS_AGENT_ENVIRONMENT"} & call["env"].keys()
    assert "#!python" not in " ".join(call["argv"])
    assert call["env"]["CHORUS_TOKEN"] not in " ".join(call["argv"])
    shared.wait(lambda: not list((shared.home / "run" / "agents").iterdir()), "private files gone")


def test_output_that_cannot_be_read(shared: Bench) -> None:
    task = shared.task("print('<html>' + chr(0)); print('[1,')")
    assert "could not be read" in shared.wait_state(task, "failed")["reason"]


def test_program_that_is_missing(shared: Bench) -> None:
    """(B4)"""
    (shared.folder / "bin" / "claude").rename(shared.folder / "bin" / "away")
    try:
        task = shared.task("end('ok')")
        message = shared.wait_status(task, "failed").status_message
        assert message
        assert message.startswith("The program claude was not found")
    finally:
        (shared.folder / "bin" / "away").rename(shared.folder / "bin" / "claude")


EXCEEDING = {
    "silent for more than 2 seconds": STUBBORN,
    "longer than 5 seconds": "init()\nwhile True: say('x'); time.sleep(0.1)",
    "more than 50000 bytes": "init()\nwhile True: say('x' * 100)",
    "wrote more than": "while True: sys.stdout.write('x' * 4096)",
    "more than 8 processes": "init()\nfor _ in range(40):\n  if not os.fork(): time.sleep(300)\ntime.sleep(300)",
    "cap CHORUS_TASK_TOKENS is 5000": "init()\nfor n in range(300): say(str(n), tokens=1000); time.sleep(0.1)",
}


def test_limits(limited: Bench) -> None:
    """All at once: each task exceeds one."""
    tasks = {reason: limited.task(prompt) for reason, prompt in EXCEEDING.items()}
    for reason, task in tasks.items():
        run = limited.wait_state(task, "failed", "interrupted", seconds=30)
        assert reason in run["reason"]
        assert limited.now(task).status == ("waiting" if "cap" in reason else "failed")
    gone(limited, time.monotonic())


def test_silence_while_a_child_works_is_no_idleness(limited: Bench) -> None:
    task = limited.task(HOLD)
    begun(limited, task)
    talk = "init()\nfor n in range(35): say(str(n)); time.sleep(0.1)\nresult()"
    limited.do(commands.hand_off, limited.run(task), "editor", f"#!python\n{talk}")
    limited.wait_state(task, "interrupted")
    assert limited.runs(task)[0]["state"] == "running"
    assert "silent" in limited.wait(lambda: limited.runs(task)[0]["reason"], "the parent's own silence")


def test_runner_that_is_killed(tmp_path: Path) -> None:
    """(B5, B23) Its agents end by themselves; the next runner interrupts the runs, and they go on in their session."""
    with bench(tmp_path) as made:
        task, other = made.task(STUBBORN), made.task(HOLD)
        begun(made, task)
        begun(made, other)
        killed = time.monotonic()
        made.stop(signal.SIGKILL)
        gone(made, killed)
        made.start()
        for one in (task, other):
            assert made.wait_state(one, "interrupted")["reason"] == "The runner that attended it has ended."
            assert made.now(one).status == "waiting"
        made.do(commands.resume, made.run(other)["id"])
        made.wait(lambda: "--resume" in made.calls()[-1]["argv"], "the session is resumed")


def test_all_that_is_left_of_a_killed_runner_and_its_keepers(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        task = made.task("init(); subprocess.Popen(['sleep', '300'], start_new_session=True); time.sleep(300)")
        begun(made, task)
        with made.workspace.database.read() as reading:
            [lease] = leases.of_all(reading).values()
        made.runners[0].send_signal(signal.SIGSTOP)  # so that it does not clear up after its keeper
        os.kill(lease.processes[0][0], signal.SIGKILL)
        made.stop(signal.SIGKILL)
        assert made.left(), "the agent's child outlives them"
        made.start()
        made.wait_state(task, "interrupted")
        gone(made, time.monotonic())


def test_stop_of_the_server(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        asked = made.do(task_verbs.create, f"#!python\n{STUBBORN}", SOURCE)
        made.do(planning.plan, asked.id)
        working, reported = made.task(STUBBORN), made.task(HOLD)
        for task in (asked, working, reported):
            begun(made, task)
        made.do(lifecycle.report, made.run(reported), REPORT)
        started = time.monotonic()
        made.stop()
        gone(made, started)
        assert [made.run(task)["state"] for task in (asked, working)] == ["interrupted"] * 2
        statuses = [made.now(task).status for task in (asked, working, reported)]
        assert statuses == ["pending", "waiting", "completed"]


def test_two_runners_never_attend_one_run_twice(tmp_path: Path) -> None:
    with bench(tmp_path, start=False, CHORUS_PARALLEL_RUNS="4") as made:
        begun_tasks = [made.task("end('ok')") for _ in range(6)]
        made.start()
        made.start()
        for task in begun_tasks:
            made.wait_state(task, "interrupted", seconds=30)
        started = [call["env"]["CHORUS_RUN_ID"] for call in made.calls() if "You have ended" not in call["told"]]
        assert sorted(started) == sorted({made.run(task)["id"] for task in begun_tasks})


def test_more_than_may_run_wait_but_children_do_not(tmp_path: Path) -> None:
    with bench(tmp_path, CHORUS_PARALLEL_RUNS="1") as made:
        first, second = made.task(HOLD), made.task(HOLD)
        begun(made, first)
        assert made.run(second)["state"] == "queued"
        parent = made.run(first)
        made.do(commands.hand_off, parent, "editor", "#!python\nend('reviewed')")
        child = made.wait_state(first, "interrupted")
        assert (child["agent_name"], child["output"]) == ("editor", "reviewed")
        assert made.runs(first)[0]["state"] == "running"
        assert made.run(second)["state"] == "queued"
        made.do(commands.cancel, parent["id"])
        begun(made, second)


def test_nothing_is_stuck_without_a_runner(tmp_path: Path) -> None:
    """Where agents are switched off (0 at once), what is queued is given back to people."""
    with bench(tmp_path, CHORUS_PARALLEL_RUNS="0") as made:
        task = made.task("end('ok')")
        made.wait_state(task, "interrupted")
        assert made.now(task).status == "waiting"


def test_ended_processes_are_not_mistaken_for_others() -> None:
    sleeper = subprocess.Popen(["sleep", "300"])
    started = proctree.identity(sleeper.pid)
    assert started
    assert proctree.is_alive(sleeper.pid, started)
    assert not proctree.is_alive(sleeper.pid, started + "0")
    assert proctree.kill([sleeper.pid], [], 5) == []
    assert not proctree.is_alive(sleeper.pid, started)
    sleeper.wait()


def test_database_that_cannot_be_read_yet_is_said_once(tmp_path: Path) -> None:
    """As where systemd starts the runner before the HTTP server has made CHORUS_HOME."""
    with bench(tmp_path, start=False) as made:
        database = made.home / "home.db"
        database.rename(tmp_path / "aside")
        made.start(CHORUS_LOG_LEVEL="debug")
        made.wait(lambda: made.output.count("The database cannot be used") > 1, "a second look")
        (tmp_path / "aside").rename(database)
        made.wait_state(made.task("end('done')"), "interrupted")
        assert made.output.count("[WARN] The database cannot be used") == 1
        assert "Traceback" not in made.output
