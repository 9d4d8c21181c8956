"""Storage that fails for a moment, while agents work: no run ends for it, nothing is lost in silence.

The faults are real: a full disk, a folder that was moved away, no descriptor left, a process that nobody may kill.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common import proctree
from common.clock import now_ms
from common.db import sqlite
from common.db.home import Home
from common.db.write import WriteTransaction
from common.errors import Conflict, NotFound
from common.settings import ROOT, load
from core.board import commands, lifecycle
from core.runs import leases
from core.runs.records import Run
from core.tasks import queue
from core.tasks.task import Task
from core.workspaces import opening
from runner import starting
from runner.__main__ import TOOL_SERVER
from runner.attendant import Attendant, Stop
from runner.house import House
from runner.process import AgentProcess, CannotStart, Command
from runner.store import Store
from tests.helpers.disk import full, needs_root, small_disk
from tests.helpers.privileges import UNABLE_TO_KILL_OTHERS
from tests.helpers.processes import wait_for
from tests.helpers.runner import Bench, bench

pytestmark = pytest.mark.processes
MODULE = sqlite.library(os.environ.get("CHORUS_SQLITE", "") or "bundled")
GONE = "The workspace's folder is not there"
NO_REPORT = "It ended without a completion report."
REPORT = {"status": "complete", "summary": "s", "output": "o", "blockedReason": None}


def begun(made: Bench, task: Task) -> int:
    """The process of the task's agent, once it has written its first line."""
    made.wait(lambda: made.run(task)["state"] == "running" and made.run(task)["session_id"], "a session")
    with made.workspace.database.read() as reading:
        [_, (agent, _)] = leases.of_all(reading)[made.run(task)["id"]].processes
    return agent


def until(signal_file: Path) -> str:
    """For a message: the agent waits for this file."""
    return f"while not os.path.exists({str(signal_file)!r}): time.sleep(0.02)"


def texts(made: Bench, task: Task) -> list[str]:
    """All that the task's newest run said; what it lost is an entry as well."""
    found: list[str] = []
    with made.workspace.database.read():
        page = json.loads(made.workspace.output.after(made.run(task)["id"], 0, 5_000))
        found += [record["text"] for record in page["records"] if record["kind"] in ("text", "notice", "error")]
    return found


@contextmanager
def moved_away(folder: Path) -> Iterator[None]:
    away = folder.with_name("away")
    folder.rename(away)
    try:
        yield
    finally:
        away.rename(folder)


