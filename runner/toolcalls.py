"""The tools of Chorus over its HTTP API, as a model with function calling sees them."""

import http.client
import json
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

LOOK_EVERY_S = 0.3
TRIES_S = 30.0  # a server that is being restarted is back within seconds
ENDED = ("succeeded", "blocked", "failed", "cancelled", "interrupted")
Json = dict[str, Any]


class Tools:
    """`environ` holds CHORUS_API_URL, CHORUS_TASK_ID and CHORUS_TOKEN."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        parts = urlsplit(environ["CHORUS_API_URL"])
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._path = f"/api/tasks/{environ['CHORUS_TASK_ID']}/tools"
        self._token = environ["CHORUS_TOKEN"]
        self._names: dict[str, str] = {}

    def offered(self) -> list[Json]:
        """The tools as functions; asked for each time, since people may grant and take tools meanwhile."""
        _, listed = self._request("GET", self._path, None, {})
        tools = listed.get("tools", [])
        self._names = {_function(tool["name"]): tool["name"] for tool in tools}
        return [
            {
                "type": "function",
                "function": {
                    "name": _function(tool["name"]),
                    "description": tool["description"],
                    "parameters": tool["inputSchema"],
                },
            }
            for tool in tools
        ]

    def name_of(self, function: str) -> str:
        """The tool that a model means; an unknown one is left as it is, and refused by the API."""
        return self._names.get(function, function)

    def call(self, tool: str, arguments: Json, call_id: str) -> tuple[bool, str]:
        """Whether it failed, and its answer as text."""
        body = arguments | {"tool": tool, "callId": call_id}
        status, answer = self._request("POST", self._path, body, {"Idempotency-Key": str(uuid.uuid4())})
        if status == 202:
            answer = self._await_child(answer["runId"])
        if status >= 400:
            return True, str(answer.get("error", {}).get("message", f"The API answered {status}."))
        return False, json.dumps(answer, ensure_ascii=False)

    def _await_child(self, run_id: str) -> Json:
        """A hand-off: the other agent works now, for as long as it takes."""
        while True:
            _, answer = self._request("GET", f"/api/runs/{run_id}", None, {})
            run = answer.get("data", {})
            if run.get("state") in ENDED:
                named = {"agent_name": run["agentName"], "output": run["output"], "state": run["state"]}
                return named | {"report": run["completionReport"]}
            time.sleep(LOOK_EVERY_S)

    def _request(self, method: str, path: str, body: Json | None, headers: dict[str, str]) -> tuple[int, Json]:
        """Asks again while the server is away or busy: the key makes a repeat harmless. Raises OSError."""
        deadline = time.monotonic() + TRIES_S
        while True:
            try:
                status, answer = self._once(method, path, body, headers)
                if status != 503 or time.monotonic() > deadline:
                    return status, answer
            except (OSError, http.client.HTTPException, ValueError) as error:
                if time.monotonic() > deadline:
                    raise OSError(f"the API of Chorus does not answer: {error}") from error
            time.sleep(LOOK_EVERY_S)

    def _once(self, method: str, path: str, body: Json | None, headers: dict[str, str]) -> tuple[int, Json]:
        connection = http.client.HTTPConnection(*self._address, timeout=60)
        try:
            own = {"Authorization": f"Bearer {self._token}", "Prefer": "respond-async"}
            own |= {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, None if body is None else json.dumps(body).encode(), own | headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


def _function(tool: str) -> str:
    """A name that all servers take."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", tool)
