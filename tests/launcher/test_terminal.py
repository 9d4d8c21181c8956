"""What stands in the terminal of `make run`: the address, what agents do, what goes wrong; installations in a line."""

import os
import subprocess
from pathlib import Path

import pytest

from common.settings import ROOT
from tests.helpers.processes import wait_for
from tests.helpers.runner import install_fake_claude
from tests.helpers.server import Server, running

SOURCE = {"sourceType": "test", "userId": "tester", "conversationId": None}
WITHOUT_REPORT = "It ended without a completion report."
# Stands in for python3, and for the one that it puts into .venv; each installation warns.
PYTHON = """#!/bin/sh
case "$*" in
    "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python && echo "WARNING: venv" >&2 ;;
    "-m pip "*) echo "WARNING: You should upgrade pip" >&2; echo "Collecting flask"; exit {status} ;;
    "-m launcher"*) echo "Chorus is at $*" ;;
esac
"""


def hire(server: Server) -> None:
    """A writer on the fake program."""
    server.json("POST", "/api/providers", {"name": "claude", "providerType": {"type": "claude-code"}})
    agent = {"type": "user_defined", "name": "poet", "instructions": "You write.", "allowedTools": []}
    server.json("POST", "/api/agents", agent | {"provider": "claude", "model": None})


def messages(server: Server) -> list[str]:
    """The lines so far, without their times."""
    return [line.partition("Z] ")[2] or line for line in server.output.splitlines()]


def work(server: Server) -> str:
    """An agent works and ends; returns the line that says so."""
    task = server.json("POST", "/api/tasks", {"description": "secret words", "source": SOURCE})
    prompt = {"agentName": "poet", "prompt": "#!python\nend('said')", "force": True}
    server.json("POST", f"/api/tasks/{task['id']}/handoff", prompt)
    end = f"[INFO] Task {task['id'][:8]}: poet was interrupted: {WITHOUT_REPORT} It can be resumed."
    wait_for(lambda: end in messages(server), 15, end, lambda: server.output)
    return end


@pytest.mark.processes
def test_agents_and_no_requests(tmp_path: Path) -> None:
    install_fake_claude(tmp_path / "bin" / "claude")
    with running(tmp_path / "home", PATH=f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}") as server:
        wait_for(lambda: "Chorus is at" in server.output, 5, "the address", lambda: server.output)
        hire(server)
        end = work(server)
        assert messages(server) == [
            f"Chorus is at http://127.0.0.1:{server.port}",
            end.replace(f"was interrupted: {WITHOUT_REPORT} It can be resumed.", "starts."),
            end,
        ]


@pytest.mark.processes
def test_requests_for_those_who_debug(tmp_path: Path) -> None:
    with running(tmp_path / "home", CHORUS_LOG_LEVEL="debug") as server:
        server.json("GET", "/api/tasks")
        wait_for(lambda: "[DEBUG] GET /api/tasks -> 200 (" in server.output, 5, "the request", lambda: server.output)


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A copy of what `make run` reads before it starts Chorus, on a machine without an environment."""
    for name in ("Makefile", "requirements.txt", ".ci/need", ".ci/quietly"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
        (tmp_path / name).chmod(0o755)
    return tmp_path


def make_run(folder: Path, pip_status: int) -> subprocess.CompletedProcess[str]:
    python = folder / "python"
    python.write_text(PYTHON.format(status=pip_status))
    python.chmod(0o755)
    command = ["make", "run", f"PYTHON={python}", "PORT=4711"]
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def test_first_start_installs_in_two_lines(fresh: Path) -> None:
    first, second = make_run(fresh, 0), make_run(fresh, 0)
    assert first.returncode == second.returncode == 0
    assert first.stdout == second.stdout == "Chorus is at -m launcher --port 4711\n"
    assert [line[:12] for line in first.stderr.splitlines()] == ["Making .venv", "Installing C"]
    assert second.stderr == ""
    assert "WARNING: You should upgrade pip" in (fresh / ".venv" / "run.log").read_text()


def test_failed_installation_shows_all(fresh: Path) -> None:
    for _ in range(2):  # it is tried again by the next one
        failed = make_run(fresh, 1)
        assert failed.returncode != 0
        assert "WARNING: You should upgrade pip\nCollecting flask\n" in failed.stderr
        assert "This failed: .venv/bin/python -m pip" in failed.stderr
        assert "Chorus is at" not in failed.stdout