@contextmanager
def no_descriptor_left(pid: int) -> Iterator[None]:
    """The process cannot open another file."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")), hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


@needs_root
def test_full_disk_costs_no_work(tmp_path: Path) -> None:
    """The agent uses tokens, speaks, and ends its turn while nothing can be stored."""
    go = tmp_path / "go"
    speak = "for n in range(15): say(str(n), tokens=n); time.sleep(0.1)"
    with small_disk(tmp_path / "home", 16), bench(tmp_path) as made:
        task = made.task(f"init()\n{until(go)}\n{speak}\nresult(result='all done')")
        begun(made, task)
        with full(made.home):
            go.touch()
            made.wait(lambda: not made.left(), "the agent's own end")
        run = made.wait_state(task, "interrupted", "failed")
        assert (run["reason"], run["output"]) == (NO_REPORT, "all done")
        assert ["--resume" in call["argv"] for call in made.calls()] == [False, True], "it was reminded"
        assert run["tokens_input"] == sum(range(15)) + 20, "what both turns have used"
        made.wait(lambda: "14" in texts(made, task), "its words in output.db")
        assert [text for text in texts(made, task) if text.isdigit()] == [str(n) for n in range(15)]
        made.workspace.output.close()


@needs_root
def test_cap_holds_while_nothing_can_be_stored(tmp_path: Path) -> None:
    go, done = tmp_path / "go", tmp_path / "done"
    spend = f"for n in range(300): say(str(n), tokens=1000); time.sleep(0.1)\nopen({str(done)!r}, 'w')"
    with small_disk(tmp_path / "home", 16), bench(tmp_path, CHORUS_TASK_TOKENS="5000") as made:
        task = made.task(f"init()\n{until(go)}\n{spend}\nresult()")
        begun(made, task)
        with full(made.home):
            go.touch()
            made.wait(lambda: not made.left(), "the agent is stopped")
        assert not done.exists()
        assert "CHORUS_TASK_TOKENS is 5000" in made.wait_state(task, "interrupted", "failed")["reason"]
        assert made.now(task).status == "waiting"


def test_folder_that_is_moved_away_and_comes_back(tmp_path: Path) -> None:
    go = tmp_path / "go"
    with bench(tmp_path, start=False) as made:
        made.start(CHORUS_LOG_LEVEL="debug")
        task = made.task(f"init()\n{until(go)}\nresult(result='all done')")
        agent = begun(made, task)
        with moved_away(made.workspace.folder):
            made.wait(lambda: made.output.count(GONE) > 1, "a second look")
        assert agent in made.left()
        go.touch()
        run = made.wait_state(task, "interrupted", "failed")
        assert (run["reason"], run["output"]) == (NO_REPORT, "all done")
        assert made.output.count(f"[WARN] The database cannot be used: {GONE}") == 1


def test_turn_that_ends_while_the_folder_is_away(tmp_path: Path) -> None:
    """And the next one begins: the folder is not made anew in its old place, where it would be in the way."""
    go = tmp_path / "go"
    with bench(tmp_path, start=False) as made:
        made.start(CHORUS_LOG_LEVEL="debug")
        task = made.task(f"init()\n{until(go)}\nresult(result='all done')")
        begun(made, task)
        with moved_away(made.workspace.folder):
            go.touch()
            made.wait(lambda: not made.left() and made.output.count(GONE) > 1, "the agent's own end")
        assert made.wait_state(task, "interrupted", "failed")["reason"] == NO_REPORT
        assert len(made.calls()) == 2


def test_start_without_a_free_descriptor_is_tried_again(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        made.wait_state(made.task("end('first')"), "interrupted")
        with no_descriptor_left(made.runners[0].pid):
            task = made.task("end('second')")
            made.wait(
                lambda: "cannot begin" in made.output or made.run(task)["state"] == "failed", "a start that failed"
            )
        run = made.wait_state(task, "interrupted", "failed")
        assert (run["reason"], run["output"]) == (NO_REPORT, "second")
        made.wait(lambda: any(text.startswith("It cannot begin") for text in texts(made, task)), "a word to people")
        made.workspace.output.close()


def test_run_that_waits_to_be_started_is_cancelled(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        made.wait_state(made.task("end('first')"), "interrupted")
        with no_descriptor_left(made.runners[0].pid):
            task = made.task("end('second')")
            made.wait(lambda: "cannot begin" in made.output, "a start that failed")
            made.do(commands.cancel, made.run(task)["id"])
            made.wait_state(task, "cancelled")
        assert len(made.calls()) == 2, "both of the first task"


def test_workspace_that_is_closed_interrupts(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        task = made.task("init(); time.sleep(300)")
        begun(made, task)
        home = Home(made.home, MODULE)
        home.switch_to(None, now_ms(), problem="It is closed.")
        run = made.wait_state(task, "interrupted", "failed")
        assert (run["state"], run["reason"]) == ("interrupted", "The workspace was closed.")
        assert made.now(task).status == "waiting"
        home.switch_to(made.workspace.folder, now_ms())
        home.close()
        made.do(commands.resume, run["id"])
        begun(made, task)


def test_switch_that_fails_half_way_costs_no_work(tmp_path: Path) -> None:
    """The database was fenced for it, and is not any more: the turn that ended meanwhile is stored and followed."""
    go = tmp_path / "go"
    with bench(tmp_path, start=False) as made:
        made.start(CHORUS_LOG_LEVEL="debug")
        task = made.task(f"init()\n{until(go)}\nresult(result='all done')")
        begun(made, task)
        opening._fence(made.workspace.database.path, MODULE)
        go.touch()
        made.wait(lambda: not made.left() and "has been closed" in made.output, "the agent's own end")
        opening._fence(made.workspace.database.path, MODULE, fenced=False)
        assert made.wait_state(task, "interrupted", "failed")["reason"] == NO_REPORT
        assert len(made.calls()) == 2


def test_workspace_that_is_opened_again_and_again_loses_no_word(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        task = made.task("init()\nfor n in range(3000): say(str(n)); time.sleep(0.0005)\nresult()")
        home = Home(made.home, MODULE)
        while made.run(task)["ended_at"] is None:
            opening.open_again(home, made.workspace.folder, MODULE)
        home.close()
        made.wait(lambda: "2999" in texts(made, task), "its last word")
        assert [text for text in texts(made, task) if text.isdigit()] == [str(n) for n in range(3000)]
        assert made.run(task)["reason"] == NO_REPORT
        made.workspace.output.close()


# --- messages on their way ---


def attend(made: Bench) -> None:
    """Attends the queued run to its end, as a runner does."""

    def claim(tx: WriteTransaction) -> tuple[Run, str]:
        found = lifecycle.claim(tx)
        assert found
        leases.take(tx, found[0]["id"], leases.this_process())
        return found

    house = House(load(made.environ), made.environ, lambda: None, TOOL_SERVER)
    store = Store(made.workspace, lambda: None)
    attendant = Attendant(house, store, *made.do(claim))
    attendant.start()
    attendant.join(20)
    assert not attendant.is_alive()
    store.close_output()


def told(made: Bench, task: Task) -> list[str]:
    return [call["told"] for call in made.calls() if call["env"]["CHORUS_TASK_ID"] == task.id]


def waiting(made: Bench, task: Task) -> list[str]:
    with made.workspace.database.read() as reading:
        return [message["content"] for message in queue.waiting(reading, task.id)]


def task_with_message(made: Bench, prompt: str) -> tuple[Task, str]:
    task = made.task()
    message_id = made.do(queue.enqueue, task.id, "Mind the gap")["id"]
    made.do(commands.start, task.id, "writer", f"#!python\n{prompt}", force=True)
    return task, message_id


def test_message_that_an_agent_is_being_given_is_not_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = starting.start
    refusals: list[type] = []

    def start(*arguments: object) -> AgentProcess:
        with pytest.raises((Conflict, NotFound)) as refusal:
            made.do(queue.withdraw, task.id, message_id)
        refusals.append(refusal.type)
        return really(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(starting, "start", start)
    with bench(tmp_path, start=False) as made:
        task, message_id = task_with_message(made, "end('ok')")
        attend(made)
        assert refusals == [Conflict, NotFound], "on its way, then delivered"
        assert ["Mind the gap" in text for text in told(made, task)] == [True, False]
        assert waiting(made, task) == []
        assert [e["eventType"] for e in made.history(task)].count("message_delivered") == 1


def test_message_of_a_turn_that_did_not_start_waits_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: object) -> AgentProcess:
        raise CannotStart("It cannot.")

    with bench(tmp_path, start=False) as made:
        task, message_id = task_with_message(made, "end('ok')")
        with monkeypatch.context() as patched:
            patched.setattr(starting, "start", start)
            attend(made)
        assert (made.run(task)["state"], waiting(made, task)) == ("failed", ["Mind the gap"])
        made.do(queue.withdraw, task.id, message_id)


def test_message_to_an_agent_that_ends_before_it_begins(tmp_path: Path) -> None:
    with bench(tmp_path, start=False) as made:
        task, _ = task_with_message(made, "sys.exit(3)")
        attend(made)
        assert (made.run(task)["state"], waiting(made, task)) == ("failed", ["Mind the gap"])
        assert "message_delivered" not in [e["eventType"] for e in made.history(task)]


# --- what cannot be ended ---


@needs_root
def test_process_that_cannot_be_killed_holds_nobody_up(tmp_path: Path) -> None:
    """It belongs to another user, as what `sudo` starts; the runner may not kill it."""
    other_user = "os.setresuid(65534, 65534, 65534); print('x', file=sys.stderr); time.sleep(300)"
    with bench(tmp_path, start=False) as made:
        made.wrapper = UNABLE_TO_KILL_OTHERS
        made.start()
        task = made.task(f"init()\nif not os.fork():\n  {other_user}\ntime.sleep(300)")
        agent = begun(made, task)
        made.do(lifecycle.report, made.run(task), REPORT)
        made.wait(lambda: "x" in Path(f"/proc/{agent}/status").read_text() and others(made), "another user's process")
        os.kill(agent, signal.SIGKILL)
        made.wait_state(task, "succeeded", seconds=15)
        left = others(made)
        made.wait(lambda: any("cannot be ended" in text for text in texts(made, task)), "a word to people")
        made.wait_state(made.task("end('next')"), "interrupted")
        assert others(made) == left, "it is the runner's child now, and still not killed"
        made.stop()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        made.workspace.output.close()


@needs_root
def test_run_that_does_not_end_in_time_keeps_its_place(tmp_path: Path) -> None:
    """Its workspace is closed and opened again before its processes are given up."""
    with bench(tmp_path, start=False, CHORUS_PARALLEL_RUNS="1") as made:
        made.wrapper = UNABLE_TO_KILL_OTHERS
        made.start()
        first = made.task("init(); os.setresuid(65534, 65534, 65534); time.sleep(300)")
        begun(made, first)
        made.wait(lambda: others(made), "another user's process")
        second = made.task("end('next')")
        home = Home(made.home, MODULE)
        home.switch_to(None, now_ms(), problem="It is closed.")
        made.wait(lambda: "has not ended yet" in made.output, "the runner goes on")
        assert made.run(first)["state"] == "running"
        home.switch_to(made.workspace.folder, now_ms())
        home.close()
        made.wait_state(second, "interrupted")
        first_run, second_run = made.run(first), made.run(second)
        assert (first_run["state"], first_run["reason"]) == ("interrupted", "The workspace was closed.")
        assert second_run["started_at"] >= first_run["ended_at"]
        left = others(made)
        made.stop()
        for pid in left:
            os.kill(pid, signal.SIGKILL)


def others(made: Bench) -> list[int]:
    return [pid for pid in made.left() if os.stat(f"/proc/{pid}").st_uid == 65534]


CLOSE = """
import os, signal, sys, time
from pathlib import Path
from runner.process import AgentProcess, Command
process = AgentProcess("run", Command(["/bin/sleep", "300"], {}, Path("/"), Path("/dev/null"), 8))
os.kill(process._keeper.pid, signal.SIGSTOP)
began = time.monotonic()
process.close()
print(round(time.monotonic() - began), process.processes[1][0])
"""


def test_closing_does_not_wait_for_a_keeper_that_is_stopped() -> None:
    """In a process of its own: what it kills are all of its children."""
    ended = subprocess.run([sys.executable, "-c", CLOSE], cwd=ROOT, capture_output=True, text=True, timeout=30)
    seconds, pid = map(int, ended.stdout.split())
    assert seconds < 10, ended.stderr
    assert proctree.identity(pid) is None


def test_programs_start_while_orphans_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ending, release = threading.Event(), threading.Event()
    was_released = []

    def slow(*_: object) -> list[int]:
        ending.set()
        was_released.append(release.wait(10))
        return []

    monkeypatch.setattr(proctree, "kill", slow)
    sweeper = threading.Thread(target=AgentProcess.end_strangers, args=(5.0,))
    sweeper.start()
    assert ending.wait(5)
    (tmp_path / "stdin").touch()
    process = AgentProcess("run", Command(["/bin/true"], {}, tmp_path, tmp_path / "stdin", 8))
    AgentProcess.end_strangers()  # as the runner's loop does: it does not wait for the other
    release.set()
    process.close()
    sweeper.join()
    assert was_released == [True]


def test_attendant_that_does_not_end_keeps_its_place(tmp_path: Path) -> None:
    """Its end cannot be stored: the runner that is to leave the workspace neither waits for ever nor forgets it."""
    with bench(tmp_path, start=False) as made:
        task = made.task("init(); time.sleep(300)")
        house = House(load(made.environ), made.environ, lambda: None, TOOL_SERVER)
        store = Store(made.workspace, lambda: None)
        claimed = made.do(lifecycle.claim)
        assert claimed
        attendant = Attendant(house, store, *claimed)
        attendant.start()
        made.wait(lambda: made.run(task)["session_id"], "a session")
        with moved_away(made.workspace.folder):
            attendant.stop(Stop.SERVER)
            wait_for(lambda: not made.left(), 10, "the agent's end")
            attendant.join(1)
            assert attendant.is_alive()
        attendant.join(10)
        assert made.run(task)["reason"] == "The server was stopped."
        store.close_output()


def test_closed_workspace_that_cannot_be_written_is_left(tmp_path: Path) -> None:
    with bench(tmp_path, start=False) as made:
        task = made.task("init(); time.sleep(300)")
        house = House(load(made.environ), made.environ, lambda: None, TOOL_SERVER)
        store = Store(made.workspace, lambda: None)
        claimed = made.do(lifecycle.claim)
        assert claimed
        attendant = Attendant(house, store, *claimed)
        attendant.start()
        made.wait(lambda: made.run(task)["session_id"], "a session")
        with moved_away(made.workspace.folder):
            store.close()
            attendant.stop(Stop.WORKSPACE)
            attendant.join(10)
            assert not attendant.is_alive()
        assert made.run(task)["state"] == "running", "whoever opens it next interrupts it"
        store.close_output()
