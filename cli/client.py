"""Talking HTTP to a running server."""

import http.client
import json
import ssl
import uuid
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode, urlsplit

from cli.problem import NOT_RUNNING, Problem, refuse
from common import record
from common.settings import Settings

TIMEOUT_S = 15.0


def find_url(given: str | None, settings: Settings) -> str:
    """`--url` or CHORUS_URL; else where the server of CHORUS_HOME listens; else where one would."""
    if given is None:
        return record.url_of(settings.home) or settings.api_url
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        refuse(f"{given!r} is no address: it must start with http:// or https://.")
    return given.rstrip("/")


class Client:
    """Requests to the server at `url`. Every failure is a Problem."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._parts = urlsplit(url)

    def get(self, path: str, **query: object) -> Any:
        """`data` of the answer."""
        wanted = {name: value for name, value in query.items() if value is not None}
        return self.request("GET", f"{path}?{urlencode(wanted)}" if wanted else path)["data"]

    def post(self, path: str, body: object) -> Any:
        """`data` of the answer; a repeat by the network does nothing twice."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        return self.request("POST", path, json.dumps(body).encode(), headers)["data"]

    def upload(self, task_id: str, path: Path) -> Any:
        """Attaches a file to a task, streamed."""
        with open(path, "rb") as file:
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(path.stat().st_size)}
            address = f"/api/tasks/{task_id}/attachments?filename={quote(path.name, safe='')}"
            return self.request("POST", address, file, headers)["data"]

    def request(
        self, method: str, path: str, body: bytes | IO[bytes] | None = None, headers: dict[str, str] | None = None
    ) -> Any:
        """The answer's JSON, which must be a success."""
        try:
            status, raw = self.raw(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from None
        try:
            answer = json.loads(raw)
        except ValueError:
            refuse(f"{self.url} answered {status} without JSON: is it the address of Chorus?")
        if status >= 400:
            raise Problem(_told(answer, status))
        return answer

    def raw(
        self, method: str, path: str, body: bytes | IO[bytes] | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body. Raises OSError or HTTPException where nobody answers."""
        connection = self._connection()
        try:
            connection.request(method, self._parts.path + path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        host = self._parts.hostname or ""
        if self._parts.scheme == "https":
            return http.client.HTTPSConnection(
                host, self._parts.port, timeout=TIMEOUT_S, context=ssl.create_default_context()
            )
        return http.client.HTTPConnection(host, self._parts.port, timeout=TIMEOUT_S)

    def _unreachable(self, error: Exception) -> Problem:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Problem(
            f"No Chorus answers at {self.url} ({reason}). Start it with `make run`, or name another address with "
            "--url or CHORUS_URL.",
            NOT_RUNNING,
        )


def _told(answer: Any, status: int) -> str:
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return f"The server answered {status}."
    fields = "".join(f" {name}: {' '.join(map(str, texts))}" for name, texts in (error.get("fields") or {}).items())
    return f"{error.get('message', status)}{fields}"
