"""Agents at work without a process: runs that are claimed, with their tokens, for tests of what agents may do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from common.db.write import WriteTransaction
from core.agents import verbs as agents
from core.board import commands, lifecycle
from core.config import verbs as config
from core.idempotency import Answer, Request
from core.providers import verbs as providers
from core.runs import leases
from core.runs.records import Run
from core.tasks import history
from core.tasks import verbs as tasks
from core.tools import calls
from core.workspaces.current import Workspace
from tests.helpers.workspace import SOURCE

T = TypeVar("T")
EVERYTHING = [
    *("file.read", "file.create", "file.write", "file.patch", "file.delete", "file.list", "file.search"),
    *("task.get", "task.list", "handoff"),
]


def do(workspace: Workspace, verb: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """A verb in a transaction of its own."""
    with workspace.database.write() as tx:
        return verb(tx, *arguments, **named)


def equip(workspace: Workspace, *folders: Path, names: tuple[str, ...] = ("writer", "editor"), start: str = "") -> None:
    """A provider, agents that may use every tool, and the folders they may work in."""
    do(workspace, providers.create, {"name": "claude", "provider_type": {"type": "claude-code"}})
    for name in names:
        body = {"type": "user_defined", "instructions": "", "allowed_tools": EVERYTHING, "provider": "claude"}
        do(workspace, agents.replace, name, body | {"name": name}, None)
    allow(workspace, *folders, start=start)


def allow(workspace: Workspace, *folders: Path, start: str = "") -> None:
    """The folders agents may work in."""
    body = {"allowed_directories": [str(folder) for folder in folders], "initial_directory": start}
    do(workspace, config.replace, body | {"system_provider": "claude", "port": None}, None)


class Worker(NamedTuple):
    """An agent at work, as its process would see itself."""

    workspace: Workspace
    run: Run
    token: str

    @property
    def task_id(self) -> str:
        task_id: str = self.run["task_id"]
        return task_id

    def answer(self, tool: str, key: Request | None = None, /, **arguments: Any) -> Answer:
        call = calls.Call(self.task_id, self.token, tool, arguments, "call-1", key)
        return calls.perform(self.workspace.database, call)

    def call(self, tool: str, /, **arguments: Any) -> Any:
        """The result of a tool; raises what refuses it."""
        return json.loads(self.answer(tool, **arguments).body)

    def end(self, output: str = "") -> None:
        do(self.workspace, lifecycle.end, self.run["id"], output, crashed=False)


def claimed(workspace: Workspace) -> Worker:
    """The oldest queued run, running; this process attends it."""
    found = do(workspace, _claim)
    return Worker(workspace, do(workspace, lifecycle.mark_running, found[0]["id"]), found[1])


def _claim(tx: WriteTransaction) -> tuple[Run, str]:
    found = lifecycle.claim(tx)
    assert found
    leases.take(tx, found[0]["id"], leases.this_process())
    return found


def at_work(workspace: Workspace, agent: str = "writer") -> Worker:
    """A new task with this agent at work on it."""
    task = do(workspace, tasks.create, "Write a story", SOURCE)
    do(workspace, commands.start, task.id, agent, "prompt", force=True)
    return claimed(workspace)


def entries(workspace: Workspace, task_id: str) -> list[dict[str, str]]:
    """`data` of all tool calls in a task's history."""
    with workspace.database.read() as reading:
        events = json.loads(history.page(reading, task_id, None, 1_000))["events"]
    return [event["data"] for event in events if event["eventType"] == "tool_executed"]
