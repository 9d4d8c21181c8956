"""Clients of an independent WebSocket library that follow the protocol to the letter and record what they saw."""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from tests.helpers.server import Server

Json = dict[str, Any]
RETRY_S = 0.2
SILENCE_S = 5.0


class Violation(AssertionError):
    """The server broke a promise of the protocol."""


NAMED = {"agents_changed": "agents", "providers_changed": "providers"}
NO_STATE = {"queue_changed", "history_appended"}


class Board:
    """The state a client builds from one snapshot and the events after it, in the snapshot's own terms."""

    def __init__(self, snapshot: Json) -> None:
        self.epoch: str = snapshot["epoch"]
        self.seq: int = snapshot["seq"]
        self.lists = {
            key: {_name(each): each for each in snapshot[key]} for key in ("tasks", "agents", "providers", "runs")
        }
        self.config = {key: snapshot[key] for key in ("config", "configPath")}

    def apply(self, event: Json) -> None:
        """Raises Violation unless the event is the next one."""
        if event["seq"] != self.seq + 1:
            raise Violation(f"event {event['seq']} after {self.seq}")
        items = event["data"] if event["type"] == "transaction" else [event]
        for item in items:
            self._apply_item(item["type"], item["data"])
        self.seq = event["seq"]

    def _apply_item(self, kind: str, data: Any) -> None:
        tasks, runs = self.lists["tasks"], self.lists["runs"]
        if kind in ("task_created", "task_updated"):
            tasks[data["id"]] = data
        elif kind in ("task_deleted", "task_archived"):
            tasks.pop(data["id"], None)
        elif kind == "run_updated":
            runs[data["id"]] = data
            if data["endedAt"] is not None:
                del runs[data["id"]]
        elif kind in NAMED:
            self._replace(self.lists[NAMED[kind]], data[NAMED[kind]], data["deleted"])
        elif kind == "config_changed":
            self.config = data
        elif kind not in NO_STATE:
            raise Violation(f"unexpected {kind}")

    @staticmethod
    def _replace(named: Json, changed: list[Json], deleted: list[str]) -> None:
        for name in deleted:
            named.pop(name, None)
        named.update({each["name"]: each for each in changed})

    def canonical(self) -> bytes:
        """The whole state as bytes, to be compared with another's."""
        lists = {key: [found[name] for name in sorted(found)] for key, found in self.lists.items()}
        body = {"epoch": self.epoch, "seq": self.seq, **lists, **self.config}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _name(thing: Json) -> str:
    name: str = thing["id"] if "id" in thing else thing["name"]
    return name


@dataclass
class Stretch:
    """What a client saw of one log: a snapshot, then `frames`, exactly as pushed, one after the other."""

    snapshot: Json
    resynced_by: str | None
    welcomed: bool = False
    frames: list[str] = field(default_factory=list)


class Client:
    """Takes one snapshot of a log, then watches, and comes back with its cursor after every disconnect."""

    def __init__(self, server: Server, name: int) -> None:
        self.server = server
        self.name = name
        self.board: Board | None = None
        self.stretches: list[Stretch] = []
        self.subscribed = False
        self.pause_s = RETRY_S
        self.violation: Violation | None = None

    async def run(self) -> None:
        """Until cancelled; a violation ends it."""
        try:
            while True:
                self.pause_s = RETRY_S
                await self._session()
                await asyncio.sleep(self.pause_s)
        except Violation as violation:
            self.violation = violation

    async def _session(self) -> None:
        with contextlib.suppress(OSError, TimeoutError, InvalidHandshake, WebSocketException):
            if self.board is None:
                await self._take_snapshot(None)
            async with connect(self.server.ws_url, open_timeout=3, ping_interval=None, compression=None) as socket:
                await self._follow(socket)

    async def _take_snapshot(self, reason: str | None) -> None:
        try:
            snapshot = await asyncio.to_thread(self.server.json, "GET", "/api/snapshot")
        except AssertionError as error:
            raise OSError("no snapshot now") from error
        self.board = Board(snapshot)
        self.stretches.append(Stretch(snapshot, reason))

    async def _subscribe(self, socket: ClientConnection) -> None:
        assert self.board
        self.subscribed = False
        message = {"type": "subscribe", "protocol": 1, "epoch": self.board.epoch, "since": self.board.seq}
        await socket.send(json.dumps(message))

    async def _follow(self, socket: ClientConnection) -> None:
        await self._subscribe(socket)
        while True:
            async with asyncio.timeout(SILENCE_S):  # wait_for of Python 3.11 may swallow a cancellation
                text = str(await socket.recv())
            await self._receive(socket, json.loads(text), text)

    async def _receive(self, socket: ClientConnection, frame: Json, text: str) -> None:
        assert self.board
        match frame["type"]:
            case "welcome":
                if frame["epoch"] != self.board.epoch:
                    raise Violation(f"welcome to {frame['epoch']} for {self.board.epoch}")
                self.subscribed = self.stretches[-1].welcomed = True
            case "heartbeat":
                if frame["seq"] != (self.board.seq if self.subscribed else None):
                    raise Violation(f"heartbeat says {frame['seq']}, the cursor is {self.board.seq}")
                await socket.send(json.dumps({"type": "pong", "seq": self.board.seq}))
            case "resync":
                self.subscribed = False
                pause_s = 0 if self.stretches[-1].welcomed else RETRY_S  # the sidecar is behind: not at once
                await asyncio.sleep(max(pause_s, frame["delayMs"] / 1000))
                await self._take_snapshot(frame["reason"])
                await self._subscribe(socket)
            case "bye":
                self.pause_s = frame["delayMs"] / 1000
            case "workspaces_changed" | "run_output":
                pass
            case _:
                self.board.apply(frame)
                self.stretches[-1].frames.append(text)


async def all_at(clients: list[Client], epoch: str, seq: int, seconds: float) -> None:
    """Waits until every client has applied event `seq` of this log."""
    async with asyncio.timeout(seconds):
        while any(not client.board or client.board.epoch != epoch or client.board.seq < seq for client in clients):
            if violated := [client.violation for client in clients if client.violation]:
                raise violated[0]
            await asyncio.sleep(0.05)
