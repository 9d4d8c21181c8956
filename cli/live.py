"""The shell around `following`: snapshot, WebSocket, printing, coming back."""

import contextlib
import http.client
import json
import os
import random
import sys
import time
from dataclasses import dataclass, field
from math import inf
from typing import Any

import click
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI, WebSocketException
from websockets.sync.client import ClientConnection, connect

from cli import following
from cli.client import Client
from cli.following import Do, Following, Step
from cli.output import SHORT_ID, clean, line
from cli.problem import Problem, refuse
from common.events import EventType, MessageType

OPEN_TIMEOUT_S = 8.0


class _Again(Exception):
    """Connect again; the text says why, `wait_s` is the server's wish. A `quiet` one is not worth a line."""

    def __init__(self, why: str, wait_s: float | None = None, *, quiet: bool = False) -> None:
        super().__init__(why)
        self.wait_s = wait_s
        self.quiet = quiet


def follow(client: Client, task_id: str | None, *, as_json: bool) -> None:
    """Prints changes until Ctrl-C; ends quietly where nobody reads them any more."""
    try:
        _Follower(client, task_id, as_json).run()
    except KeyboardInterrupt:
        click.echo("", err=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing more is flushed into it


@dataclass
class _Follower:
    client: Client
    task_id: str | None
    as_json: bool
    state: Following | None = None
    told: bool | None = None  # that it is not live; None: nothing yet
    failures: int = 0
    snapshot_at: float = inf  # when the one that the server has asked for is taken
    descriptions: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        self.state = self._snapshot()  # where nothing answers at first, that is the end
        while True:
            try:
                self._connected()
            except _Again as again:
                self._wait(again)

    def _connected(self) -> None:
        """One connection, to its end."""
        try:
            self.state = (self.state or self._snapshot()).cut()
            url = self.client.get("/api/live")["webSocketUrl"]
            with connect(url, compression=None, open_timeout=OPEN_TIMEOUT_S, close_timeout=1, proxy=None) as socket:
                socket.send(self.state.subscribe())
                self.snapshot_at = inf
                while True:
                    self._turn(socket)
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 1006
            if not following.may_return(code):
                refuse(f"The server does not serve this version (close code {code}). Update this `chorus`.")
            raise _Again(f"the connection was closed ({code})") from None
        except (Problem, OSError, TimeoutError, InvalidHandshake, http.client.HTTPException) as error:
            raise _Again(str(getattr(error, "message", None) or error)) from None
        except (InvalidURI, WebSocketException) as error:
            refuse(f"The server's WebSocket address cannot be used: {error}. `chorus doctor` says more.")

    def _snapshot(self) -> Following:
        found = self.client.get("/api/snapshot")
        self.descriptions = {task["id"]: task["description"] for task in found["tasks"]}
        return Following(found["epoch"], found["seq"])

    def _turn(self, socket: ClientConnection) -> None:
        """The next message, or the snapshot that is due."""
        assert self.state
        silence_s = following.SILENCE * self.state.heartbeat_s
        due_s = self.snapshot_at - time.monotonic()
        try:
            self._receive(socket, str(socket.recv(max(0.0, min(silence_s, due_s)))))
        except TimeoutError:
            if due_s > silence_s:
                raise _Again("the server has fallen silent") from None
            self.state, self.snapshot_at = self._snapshot(), inf
            socket.send(self.state.subscribe())

    def _receive(self, socket: ClientConnection, raw: str) -> None:
        assert self.state
        message = json.loads(raw)
        if message["type"] == MessageType.HEARTBEAT:
            socket.send(self.state.pong())
        step = following.receive(self.state, message)
        self.state = step.state
        self._note(message, raw)
        self._act(step, message, raw)

    def _act(self, step: Step, message: dict[str, Any], raw: str) -> None:
        if step.do is Do.SHOW:
            self._show(message, raw)
        elif step.do is Do.SNAPSHOT:
            self._say_gap(message["reason"])
            self.snapshot_at = time.monotonic() + step.delay_s
        elif step.do is Do.RESTART:
            self._say_gap(message["type"])
            self.state = None
            raise _Again("a snapshot is needed", wait_s=step.state.spread_s * random.random(), quiet=True)  # noqa: S311
        elif step.do is Do.RECONNECT:
            raise _Again("an event was lost", wait_s=0, quiet=True)
        elif step.do is Do.LEAVE:
            raise _Again(following.farewell(message), wait_s=step.delay_s)

    def _note(self, message: dict[str, Any], raw: str) -> None:
        """What the connection itself tells."""
        if message["type"] == MessageType.WELCOME:
            self.failures = 0
            if self.told is not False:
                self._say("Live again." if self.told else f"Live at {self.client.url}. Ctrl-C ends it.")
            self.told = False
        if self.as_json and message["type"] in (MessageType.WELCOME, MessageType.RESYNC, EventType.RESET):
            click.echo(raw)

    def _say_gap(self, reason: str) -> None:
        self._say(f"The board was read anew ({reason}): changes before this moment were not shown.")

    def _wait(self, again: _Again) -> None:
        self.failures += 1
        if not self.told and not again.quiet:
            self._say(f"Not live: {clean(str(again))} Trying again.".replace("..", "."))
            self.told = True
        if self.failures == following.ASK_WHY_AFTER:
            self._say_why()
        time.sleep(following.wait_s(self.failures - 1, random.random()) if again.wait_s is None else again.wait_s)  # noqa: S311

    def _say_why(self) -> None:
        with contextlib.suppress(Problem):
            sidecar = self.client.get("/api/live")["sidecar"]
            self._say(f"The server says: the sidecar is {sidecar['state']}. {clean(sidecar['detail'])}")

    def _say(self, text: str) -> None:
        click.echo(f"{time.strftime('%H:%M:%S')}  {text}", err=True)

    def _show(self, message: dict[str, Any], raw: str) -> None:
        shown = [part for part in following.parts(message) if self.task_id in (None, following.task_of(part))]
        if self.as_json and shown:
            click.echo(raw)
        elif not self.as_json:
            clock = time.strftime("%H:%M:%S", time.localtime(message["at"] / 1000))
            for part in shown:
                click.echo(f"{clock}  {self._text(part)}")

    def _text(self, part: dict[str, Any]) -> str:
        kind, data, task_id = part["type"], part["data"], following.task_of(part)
        if kind == EventType.RUN_UPDATED:
            return f"{kind:16}  {data['taskId'][:SHORT_ID]}  {data['state']}  {clean(data['agentName'])}"
        if isinstance(data, dict) and "description" in data:
            self.descriptions[data["id"]] = data["description"]
        words = [str(kind).ljust(16), (task_id or "")[:SHORT_ID], *self._words(kind, data, part)]
        return "  ".join(word for word in words if word).rstrip()

    def _words(self, kind: str, data: Any, part: dict[str, Any]) -> list[str]:
        if kind in (EventType.AGENTS_CHANGED, EventType.PROVIDERS_CHANGED):
            changed = data.get("agents", data.get("providers", []))
            names = [entity["name"] for entity in changed] + [f"{name} (deleted)" for name in data.get("deleted", [])]
            return [clean(", ".join(names))]
        happened = ", ".join(entry["eventType"] for entry in part.get("history", []))
        status = data["status"]["type"] if isinstance(data, dict) and "status" in data else ""
        description = self.descriptions.get(following.task_of(part) or "", "")
        return [status, f"[{happened}]" if happened else "", line(description, 60)]
