"""Writers that change everything a workspace holds, at random over HTTP, and record what came of each request."""

import random
import threading
import uuid
from collections.abc import Callable
from typing import Any

from tests.faults.requests import Asker, Json, Request
from tests.helpers.server import Server
from tests.helpers.workspace import SOURCE

PROVIDER = "base"  # never deleted: planner and agents need one
AGENTS = ("writer", "editor", "researcher")
NAMES = 3  # of agents and providers that come and go


def new_marker() -> str:
    return f"marker-{uuid.uuid4().hex}"


class Writer(threading.Thread):
    """Sends one random request after the other until told to stop."""

    def __init__(self, server: Server, name: int, seed: str) -> None:
        super().__init__(name=f"writer-{name}", daemon=True)
        self.asker = Asker(server)
        self._random = random.Random(seed)
        self._halt = threading.Event()
        self._epoch = ""
        self._tasks: list[str] = []
        self._actions: dict[Callable[[], None], int] = {
            self.create: 6,
            self.edit: 3,
            self.write_plan: 3,
            self.move: 5,
            self.enqueue: 3,
            self.attach: 3,
            self.delete: 3,
            self.plan: 4,
            self.start_agent: 6,
            self.answer: 3,
            self.complete: 1,
            self.grant: 1,
            self.cancel: 2,
            self.resume: 2,
            self.put_agent: 3,
            self.delete_agent: 2,
            self.put_provider: 2,
            self.delete_provider: 2,
            self.configure: 2,
        }

    @property
    def requests(self) -> list[Request]:
        return self.asker.requests

    def halt(self) -> None:
        self._halt.set()
        self.join(30)
        assert not self.is_alive()

    def run(self) -> None:
        actions, weights = list(self._actions), list(self._actions.values())
        while not self._halt.wait(self._random.uniform(0.0, 0.02)):
            action = self._random.choices(actions, weights)[0] if self._tasks else self.create
            action()

    # -- which workspace is open

    def send(self, request: Request, method: str, path: str, body: Any = None) -> Json | None:
        """`data` of a success. An answer of another log: another workspace is open, and is looked at first."""
        answer = self.asker.send(request, method, path, body)
        if request.epoch and request.epoch != self._epoch:
            self._epoch = request.epoch
            self._arrive()
        if answer is None:
            return None
        data: Json = answer.get("data") or answer
        return data

    def _arrive(self) -> None:
        snapshot = self.asker.look("/api/snapshot")
        self._tasks = [task["id"] for task in snapshot["tasks"]] if snapshot else []
        if snapshot and not any(provider["name"] == PROVIDER for provider in snapshot["providers"]):
            self._equip()

    def _equip(self) -> None:
        """What plans and runs need."""
        marker = new_marker()
        self._put(Request("provider", marker, unique=False), f"/api/providers/{PROVIDER}", _provider(PROVIDER, marker))
        self._put(Request("config", marker, unique=False), "/api/config", _config(marker))
        for name in AGENTS:
            self._put(Request("agent", marker, unique=False), f"/api/agents/{name}", _agent(name, marker, PROVIDER))

    def _put(self, request: Request, path: str, body: Json) -> None:
        self.asker.send(request, "PUT", path, body)

    def _task(self) -> str:
        return self._random.choice(self._tasks)

    # -- tasks

    def create(self) -> None:
        request = Request("create", new_marker(), told="task_created")
        data = self.send(request, "POST", "/api/tasks", {"description": request.marker, "source": SOURCE})
        if data:
            self._tasks.append(data["id"])

    def edit(self) -> None:
        request = Request("edit", new_marker(), told="description_edited")
        text = f"{request.marker} {'x' * self._random.randrange(3_000)}"
        self.send(request, "PATCH", f"/api/tasks/{self._task()}", {"description": text})

    def write_plan(self) -> None:
        request = Request("planning", new_marker())
        body = {"summary": request.marker, "plan": ["one", "two"]}
        self.send(request, "PUT", f"/api/tasks/{self._task()}/planning", body)

    def move(self) -> None:
        kind, task_id = self._random.choice(["pending", "planned", "failed", "completed", "waiting"]), self._task()
        fails = kind == "failed"  # only a failure keeps its message
        request = Request("move", new_marker() if fails else task_id, unique=fails)
        body = {"status": {"type": kind, "message": request.marker}}
        self.send(request, "PUT", f"/api/tasks/{task_id}/status", body)

    def enqueue(self) -> None:
        request = Request("message", new_marker(), told="message_queued")
        self.send(request, "POST", f"/api/tasks/{self._task()}/queue", {"content": request.marker})

    def attach(self) -> None:
        request = Request("attach", new_marker(), told="attachment_added")
        path = f"/api/tasks/{self._task()}/attachments?filename={request.marker}.txt"
        self.send(request, "POST", path, b"x" * self._random.randrange(20_000))

    def delete(self) -> None:
        task_id = self._task()
        self._tasks.remove(task_id)
        data = self._take_away(f'{{"id":"{task_id}"}}', f"/api/tasks/{task_id}")
        if data and self._undo("task_restored", data):
            self._tasks.append(task_id)

    def _take_away(self, marker: str, path: str) -> Json | None:
        return self.send(Request("delete", marker, unique=False), "DELETE", path)

    def _undo(self, marker: str, deletion: Json) -> bool:
        """Every second time; whether it was undone."""
        if self._random.random() < 0.5:
            return False
        return self.send(Request("undo", marker, unique=False), "POST", f"/api/undo/{deletion['undo']}") is not None

    # -- runs

    def plan(self) -> None:
        self._act("plan", "planning_started")

    def _act(self, verb: str, marker: str, body: Any = None) -> None:
        self.send(Request(verb, marker, unique=False), "POST", f"/api/tasks/{self._task()}/{verb}", body)

    def start_agent(self) -> None:
        request = Request("handoff", new_marker())
        body = {"agentName": self._agent_name(), "prompt": request.marker, "force": True}
        self.send(request, "POST", f"/api/tasks/{self._task()}/handoff", body)

    def _agent_name(self) -> str:
        return self._random.choice([*AGENTS, self._random.choice(AGENTS), self._coming_and_going("agent")])

    def _coming_and_going(self, kind: str) -> str:
        return f"{kind}-{self._random.randrange(NAMES)}"

    def answer(self) -> None:
        asked = self.asker.look("/api/tasks?status=awaiting_input")
        if asked:
            request = Request("answers", new_marker(), told="answers_submitted")
            path = f"/api/tasks/{self._random.choice(asked)['id']}/answers"
            self.send(request, "POST", path, {"answers": [request.marker]})

    def complete(self) -> None:
        request = Request("complete", new_marker())
        self.send(request, "PUT", f"/api/tasks/{self._task()}/handoff/complete", {"output": request.marker})

    def grant(self) -> None:
        body = {"addTools": ["task.list"], "removeTools": ["task.get"]}
        self.send(
            Request("grant", "tools_changed", unique=False), "PUT", f"/api/tasks/{self._task()}/agent-tools", body
        )

    def cancel(self) -> None:
        self._change_run("cancel")

    def resume(self) -> None:
        self._change_run("resume")

    def _change_run(self, verb: str) -> None:
        runs = self.asker.look(f"/api/tasks/{self._task()}/runs")
        if runs:
            run = self._random.choice(runs)
            marker = run["id"] if verb == "cancel" else run["taskId"]
            self.send(Request(verb, marker, unique=False), "POST", f"/api/runs/{run['id']}/{verb}")

    # -- agents, providers, configuration

    def put_agent(self) -> None:
        request = Request("agent", new_marker())
        provider = self._random.choice([PROVIDER, PROVIDER, self._coming_and_going("provider")])
        name = self._agent_name()
        self.send(request, "PUT", f"/api/agents/{name}", _agent(name, request.marker, provider))

    def delete_agent(self) -> None:
        name = self._coming_and_going("agent")
        data = self._take_away(f'"deleted":["{name}"]', f"/api/agents/{name}")
        if data:
            self._undo(f'"name":"{name}"', data)

    def put_provider(self) -> None:
        request = Request("provider", new_marker())
        name = self._coming_and_going("provider")
        self.send(request, "PUT", f"/api/providers/{name}", _provider(name, request.marker))

    def delete_provider(self) -> None:
        name = self._coming_and_going("provider")
        data = self._take_away(f'"deleted":["{name}"]', f"/api/providers/{name}")
        if data:
            self._undo(f'"name":"{name}"', data)

    def configure(self) -> None:
        request = Request("config", new_marker())
        self.send(request, "PUT", "/api/config", _config(request.marker))


def _agent(name: str, marker: str, provider: str) -> Json:
    body = {"type": "user_defined", "name": name, "instructions": marker, "allowedTools": ["handoff", "task.get"]}
    return body | {"provider": provider}


def _provider(name: str, marker: str) -> Json:
    kind = {
        "type": "openai-compat",
        "apiBaseUrl": f"http://localhost:9/{marker}",
        "apiKey": "sk-x",
        "defaultModel": "m",
    }
    return {"name": name, "providerType": kind}


def _config(marker: str) -> Json:
    folder = f"/nowhere/{marker}"
    return {"allowedAgentDirectories": [folder], "initialAgentDirectory": folder, "systemAgentProvider": PROVIDER}
