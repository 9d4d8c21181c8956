"""Calling tools over HTTP: patient with a server that is busy or restarts, and never twice.

Every call has an Idempotency-Key, so that asking again after a broken connection has no second effect.
"""

import http.client
import json
import random
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

PATIENCE_S = 60.0  # how long one request is tried again
REQUEST_S = 60.0  # how long one answer may take
SHORTEST_S, LONGEST_S = 0.1, 5.0  # between two tries or looks
ENDED = frozenset({"succeeded", "blocked", "failed", "cancelled", "interrupted"})
_TRY_AGAIN = frozenset({429, 502, 503, 504})

Json = dict[str, Any]


class Refused(Exception):
    """The server said no: `error` is its error object (`code`, `message`, sometimes `fields` or `current`)."""

    def __init__(self, status: int, error: Json) -> None:
        super().__init__(error.get("message", ""))
        self.status = status
        self.error = error


class Unreachable(Exception):
    """The server did not answer within the client's patience."""


class Stopped(Exception):
    """`Client.stop` was called while waiting."""


class Misconfigured(Exception):
    """A variable of the environment is missing or wrong; the text says which."""


class _Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: Json


class Client:
    """The tools of one run, or, without a task, those of an access token. Safe to use from many threads."""

    def __init__(self, url: str, token: str, task_id: str | None = None, patience_s: float = PATIENCE_S) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Misconfigured("CHORUS_API_URL must be an address such as http://127.0.0.1:8080.")
        self._secure = parts.scheme == "https"
        self._authority = (parts.hostname, parts.port or (443 if self._secure else 80))
        self._path = parts.path.rstrip("/")
        self._tools = f"/api/tasks/{task_id}/tools" if task_id else "/api/tools"
        self._token = token
        self._patience_s = patience_s
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ends every wait, now and later."""
        self._stop.set()

    def tools(self) -> list[Json]:
        """What may be called now: name, description, parameters, output, inputSchema. Raises Refused, Unreachable."""
        listed: list[Json] = self._ask("GET", self._tools)["tools"]
        return listed

    def call(self, tool: str, arguments: Json, call_id: str | None = None) -> Json:
        """The result of a tool; a hand-off is waited for. Raises Refused, Unreachable, Stopped."""
        key = call_id or str(uuid.uuid4())
        answer = self._ask("POST", self._tools, {**arguments, "tool": tool, "callId": key}, key)
        return self._wait_for(answer["runId"]) if tool == "handoff" else answer

    def _wait_for(self, run_id: str) -> Json:
        """Looks again after a quarter of the time it has taken so far: a hundred waiting clients cost little."""
        began = time.monotonic()
        while True:
            run = self._ask("GET", f"/api/runs/{run_id}")["data"]
            if run["state"] in ENDED:
                told = {"agent_name": run["agentName"], "output": run["output"], "state": run["state"]}
                return told | {"report": run["completionReport"]}
            self._pause(min(LONGEST_S, max(SHORTEST_S, (time.monotonic() - began) / 4)))

    def _ask(self, method: str, path: str, body: Json | None = None, key: str | None = None) -> Json:
        """Tries until there is an answer that stands. Raises Refused, Unreachable, Stopped."""
        deadline = time.monotonic() + self._patience_s
        delay = SHORTEST_S
        while True:
            answer, problem = self._try(method, path, body, key)
            if answer is not None and answer.status not in _TRY_AGAIN:
                return _successful(answer)
            if time.monotonic() > deadline:
                if answer is not None:
                    return _successful(answer)
                raise Unreachable(f"Chorus does not answer at {self._authority[0]}:{self._authority[1]}: {problem}")
            self._pause(max(delay, _asked_delay(answer)))
            delay = min(LONGEST_S, delay * 2)

    def _try(self, method: str, path: str, body: Json | None, key: str | None) -> tuple[_Answer | None, object]:
        try:
            return self._once(method, path, body, key), None
        except (OSError, http.client.HTTPException, ValueError) as problem:
            return None, problem

    def _once(self, method: str, path: str, body: Json | None, key: str | None) -> _Answer:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(*self._authority, timeout=REQUEST_S)
        headers = {"Authorization": f"Bearer {self._token}", "Prefer": "respond-async"}
        headers |= {"Idempotency-Key": key} if key else {}
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        try:
            raw = None if body is None else json.dumps(body).encode()
            connection.request(method, self._path + path, raw, headers)
            answer = connection.getresponse()
            return _Answer(answer.status, dict(answer.headers), json.loads(answer.read()))
        finally:
            connection.close()

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(seconds * random.uniform(0.8, 1.2)):  # noqa: S311 - apart from others, not secret
            raise Stopped("The wait was ended.")


def _successful(answer: _Answer) -> Json:
    if answer.status < 300:
        return answer.body
    raise Refused(answer.status, answer.body.get("error", {}))


def _asked_delay(answer: _Answer | None) -> float:
    asked = answer.headers.get("Retry-After", "0") if answer else "0"
    return min(LONGEST_S, float(asked)) if asked.isdigit() else 0.0


def from_environment(environ: Mapping[str, str]) -> Client:
    """The client that the environment of an agent, or of a program with an access token, describes.

    Raises Misconfigured.
    """
    missing = [name for name in ("CHORUS_API_URL", "CHORUS_TOKEN") if not environ.get(name)]
    if missing:
        raise Misconfigured(f"Set {' and '.join(missing)}. Chorus does so for the agents that it starts.")
    return Client(environ["CHORUS_API_URL"], environ["CHORUS_TOKEN"], environ.get("CHORUS_TASK_ID") or None)
