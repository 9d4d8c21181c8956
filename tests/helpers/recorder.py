"""Records what one client of the real servers sees: a golden transcript, whose lines tests/js/replay.mjs describes.

`python -m tests.helpers.recorder tests/js/transcripts/workspace.jsonl` makes the one that is kept, anew.
"""

import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.helpers.server import Server, running
from tests.helpers.workspace import SOURCE

WAIT_S = 15.0
SETTINGS = {"CHORUS_HEARTBEAT_MS": "3000"}  # it may be three of them late, while it asks for things
CLAUDE = {"name": "claude", "providerType": {"type": "claude-code"}}
OPENAI = {
    "type": "openai-compat",
    "apiBaseUrl": "http://localhost:1/v1",
    "apiKey": "sk-0123456789ab",
    "defaultModel": "m",
}
CONFIG = {"allowedAgentDirectories": ["/srv"], "initialAgentDirectory": "/srv", "systemAgentProvider": "claude"}


class Recorder:
    """A client that keeps the protocol and writes down what it gets. `lines` is the transcript so far."""

    def __init__(self, server: Server) -> None:
        self.lines: list[dict[str, Any]] = []
        self._server = server
        self._connection = ExitStack()
        self._socket: ClientConnection | None = None
        self._epoch, self._cursor = "", 0

    def snapshot(self, key: str = "snapshot") -> None:
        taken = self._server.json("GET", "/api/snapshot")
        self.lines.append({key: taken})
        self._epoch, self._cursor = taken["epoch"], taken["seq"]

    def open(self) -> None:
        made = connect(self._server.ws_url, compression=None, open_timeout=WAIT_S)
        self._socket = self._connection.enter_context(made)
        self.lines.append({"socket": "open"})
        self.subscribe()

    def subscribe(self) -> None:
        self._send(type="subscribe", protocol=1, epoch=self._epoch, since=self._cursor)

    def close(self) -> None:
        self._connection.close()
        self.lines.append({"socket": "close", "code": 1006})

    def read(self, until: str) -> None:
        """Frames up to one of the type `until`; `head`: up to the head of the log."""
        head = self._server.json("GET", "/api/snapshot")["seq"] if until == "head" else None
        while self._cursor != head and self._read() != until:
            pass

    def _read(self) -> str:
        assert self._socket
        frame = json.loads(self._socket.recv(WAIT_S))
        self.lines.append({"frame": frame})
        kind: str = frame["type"]
        if kind == "heartbeat":
            self._send(type="pong", seq=frame["seq"])
        elif kind != "welcome" and "seq" in frame:
            self._cursor = frame["seq"]
        return kind

    def _send(self, **message: Any) -> None:
        assert self._socket
        self._socket.send(json.dumps(message))

    def text(self) -> str:
        return "".join(f"{json.dumps(line, ensure_ascii=False, separators=(',', ':'))}\n" for line in self.lines)


def record(home: Path) -> str:
    """A life with all kinds of things, a broken connection, a killed sidecar and another workspace."""
    with running(home, **SETTINGS) as server:
        client = Recorder(server)
        client.snapshot()
        client.open()
        client.read("welcome")
        task = _live(server)
        client.read("head")
        client.read("heartbeat")
        client.close()
        _go_on(server, task)
        client.open()
        client.read("head")
        server.kill(server.arbiter("wsserver"))
        client.close()
        server.json("POST", f"/api/tasks/{task}/queue", {"content": "while nobody listened"})
        server.wait_ready()
        client.open()
        client.read("head")
        first = server.json("GET", "/api/snapshot")["configPath"]
        for verb, path in (("create", str(home / "second")), ("select", first)):
            server.json("POST", f"/api/config/{verb}", {"path": path, "stopRuns": True})
            client.read("resync")
            client.snapshot()
            client.subscribe()
            client.read("welcome")
            server.json("POST", "/api/tasks", {"description": verb, "source": SOURCE})
            client.read("head")
        client.snapshot("final")
        client.close()
        client.lines.pop()  # the transcript ends with its final state
        return client.text()


def _live(server: Server) -> str:
    """Tasks, a plan, files, messages, providers, agents, settings, a run; returns a task's id."""
    task: str = server.json("POST", "/api/tasks", {"description": "Wörds 🗑 " + "x" * 3_000, "source": SOURCE})["id"]
    server.json("PUT", f"/api/tasks/{task}/planning", {"summary": "s", "plan": ["a", "b"]})
    server.json("POST", f"/api/tasks/{task}/attachments?filename=a.txt", b"x")
    message = server.json("POST", f"/api/tasks/{task}/queue", {"content": "Mind the commas"})["id"]
    server.json("DELETE", f"/api/tasks/{task}/queue/{message}")
    server.json("POST", "/api/providers", CLAUDE)
    server.json("POST", "/api/providers", {"name": "local", "providerType": OPENAI})
    writer = server.json("GET", "/api/agents/writer")
    server.json("PUT", "/api/agents/writer", writer | {"provider": "local", "model": "m"})
    server.json("PUT", "/api/config", CONFIG)
    server.json("POST", f"/api/tasks/{task}/handoff", {"agentName": "writer", "prompt": "p"})
    return task


def _go_on(server: Server, task: str) -> None:
    """What a client misses: several kinds in one transaction, deletions and their undo."""
    token = server.json("DELETE", "/api/providers/local")["undo"]
    server.json("POST", f"/api/undo/{token}")
    server.json("DELETE", "/api/agents/editor")
    other = server.json("POST", "/api/tasks", {"description": "Short life", "source": SOURCE})["id"]
    server.json("DELETE", f"/api/tasks/{other}")
    server.json("DELETE", f"/api/tasks/{task}/attachments/a.txt")
    server.json("POST", "/api/access-tokens", {"name": "ci"})


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        Path(sys.argv[1]).write_text(record(Path(folder) / "home"))
