"""`chorus status` and `chorus tasks` against a running server."""

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import main
from common.settings import ROOT
from tests.cli.conftest import Chorus
from tests.helpers.processes import wait_for
from tests.helpers.server import Server

pytestmark = pytest.mark.processes


def test_create_list_show(chorus: Chorus, tmp_path: Path) -> None:
    (tmp_path / "notes é.md").write_text("hello")
    made = chorus("tasks", "create", "Tell \x1b[31motters", "--attach", "notes é.md")
    task_id = made.out.strip()
    assert (made.status, made.err) == (0, "")
    other = json.loads(chorus("tasks", "create", "--json", stdin="From stdin\nsecond line\n").out)
    assert (other["description"], other["source"]["sourceType"]) == ("From stdin\nsecond line", "terminal")

    listed = chorus("tasks", "list", "--q", "otter").out
    assert listed == f"{task_id[:8]}  pending    Tell otters\n"
    shown = chorus("tasks", "show", task_id[:6])
    assert "notes é.md (5 B)" in shown.out
    assert json.loads(chorus("tasks", "show", task_id, "--json").out)["description"] == "Tell \x1b[31motters"
    assert chorus("tasks", "list", "--archived").out == "No tasks.\n"


@pytest.mark.parametrize(
    ("arguments", "stdin", "sentence"),
    [
        (["tasks", "create"], " \n", "The description is empty"),
        (["tasks", "create"], b"\xff", "not UTF-8"),
        (["tasks", "create", "x" * 65_537], "", "64 KiB at most"),
        (["tasks", "show", "abc"], "", "at least the first 4"),
        (["tasks", "show", "ffff0"], "", "No task's id begins with 'ffff0'"),
        (["tasks", "show", "00000000-0000-4000-8000-000000000000"], "", "There is no such task"),
        (["--url", "board", "status"], "", "no address"),
    ],
)
def test_wrong_input(chorus: Chorus, arguments: list[str], stdin: str, sentence: str) -> None:
    ended = chorus(*arguments, stdin=stdin)
    assert (ended.status, ended.out) == (1, "")
    assert re.fullmatch(r"Error: [^\n]+[.]\n", ended.err)
    assert sentence in ended.err


def test_status(chorus: Chorus, server: Server, tmp_path: Path) -> None:
    task_id = chorus("tasks", "create", "Will fail").out.strip()
    server.json("PUT", f"/api/tasks/{task_id}/status", {"status": {"type": "failed", "message": "no"}})
    found = json.loads(chorus("status", "--json").out)
    assert found["live"]
    assert found["workspace"].startswith(str(server.home))
    assert task_id in [task["id"] for task in found["needsYou"]]
    text = chorus("status").out
    assert f"Running    http://127.0.0.1:{server.port}" in text
    assert f"{task_id[:8]}  failed  Will fail" in text
    gone = chorus("status", home=tmp_path / "nobody", CHORUS_PORT="1")
    assert gone.status == 3
    assert "No Chorus answers at http://127.0.0.1:1" in gone.err
    assert "make run" in gone.err


def test_help_of_every_command(chorus: Chorus) -> None:
    commands = re.findall(r"^  (\w+)  ", chorus("--help").out, re.MULTILINE)
    assert commands == ["status", "tasks", "backup", "restore", "export", "import", "doctor"]
    for command in commands:
        shown = CliRunner().invoke(main.chorus, [command, "--help"], prog_name="chorus")
        assert shown.output.startswith(f"Usage: chorus {command}")


def test_follow_to_another_workspace(chorus: Chorus, server: Server, tmp_path: Path) -> None:
    """It reads the board anew when the server says so, on the same connection."""
    output = tmp_path / "out"
    environ = {name: value for name, value in server.environ.items() if name != "CHORUS_PORT"}
    first = server.json("GET", "/api/snapshot")["configPath"]
    with open(output, "wb") as out:
        follower = subprocess.Popen([str(ROOT / "chorus"), "tasks", "follow", "--json"], env=environ, stdout=out)

    def lines() -> list[str]:
        return [json.loads(line)["type"] for line in output.read_text().splitlines()]

    def shown(*expected: str) -> None:
        wait_for(lambda: lines() == list(expected), 15, f"lines {expected}", lambda: str(lines()))

    try:
        shown("welcome")
        server.json("POST", "/api/config/create", {"path": str(tmp_path / "other"), "stopRuns": True})
        shown("welcome", "resync", "welcome")
        chorus("tasks", "create", "In the other one")
        shown("welcome", "resync", "welcome", "task_created")
    finally:
        follower.kill()
        follower.wait()
        server.json("POST", "/api/config/select", {"path": first, "stopRuns": True})


def test_follow(chorus: Chorus, server: Server, tmp_path: Path) -> None:
    """Events as they happen, also across a killed sidecar; Ctrl-C ends it with status 0."""
    output, errors = tmp_path / "out", tmp_path / "err"
    environ = {name: value for name, value in server.environ.items() if name != "CHORUS_PORT"}
    watched = chorus("tasks", "create", "Watched").out.strip()
    with open(output, "wb") as out, open(errors, "wb") as err:
        command = [str(ROOT / "chorus"), "tasks", "follow", watched[:8], "--json"]
        follower = subprocess.Popen(command, env=environ, stdout=out, stderr=err)

    def lines() -> list[str]:
        return [json.loads(line)["type"] for line in output.read_text().splitlines()]

    def shown(*expected: str) -> None:
        wait_for(lambda: lines() == list(expected), 15, f"lines {expected}", lambda: f"{lines()} {errors.read_text()}")

    try:
        shown("welcome")
        chorus("tasks", "create", "Not watched")
        server.json("PATCH", f"/api/tasks/{watched}", {"description": "Changed"})
        shown("welcome", "task_updated")
        server.kill(server.arbiter("wsserver"))
        wait_for(lambda: "Not live" in errors.read_text(), 10, "it says that it is not live")
        server.json("PATCH", f"/api/tasks/{watched}", {"description": "Missed?"})
        shown("welcome", "task_updated", "welcome", "task_updated")
        assert "Live again." in errors.read_text()
        follower.send_signal(signal.SIGINT)
        assert follower.wait(10) == 0
        assert "Traceback" not in errors.read_text()
    finally:
        follower.kill()
        follower.wait()
        server.wait_ready()
