"""What was asked of the server, and what came of it."""

import http.client
import json
from dataclasses import dataclass
from typing import Any

from tests.helpers.server import Server

Json = dict[str, Any]


@dataclass
class Request:
    """One request, or one transaction of the runner.

    `marker` is a text that its event must hold. `unique`: found nowhere else, so that a refused request must have left
    no trace. `told`: the kind of its history entry, which holds the marker and is written once at most.
    `status` None: no answer came, anything may have happened. `epoch`, `seq`: of the event the answer names.
    """

    kind: str
    marker: str
    unique: bool = True
    told: str = ""
    status: int | None = None
    code: str | None = None
    epoch: str = ""
    seq: int = 0

    @property
    def acknowledged(self) -> bool:
        return self.status is not None and self.status < 300


class Asker:
    """Sends requests and keeps them."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.requests: list[Request] = []

    def send(self, request: Request, method: str, path: str, body: Any = None, **headers: str) -> Json | None:
        """The whole answer of a success; None for a refusal, or where no answer came."""
        self.requests.append(request)
        try:
            status, received, raw = self.server.request(method, path, body, **headers)
        except (OSError, http.client.HTTPException):
            return None
        answer: Json = json.loads(raw)
        request.epoch, _, seq = received.get("X-Chorus-Seq", "").partition(":")
        request.seq = int(seq or 0)
        request.code = answer.get("error", {}).get("code") if status >= 400 else None
        request.status = status
        return answer if request.acknowledged else None

    def look(self, path: str) -> Any:
        """`data` of a GET; None where it did not succeed."""
        try:
            status, _, raw = self.server.request("GET", path)
        except (OSError, http.client.HTTPException):
            return None
        return json.loads(raw)["data"] if status == 200 else None
