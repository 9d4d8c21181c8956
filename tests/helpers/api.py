"""The HTTP API in process: a test client that sends what a browser on the board's own address sends."""

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.helpers.workspace import SOURCE

HOST = "localhost:8080"


class Api:
    """Requests with the right Host; `ok` and `refused` check the envelopes on the way."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client()

    def request(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = {"Host": HOST} | options.pop("headers", {})
        return self._client.open(path, method=method, headers=headers, **options)

    def ok(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """The `data` of an answer in the success envelope."""
        answer = self.request(method, path, **options)
        assert answer.status_code == status, answer.get_data(as_text=True)
        assert answer.headers["X-Chorus-Seq"].count(":") == 1
        body = answer.get_json()
        assert body.keys() == {"data", "meta"}
        assert isinstance(body["meta"]["timestamp"], int)
        return body["data"]

    def refused(self, method: str, path: str, status: int, code: str, **options: Any) -> dict[str, Any]:
        """The `error` of an answer in the one error shape."""
        return refused(self.request(method, path, **options), status, code)

    def task(self, description: str = "Write a story") -> dict[str, Any]:
        body = {"description": description, "source": SOURCE}
        made: dict[str, Any] = self.ok("POST", "/api/tasks", 201, json=body)
        return made

    def attach(self, task_id: str, name: str, content: bytes = b"hello") -> dict[str, Any]:
        path = f"/api/tasks/{task_id}/attachments"
        task: dict[str, Any] = self.ok("POST", path, 201, query_string={"filename": name}, data=content)
        return task

    def seq(self) -> int:
        """Number of the newest event."""
        snapshot: dict[str, int] = self.ok("GET", "/api/snapshot")
        return snapshot["seq"]

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        epoch = self.ok("GET", "/api/snapshot")["epoch"]
        found: list[dict[str, Any]] = self.ok("GET", f"/api/events?epoch={epoch}&since={since}")["events"]
        return found


def refused(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The `error` of an answer, which must be a refusal in the one error shape."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    error: dict[str, Any] = answer.get_json()["error"]
    assert answer.get_json().keys() == {"error"}
    assert error["code"] == code
    assert error["message"].endswith((".", "?"))
    assert error.keys() <= {"code", "message", "fields", "current", "reason"}
    return error
