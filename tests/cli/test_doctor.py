"""`chorus doctor`: each thing that can be wrong is named, with what to do."""

import contextlib
import json
import re
import socket
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from cli.checks import Finding, Level, database, home, network, settings, versions
from common import queue
from common.db import sqlite
from common.db.home import DATABASE
from common.settings import load
from core.attachments import verbs as attachments
from core.config.file import CONFIG_FILE
from core.tasks import verbs
from core.workspaces.current import Workspace
from tests.cli.conftest import Chorus
from tests.helpers.server import Server, running
from tests.helpers.workspace import SOURCE, open_workspace

MODULE = sqlite.library("bundled")


def bad(findings: Iterator[Finding]) -> dict[str, str]:
    """What is not right, by subject."""
    return {finding.subject: finding.text for finding in findings if finding.level is not Level.OK}


# -- pure


def test_packages() -> None:
    listed = "# comment\na==1.0\n\nb==2.0\n"
    assert versions.packages(listed, {"a": "1.0", "b": "2.0"}.get).level is Level.OK
    other = versions.packages(listed, {"a": "1.0", "b": "2.1"}.get)
    assert (other.level, other.text.partition(". ")[0]) == (Level.WARNING, "b 2.1 instead of 2.0")
    assert versions.packages(listed, {"a": "1.0"}.get).text.startswith("missing: b.")


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"CHORUS_PUBLIC_WS_URL": "wss://board.example/ws"}, "CHORUS_PUBLIC_URL is not"),
        (
            {"CHORUS_PUBLIC_URL": "https://board.example", "CHORUS_PUBLIC_WS_URL": "ws://board.example/ws"},
            "Use wss://board.example/ws",
        ),
        ({"CHORUS_PUBLIC_URL": "https://a.example", "CHORUS_PUBLIC_WS_URL": "wss://a.example/live"}, "at /ws"),
    ],
)
def test_addresses_that_do_not_fit(environ: dict[str, str], says: str) -> None:
    assert says in bad(settings.check(load(environ)))["settings"]


def test_addresses_that_fit() -> None:
    assert bad(settings.check(load({}))) == {}
    assert bad(settings.check(load({"CHORUS_PUBLIC_URL": "https://a.example"}))).keys() == {"access"}


@pytest.mark.parametrize(
    ("status", "message", "says"),
    [
        (400, "Bad Request", "the headers Upgrade and Connection are missing"),
        (403, "The Host header 'x' is not one of this server's names.", "changes the Host header"),
        (403, "The origin 'https://x' may not use this server.", "The origin"),
        (404, "", "must be sent to the WebSocket port"),
        (503, "", "sidecar is not ready"),
    ],
)
def test_refused_handshakes(status: int, message: str, says: str) -> None:
    body = json.dumps({"error": {"message": message}}).encode() if message else b"<html>"
    assert says in network.refused("ws://x/ws", status, body)


def test_room_on_the_disk(tmp_path: Path) -> None:
    found = [home.room(tmp_path, free).level for free in (50 * 2**20, 500 * 2**20, 5 * 2**30)]
    assert found == [Level.PROBLEM, Level.WARNING, Level.OK]


# -- the workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "home") as opened:
        with opened.database.write() as tx:
            verbs.create(tx, "x", SOURCE)
        yield opened


def test_sound_workspace(tmp_path: Path, workspace: Workspace) -> None:
    assert bad(database.check(tmp_path / "home", MODULE)) == {}
    assert bad(home.check(tmp_path / "home")).keys() <= {"disk"}
    (tmp_path / "home").chmod(0o755)
    assert "chmod 700" in bad(home.check(tmp_path / "home"))["home"]


