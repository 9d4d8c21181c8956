"""Writers that change tasks at random over HTTP, and record what each request said and what came of it."""

import http.client
import json
import random
import threading
import uuid
from dataclasses import dataclass
from typing import Any

from tests.helpers.server import Server
from tests.helpers.workspace import SOURCE

Json = dict[str, Any]


@dataclass
class Request:
    """One request. `marker` is a text found nowhere else; `status` None: no answer came, anything may have happened."""

    kind: str
    marker: str
    status: int | None = None
    seq: int | None = None  # of the event the answer names

    @property
    def acknowledged(self) -> bool:
        return self.status is not None and self.status < 300


class Writer(threading.Thread):
    """Sends one random request after the other until told to stop."""

    def __init__(self, server: Server, name: int, seed: str) -> None:
        super().__init__(name=f"writer-{name}", daemon=True)
        self._server = server
        self._random = random.Random(seed)
        self._halt = threading.Event()
        self._tasks: list[str] = []
        self.requests: list[Request] = []

    def halt(self) -> None:
        self._halt.set()
        self.join(30)
        assert not self.is_alive()

    def run(self) -> None:
        while not self._halt.wait(self._random.uniform(0.0, 0.02)):
            self._act()

    def _act(self) -> None:
        kinds = ["edit", "plan", "status", "message", "attach", "delete"] if self._tasks else []
        kind = self._random.choice(["create", "create", *kinds, *kinds])
        request = Request(kind, f"marker-{uuid.uuid4().hex}")
        self.requests.append(request)
        getattr(self, f"do_{kind}")(request)

    def _send(self, request: Request, method: str, path: str, body: Any = None) -> Json | None:
        try:
            status, headers, raw = self._server.request(method, path, body)
        except (OSError, http.client.HTTPException):
            return None
        request.status = status
        request.seq = int(headers["X-Chorus-Seq"].partition(":")[2]) if "X-Chorus-Seq" in headers else None
        answer: Json = json.loads(raw)
        return answer.get("data")

    def _some_task(self) -> str:
        return self._random.choice(self._tasks)

    def do_create(self, request: Request) -> None:
        data = self._send(request, "POST", "/api/tasks", {"description": request.marker, "source": SOURCE})
        if data:
            self._tasks.append(data["id"])

    def do_edit(self, request: Request) -> None:
        text = f"{request.marker} {'x' * self._random.randrange(3_000)}"
        self._send(request, "PATCH", f"/api/tasks/{self._some_task()}", {"description": text})

    def do_plan(self, request: Request) -> None:
        body = {"summary": request.marker, "plan": ["one", "two"]}
        self._send(request, "PUT", f"/api/tasks/{self._some_task()}/planning", body)

    def do_status(self, request: Request) -> None:
        kind = self._random.choice(["pending", "planned", "failed", "completed"])
        status = {"type": kind, "message": request.marker}
        if kind != "failed":  # only a failure keeps its message
            request.kind, request.marker = "move", '"status_changed"'
        self._send(request, "PUT", f"/api/tasks/{self._some_task()}/status", {"status": status})

    def do_message(self, request: Request) -> None:
        self._send(request, "POST", f"/api/tasks/{self._some_task()}/queue", {"content": request.marker})

    def do_attach(self, request: Request) -> None:
        path = f"/api/tasks/{self._some_task()}/attachments?filename={request.marker}.txt"
        self._send(request, "POST", path, b"x" * self._random.randrange(20_000))

    def do_delete(self, request: Request) -> None:
        task_id = self._tasks.pop(self._random.randrange(len(self._tasks)))
        request.marker = f'{{"id":"{task_id}"}}'
        data = self._send(request, "DELETE", f"/api/tasks/{task_id}")
        if data and self._random.random() < 0.5:
            undo = Request("undo", "task_restored")
            self.requests.append(undo)
            if self._send(undo, "POST", f"/api/undo/{data['undo']}"):
                self._tasks.append(task_id)
