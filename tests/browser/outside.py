"""Somebody without a browser: changes made over the HTTP API."""

import json
from typing import Any, NamedTuple

from tests.helpers.server import Server

SOURCE = {"sourceType": "test", "userId": "outside", "conversationId": None}


class Answer(NamedTuple):
    data: Any
    moment: str  # X-Chorus-Seq: the state in which the change is seen


def ask(server: Server, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    status, received, raw = server.request(method, path, body, **headers)
    assert status < 300, f"{method} {path}: {status} {raw[:500]!r}"
    return Answer(json.loads(raw)["data"], received["X-Chorus-Seq"])


def new_task(server: Server, description: str) -> str:
    """The id of a new task."""
    task_id: str = ask(server, "POST", "/api/tasks", {"description": description, "source": SOURCE}).data["id"]
    return task_id


def describe(server: Server, task_id: str, description: str) -> str:
    """Changes the description; returns the moment."""
    return ask(server, "PATCH", f"/api/tasks/{task_id}", {"description": description}).moment


def move(server: Server, task_id: str, status: str, message: str = "") -> str:
    word = {"type": status, **({"message": message} if message else {})}
    return ask(server, "PUT", f"/api/tasks/{task_id}/status", {"status": word}).moment
