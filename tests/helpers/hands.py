"""An agent's hands: claims a server's runs in its runner's place, and calls the tools over HTTP with their tokens."""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from common.db import sqlite
from common.db.home import Home
from common.events import TaskStatus
from common.queue import OUTPUT, Bell, bell_path
from common.settings import load
from core.board import commands, lifecycle
from core.output.writer import OutputWriter
from core.tasks import records
from core.tasks import verbs as tasks
from core.workspaces.current import CurrentWorkspace, Workspace
from tests.helpers.server import Server
from tests.helpers.workspace import SOURCE


class Hand:
    """One run at work: `call` its tools, and `end` its process."""

    def __init__(self, server: Server, workspace: Workspace, run: Any, token: str) -> None:
        self._server = server
        self._workspace = workspace
        self._token = token
        self.run_id: str = run["id"]
        self.task_id: str = run["task_id"]
        self.told: str = run["input"]

    def call(self, tool: str, **arguments: Any) -> Any:
        """The tool's answer, which must be a success; a hand-off does not wait."""
        headers = {"Authorization": f"Bearer {self._token}", "Prefer": "respond-async"}
        path = f"/api/tasks/{self.task_id}/tools"
        status, _, raw = self._server.request("POST", path, {"tool": tool, **arguments}, **headers)
        assert status < 300, f"{tool}: {status} {raw[:500]!r}"
        return json.loads(raw)

    def end(self, output: str = "", *, crashed: bool = False) -> str:
        """The process is gone; returns the moment."""
        with self._workspace.database.write() as tx:
            lifecycle.end(tx, self.run_id, output, crashed=crashed)
            return str(tx.position)

    def report(self, summary: str, output: str, status: str = "complete", **more: Any) -> str:
        """Reports and ends."""
        self.call("completion-report", status=status, summary=summary, output=output, **more)
        return self.end(output)


class Hands:
    """All agents of a server."""

    def __init__(self, server: Server, workspace: Workspace, ring_output: Callable[[], None]) -> None:
        self._server = server
        self._workspace = workspace
        self._ring_output = ring_output

    def take(self) -> Hand:
        """The oldest queued run, now running."""
        with self._workspace.database.write() as tx:
            claimed = lifecycle.claim(tx)
        assert claimed, "no run is queued"
        with self._workspace.database.write() as tx:
            run = lifecycle.mark_running(tx, claimed[0]["id"], "session-1")
        return Hand(self._server, self._workspace, run, claimed[1])

    def voice(self) -> OutputWriter:
        """Writes what agents say; to be closed."""
        return self._workspace.write_output(self._ring_output)

    def create(self, texts: list[str], *, archived: bool = False) -> list[str]:
        """Many tasks in one transaction; the archived ones had failed. Returns their ids."""
        with self._workspace.database.write() as tx:
            ids = [tasks.create(tx, text, SOURCE).id for text in texts]
            for task_id in ids if archived else []:
                commands.change_status(tx, task_id, TaskStatus.FAILED, "", None)
                records.archive(tx, records.load(tx, task_id))
        return ids


@contextlib.contextmanager
def hands(server: Server) -> Iterator[Hands]:
    """Works in the server's own workspace, and rings its sidecar after each commit. The runner sleeps meanwhile."""
    runners = server.pids("runner")
    for pid in runners:
        server.stop(pid)
    settings = load(server.environ)
    module = sqlite.library(settings.sqlite)
    bell, output_bell = Bell(bell_path(settings.home)), Bell(bell_path(settings.home, OUTPUT))
    current = CurrentWorkspace(Home(settings.home, module), module, bell.ring)
    try:
        yield Hands(server, current.get(), output_bell.ring)
    finally:
        current.close()
        bell.close()
        output_bell.close()
        for pid in runners:
            server.cont(pid)


def employ(server: Server, *names: str) -> None:
    """A provider for the planner, and these agents on it; what else is there stays without one."""
    provider = {"name": "claude", "providerType": {"type": "claude-code"}}
    server.json("PUT", "/api/providers/claude", provider)
    config = {"allowedAgentDirectories": [], "initialAgentDirectory": "", "systemAgentProvider": "claude"}
    assert server.request("PUT", "/api/config", config)[0] == 200
    for name in names:
        agent = server.json("GET", f"/api/agents/{name}") | {"provider": "claude", "allowedTools": ["handoff"]}
        server.json("PUT", f"/api/agents/{name}", agent)
