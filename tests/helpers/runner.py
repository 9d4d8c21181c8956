"""A real runner process on a prepared workspace, without servers: tests act as people and as the tool API do."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from common.queue import RUNNER, Bell, bell_path, is_listening
from common.settings import AGENT_ENVIRONMENT, ROOT
from core.agents import verbs as agents
from core.board import commands
from core.config import verbs as config
from core.providers import verbs as providers
from core.runs import records
from core.tasks import records as tasks
from core.tasks import verbs as task_verbs
from core.tasks.task import Task
from core.workspaces.current import Workspace
from tests.helpers import processes
from tests.helpers.processes import wait_for
from tests.helpers.workspace import SOURCE, frames, open_workspace

T = TypeVar("T")
PATIENCE_S = 15.0
MARK = "FAKE_MARK"  # passed on to agents, so that a test finds whatever is left of them


class Bench:
    """The workspace and the runners on it. `do` runs a verb in a transaction and rings the bell."""

    def __init__(self, workspace: Workspace, folder: Path, **settings: str) -> None:
        self.workspace = workspace
        self.home = workspace.folder.parent.parent
        self.folder = folder
        self.mark = uuid.uuid4().hex
        self.log = folder / "fake.log"
        passes = {"CHORUS_AGENT_ENVIRONMENT": f"{AGENT_ENVIRONMENT} FAKE_*", "FAKE_LOG": str(self.log), MARK: self.mark}
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("CHORUS_", "ANTHROPIC_"))}
        path = {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "CHORUS_HOME": str(self.home)}
        library = {"CHORUS_SQLITE": os.environ.get("CHORUS_SQLITE", "")}
        self.environ = ours | library | path | passes | {"SECRET": "hidden"} | settings
        self.wrapper: list[str] = []  # before the command of a runner
        self.runners: list[subprocess.Popen[bytes]] = []
        self._bell = Bell(bell_path(self.home, RUNNER))
        install_fake_claude(folder / "bin" / "claude")

    # -- runners

    def start(self, **settings: str) -> subprocess.Popen[bytes]:
        """One more runner, listening."""
        path = self.folder / f"runner-{len(self.runners)}.log"
        with open(path, "wb") as output:
            runner = subprocess.Popen(
                [*self.wrapper, sys.executable, "-m", "runner"],
                cwd=ROOT,
                env=self.environ | settings,
                stdout=output,
                stderr=output,
            )
        self.runners.append(runner)
        self.wait(lambda: is_listening(bell_path(self.home, RUNNER)), "the runner listens")
        return runner

    @property
    def output(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob("runner-*.log")))

    def stop(self, signum: int = signal.SIGTERM) -> None:
        for runner in self.runners:
            with contextlib.suppress(ProcessLookupError):
                runner.send_signal(signum)
        for runner in self.runners:
            runner.wait(PATIENCE_S)
        self.runners.clear()

    def close(self) -> None:
        self._bell.close()
        self.stop(signal.SIGKILL)
        self.wait(lambda: not self.left(), "nothing left")

    def left(self) -> list[int]:
        """Living processes of agents, and of those that escaped."""
        found = [process.pid for process in processes.marked(f"{MARK}={self.mark}")]
        return [pid for pid in found if pid not in [runner.pid for runner in self.runners]]

    # -- the workspace

    def do(self, verb: Callable[..., T], *arguments: Any, **named: Any) -> T:
        with self.workspace.database.write() as tx:
            result = verb(tx, *arguments, **named)
        self._bell.ring()
        return result

    def task(self, prompt: str | None = None, agent: str = "writer") -> Task:
        """A task; with a prompt (Python for the fake program) an agent is started on it."""
        task = self.do(task_verbs.create, "a task", SOURCE)
        if prompt is not None:
            self.do(commands.start, task.id, agent, f"#!python\n{prompt}", force=True)
        return task

    def now(self, task: Task) -> Task:
        with self.workspace.database.read() as reading:
            return tasks.load(reading, task.id)

    def runs(self, task: Task) -> list[Any]:
        with self.workspace.database.read() as reading:
            found = json.loads(records.of_task(reading, task.id))
            return [dict(records.load(reading, run["id"])) for run in found]

    def run(self, task: Task) -> Any:
        return self.runs(task)[-1]

    def wait(self, ask: Callable[[], T], what: str, seconds: float = PATIENCE_S) -> T:
        return wait_for(ask, seconds, what, lambda: f"{self.left()}\n{self.output[-4_000:]}")

    def wait_state(self, task: Task, *states: str, seconds: float = PATIENCE_S) -> Any:
        """The newest run, once it is in one of these states."""
        self.wait(lambda: self.run(task)["state"] in states, f"a run that is {states}", seconds)
        return self.run(task)

    def wait_status(self, task: Task, status: str, seconds: float = PATIENCE_S) -> Task:
        self.wait(lambda: self.now(task).status == status, f"a task that is {status}", seconds)
        return self.now(task)

    def calls(self) -> list[dict[str, Any]]:
        """How the fake program was called, oldest first."""
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def history(self, task: Task) -> list[dict[str, Any]]:
        found = []
        for event in frames(self.workspace):
            items = event["data"] if event["type"] == "transaction" else [event]
            found += [e for item in items if _task_of(item) == task.id for e in item.get("history", [])]
        return found


def _task_of(item: dict[str, Any]) -> str | None:
    data = item["data"]
    found: str | None = data.get("taskId") or data.get("id") if isinstance(data, dict) else None
    return found


def install_fake_claude(path: Path) -> None:
    """Makes a program at `path` that runs its message as Python (fake_claude.py)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -S {ROOT}/tests/helpers/fake_claude.py "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def _configure(bench: Bench) -> None:
    """The seeded writer and editor and the planner work with Claude Code."""
    bench.do(providers.create, {"name": "claude", "provider_type": {"type": "claude-code"}})
    body = {"allowed_directories": [str(bench.folder)], "initial_directory": str(bench.folder), "port": None}
    bench.do(config.replace, body | {"system_provider": "claude"}, None)
    for name in ("writer", "editor"):
        with bench.workspace.database.read() as reading:
            agent = agents.get(reading, name)
        bench.do(agents.replace, name, agent | {"provider": "claude", "allowed_tools": ["handoff"]}, None)


@contextlib.contextmanager
def bench(
    folder: Path, limits: dict[str, str] | None = None, *, start: bool = True, **settings: str
) -> Iterator[Bench]:
    """A configured workspace, and a runner unless `start` is False; at the end nothing of it may live."""
    with open_workspace(folder / "home") as workspace:
        made = Bench(workspace, folder, **(limits or {}), **settings)
        _configure(made)
        try:
            if start:
                made.start()
            yield made
        finally:
            made.close()