def test_missing_file_edited_configuration_and_hole_in_the_log(tmp_path: Path, workspace: Workspace) -> None:
    with workspace.database.write() as tx:
        task = verbs.create(tx, "x", SOURCE)
        attachments.attach(tx, task.id, "no-such-file", "a.txt", 3)
    with workspace.database.write() as tx:
        verbs.create(tx, "x", SOURCE)
    with contextlib.closing(sqlite3.connect(workspace.folder / DATABASE)) as opened:
        opened.execute("DELETE FROM events WHERE seq = 2")
        opened.commit()
    (workspace.folder / CONFIG_FILE).write_text("{}")
    found = bad(database.check(tmp_path / "home", MODULE))
    assert found.keys() == {"attachments", "chorus.json", "log"}
    assert "1 file missing" in found["attachments"]
    assert "chorus restore" in found["attachments"]
    assert "holes" in found["log"]


def test_damaged_database(tmp_path: Path, workspace: Workspace) -> None:
    workspace.close()
    raw = bytearray((workspace.folder / DATABASE).read_bytes())
    raw[8_192:60_000] = b"\xff" * (60_000 - 8_192)
    (workspace.folder / DATABASE).write_bytes(raw)
    found = bad(database.check(tmp_path / "home", MODULE))
    assert found.keys() <= {"database", "workspace"}
    assert "chorus restore" in "".join(found.values())


def test_port_that_another_program_has(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        first, _ = network.check_ports(load({"CHORUS_PORT": str(port)}), served=False)  # the next port may be taken too
    assert first.level is Level.PROBLEM
    assert f"{port} (HTTP) is used by another program" in first.text


def test_runner_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert "agents wait" in bad(iter([home.runner(tmp_path)]))["runner"]
    with queue.listen(queue.bell_path(tmp_path, queue.RUNNER)):
        assert bad(iter([home.runner(tmp_path)])) == {}


class _Login(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(401)

    def log_message(self, *_: object) -> None:
        pass


def test_proxy_that_asks_for_a_login() -> None:
    with HTTPServer(("127.0.0.1", 0), _Login) as login:
        asked = threading.Thread(target=login.handle_request)
        asked.start()
        [found] = network.check_proxy(f"http://127.0.0.1:{login.server_port}")
        asked.join()
    assert found.level is Level.WARNING
    assert "401" in found.text
    assert "login" in found.text


# -- whole


@pytest.mark.processes
def test_running_server(chorus: Chorus, server: Server, tmp_path: Path) -> None:
    fine = chorus("doctor")
    assert fine.status == 0, fine.out
    assert f"{server.ws_port} (WebSocket) is used by this server" in fine.out
    assert re.search(rf"access +pages of http://127.0.0.1:{server.port}, http://localhost:{server.port}\n", fine.out)
    assert f"ws://127.0.0.1:{server.ws_port}/ws opens for pages" in fine.out
    assert re.search(r"^ok +runner ", fine.out, re.MULTILINE)
    found = json.loads(chorus("doctor", "--json", home=tmp_path / "none", CHORUS_PORT=str(server.port)).out)
    problems = [finding["text"] for finding in found if finding["level"] == "problem"]
    assert len(problems) == 2
    assert all("another program" in text for text in problems)
    assert not (tmp_path / "none").exists()
    wrong = chorus("doctor", CHORUS_PORT="http")
    assert (wrong.status, re.findall(r"^problem +settings +CHORUS_PORT=http", wrong.out)) != (0, [])


@pytest.mark.processes
def test_reverse_proxy(chorus: Chorus, tmp_path: Path) -> None:
    with running(tmp_path / "home", mode="nginx") as proxied:
        public = f"http://localhost:{proxied.front_port}"
        fine = chorus("doctor", home=proxied.home, CHORUS_PUBLIC_URL=public)
        assert fine.status == 0, fine.out
        assert f"{public} reaches the HTTP server" in fine.out
        assert f"/ws opens for pages of {public}" in fine.out
        other = chorus("doctor", home=proxied.home, CHORUS_PUBLIC_URL=f"http://127.0.0.1:{proxied.front_port}")
        assert other.status == 1
        assert "changes the Host header" in other.out
