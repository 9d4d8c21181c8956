"""Clients of an independent WebSocket library that follow the protocol to the letter and record what they saw."""

import asyncio
import contextlib
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from tests.helpers.server import Server

Json = dict[str, Any]
RETRY_S = 0.2
SILENCE_S = 5.0


class Violation(AssertionError):
    """The server broke a promise of the protocol."""


class Board:
    """The state a client builds from one snapshot and the events after it, in the snapshot's own terms."""

    def __init__(self, snapshot: Json) -> None:
        self.epoch: str = snapshot["epoch"]
        self.seq: int = snapshot["seq"]
        self.tasks = {task["id"]: task for task in snapshot["tasks"]}
        self.rest = {key: snapshot[key] for key in ("agents", "providers", "runs", "config", "configPath")}

    def apply(self, event: Json) -> None:
        """Raises Violation unless the event is the next one."""
        if event["seq"] != self.seq + 1:
            raise Violation(f"event {event['seq']} after {self.seq}")
        items = event["data"] if event["type"] == "transaction" else [event]
        for item in items:
            self._apply_item(item["type"], item["data"])
        self.seq = event["seq"]

    def _apply_item(self, kind: str, data: Any) -> None:
        if kind in ("task_created", "task_updated"):
            self.tasks[data["id"]] = data
        elif kind in ("task_deleted", "task_archived"):
            self.tasks.pop(data["id"], None)
        elif kind not in ("queue_changed", "history_appended"):
            raise Violation(f"unexpected {kind}")

    def canonical(self) -> bytes:
        """The whole state as bytes, to be compared with another's."""
        tasks = [self.tasks[task_id] for task_id in sorted(self.tasks)]
        body = {"epoch": self.epoch, "seq": self.seq, "tasks": tasks, **self.rest}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


class Client:
    """Takes one snapshot, then watches, and comes back with its cursor after every disconnect."""

    def __init__(self, server: Server, name: int) -> None:
        self.server = server
        self.name = name
        self.board: Board | None = None
        self.received: list[int] = []
        self.connects = 0
        self.snapshots = 0
        self.resyncs: list[str] = []
        self.subscribed = False
        self.violation: Violation | None = None

    async def run(self) -> None:
        """Until cancelled; a violation ends it."""
        try:
            while True:
                await self._session()
                await asyncio.sleep(RETRY_S)
        except Violation as violation:
            self.violation = violation

    async def _session(self) -> None:
        with contextlib.suppress(OSError, TimeoutError, InvalidHandshake, WebSocketException):
            if self.board is None:
                await self._take_snapshot()
            async with connect(self.server.ws_url, open_timeout=3, ping_interval=None, compression=None) as socket:
                self.connects += 1
                await self._follow(socket)

    async def _take_snapshot(self) -> None:
        self.snapshots += 1
        try:
            self.board = Board(await asyncio.to_thread(self.server.json, "GET", "/api/snapshot"))
        except AssertionError as error:
            raise OSError("no snapshot now") from error

    async def _subscribe(self, socket: ClientConnection) -> None:
        assert self.board
        self.subscribed = False
        message = {"type": "subscribe", "protocol": 1, "epoch": self.board.epoch, "since": self.board.seq}
        await socket.send(json.dumps(message))

    async def _follow(self, socket: ClientConnection) -> None:
        await self._subscribe(socket)
        while True:
            async with asyncio.timeout(SILENCE_S):  # wait_for of Python 3.11 may swallow a cancellation
                frame = json.loads(await socket.recv())
            await self._receive(socket, frame)

    async def _receive(self, socket: ClientConnection, frame: Json) -> None:
        assert self.board
        match frame["type"]:
            case "welcome":
                if frame["epoch"] != self.board.epoch:
                    raise Violation(f"welcome to {frame['epoch']} for {self.board.epoch}")
                self.subscribed = True
            case "heartbeat":
                if frame["seq"] != (self.board.seq if self.subscribed else None):
                    raise Violation(f"heartbeat says {frame['seq']}, the cursor is {self.board.seq}")
                await socket.send(json.dumps({"type": "pong", "seq": self.board.seq}))
            case "resync":
                self.resyncs.append(frame["reason"])
                await self._take_snapshot()
                await self._subscribe(socket)
            case "bye" | "workspaces_changed":
                pass
            case _:
                self.board.apply(frame)
                self.received.append(frame["seq"])


async def all_at(clients: list[Client], seq: int, seconds: float) -> None:
    """Waits until every client has applied event `seq`."""
    async with asyncio.timeout(seconds):
        while any(client.board is None or client.board.seq < seq for client in clients):
            if violated := [client.violation for client in clients if client.violation]:
                raise violated[0]
            await asyncio.sleep(0.05)
