"""`chorus-tools` as agents call it: JSON in, JSON out, true exit statuses, patience."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agenttools.client import Client, Unreachable
from core.workspaces.current import Workspace
from tests.agenttools.environment import equipped, of
from tests.helpers.agents import Worker, at_work, claimed, entries
from tests.helpers.processes import wait_for
from tests.helpers.server import WEBAPP, Server
from tests.helpers.workspace import open_workspace

pytestmark = pytest.mark.processes
COMMAND = [sys.executable, "-m", "agenttools"]


def run(
    environ: dict[str, str], *arguments: str, text: str = "", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], env=environ, input=text, capture_output=True, text=True, timeout=30, cwd=cwd
    )


def call(environ: dict[str, str], tool: str, **arguments: Any) -> subprocess.CompletedProcess[str]:
    return run(environ, json.dumps({"tool": tool, **arguments}))


def test_results_and_refusals_have_their_own_status(server: Server, worker: Worker, folder: Path) -> None:
    """(B14, B17)"""
    environ = of(worker, server)
    done = call(environ, "file.create", path="c.txt", content="x")
    assert (done.returncode, json.loads(done.stdout)["success"], done.stderr) == (0, True, "")
    refused = call(environ, "file.create", path="c.txt", content="x")
    assert (refused.returncode, refused.stdout) == (1, "")
    error = json.loads(refused.stderr)["error"]
    assert error["code"] == "CONFLICT"
    assert "file.write" in error["message"]
    piped = run(environ, text='{"tool": "file.read", "path": "c.txt"}', cwd=folder)
    assert json.loads(piped.stdout)["content"] == "     1\tx"


@pytest.mark.parametrize("arguments", [["{"], ["[]"], ["{}"], ['{"tool": 5}'], ["help", "{}"]])
def test_wrong_usage_is_told(arguments: list[str]) -> None:
    told = run({}, *arguments)
    assert (told.returncode, told.stdout) == (2, "")
    assert json.loads(told.stderr)["error"]["code"] == "USAGE"


def test_help_and_missing_environment() -> None:
    assert "Usage" in run({}, "--help").stdout
    told = call({}, "help")
    assert told.returncode == 2
    assert "CHORUS_TOKEN" in told.stderr


def test_modules_are_not_taken_from_the_working_folder(server: Server, worker: Worker, folder: Path) -> None:
    """An agent that may write files must not get its code run by the tools' own process."""
    for name in ("json.py", "agenttools.py", "http.py"):
        worker.call("file.create", path=name, content="raise SystemExit('taken over')")
    try:
        told = run(of(worker, server), '{"tool": "help"}', cwd=folder)
        assert told.returncode == 0, told.stderr
    finally:
        for name in ("json.py", "agenttools.py", "http.py"):
            (folder / name).unlink()


def test_calls_survive_a_restart_of_the_server(tmp_path: Path) -> None:
    """One waits for a hand-off and one begins while nobody listens."""
    with equipped(tmp_path / "home") as server, open_workspace(server.home) as workspace:
        worker = at_work(workspace)
        hand_off = json.dumps({"tool": "handoff", "agentName": "editor", "prompt": "Review it"})
        late = json.dumps({"tool": "file.create", "path": "late.txt", "content": "1"})
        with start(of(worker, server), hand_off) as waiting:
            wait_for(lambda: entries(workspace, worker.task_id), 10, "hand-off")
            kill_webapp(server)
            child = claimed(workspace)
            with start(of(child, server), late) as begun_without:
                server.spawn(WEBAPP)
                begun_without.communicate(timeout=30)
            child.call("completion-report", status="complete", summary="approved", output="all")
            child.end("APPROVED")
            out, err = waiting.communicate(timeout=30)
        calls = [entry["tool"] for entry in entries(workspace, worker.task_id)]
    assert (waiting.returncode, err) == (0, b"")
    told = json.loads(out)
    assert (told["agent_name"], told["output"], told["state"]) == ("editor", "APPROVED", "succeeded")
    assert told["report"]["summary"] == "approved"
    assert begun_without.returncode == 0
    assert calls == ["handoff", "file.create", "completion-report"]


def start(environ: dict[str, str], argument: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([*COMMAND, argument], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def kill_webapp(server: Server) -> None:
    """As if the machine had taken it: the arbiter and all workers at once."""
    for pid in server.pids("webapp"):
        server.kill(pid)
    dead = next(started for started in server._started if "wsserver" not in str(started.args))
    dead.wait()
    server._started.remove(dead)
    wait_for(lambda: not server.pids("webapp"), 10, "no web process")


def test_dead_token_is_told(server: Server, workspace: Workspace) -> None:
    worker = at_work(workspace)
    worker.end()
    told = call(of(worker, server), "help")
    assert told.returncode == 1
    assert json.loads(told.stderr)["error"]["code"] == "UNAUTHORIZED"


def test_unreachable_server_is_told() -> None:
    began = time.monotonic()
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9"):
        Client("http://127.0.0.1:9", "t", patience_s=0.3).call("help", {})
    assert time.monotonic() - began < 3
