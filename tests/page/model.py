"""A model of the server: the log, the state at every number, and one connection. It is right by being simple."""

import copy
import uuid
from typing import Any

Json = dict[str, Any]
SPREAD_MS = 2_500
CONFIG = {"allowedAgentDirectories": [], "initialAgentDirectory": "", "systemAgentProvider": "not-configured"}


class Server:
    """State and log of one workspace. Every state that was ever current is kept, to be compared with."""

    def __init__(self) -> None:
        self.epoch = "epoch-1"
        self.seq = 0
        self.tasks: dict[str, Json] = {}
        self.history: dict[str, list[Json]] = {}
        self.queues: dict[str, list[Json]] = {}
        self.events: dict[int, Json] = {}
        self.oldest = 1
        self.past: dict[tuple[str, int], Json] = {}
        self._entries = 0
        self._remember()

    # What happens on the server

    def create(self) -> str:
        task_id = str(uuid.UUID(int=len(self.history) + 1))
        self.history[task_id], self.queues[task_id] = [], []
        self._log("task_created", self._put(task_id, version=1, description="new"), task_id, "task_created")
        return task_id

    def update(self, task_id: str, text: str) -> None:
        task = self._put(task_id, version=self.tasks[task_id]["version"] + 1, description=text)
        self._log("task_updated", task, task_id, "description_edited")

    def delete(self, task_id: str, *, archive: bool = False) -> None:
        self.tasks.pop(task_id)
        self._log("task_archived" if archive else "task_deleted", {"id": task_id})

    def enqueue(self, task_id: str, text: str) -> None:
        self.queues[task_id].append({"id": f"m{self.seq + 1}", "content": text, "receivedAt": 0})
        queue = {"messages": copy.deepcopy(self.queues[task_id])}
        self._log("queue_changed", {"taskId": task_id, "queue": queue}, task_id, "message_queued")

    def note(self, task_id: str) -> None:
        self._log("history_appended", {"taskId": task_id}, task_id, "tool_executed")

    def update_two(self, first: str, second: str) -> None:
        """Several tasks in one transaction."""
        parts: list[Json] = []
        for task_id in (first, second):
            task = self._put(task_id, version=self.tasks[task_id]["version"] + 1, description="both")
            parts.append({"type": "task_updated", "data": task, "history": [self._entry(task_id, "both")]})
        self._log("transaction", parts)

    def reset(self, task_id: str) -> None:
        """A change too large for an event."""
        self._put(task_id, version=self.tasks[task_id]["version"] + 1, description="large")
        self._log("reset", {"reason": "large"})

    def renew_epoch(self) -> None:
        """A restored copy: the log goes on under another name."""
        self.epoch = f"epoch-{int(self.epoch.split('-')[1]) + 1}"
        self.events.clear()
        self.oldest = self.seq + 1
        self._remember()

    def expire(self) -> None:
        """Retention takes all but the newest event."""
        for seq in range(self.oldest, self.seq):
            self.events.pop(seq, None)
        self.oldest = max(self.oldest, self.seq)

    # What it answers

    def snapshot(self) -> Json:
        return copy.deepcopy(self.past[self.epoch, self.seq]["board"])

    def part(self, key: str) -> Json | None:
        """Data of a part now; None: 404."""
        parts: dict[str, Json] = self.past[self.epoch, self.seq]["parts"]
        return copy.deepcopy(parts.get(key))

    def _put(self, task_id: str, **changes: Any) -> Json:
        old = self.tasks.get(task_id, {})
        task: Json = {"id": task_id, "taskType": "descriptionOnly", "status": {"type": "pending"}}
        task |= {"archivedAt": None, "truncated": []}
        self.tasks[task_id] = task | old | changes | {"seq": self.seq + 1}
        return copy.deepcopy(self.tasks[task_id])

    def _entry(self, task_id: str, kind: str) -> Json:
        self._entries += 1
        entry = {"id": self._entries, "timestamp": 0, "eventType": kind, "data": {}}
        self.history[task_id].append(entry)
        return entry

    def _log(self, kind: str, data: Any, task_id: str | None = None, entry: str | None = None) -> None:
        self.seq += 1
        event = {"type": kind, "seq": self.seq, "at": 0, "data": data}
        if task_id and entry:
            event["history"] = [self._entry(task_id, entry)]
        self.events[self.seq] = event
        self._remember()

    def _remember(self) -> None:
        board = {
            "epoch": self.epoch,
            "seq": self.seq,
            "tasks": [self.tasks[task_id] for task_id in sorted(self.tasks)],
            "agents": [],
            "providers": [],
            "runs": [],
            "config": CONFIG,
            "configPath": "/w/chorus.json",
        }
        parts: Json = {}
        for task_id in self.tasks:
            parts[f"history:{task_id}"] = {"events": self.history[task_id]}
            parts[f"queue:{task_id}"] = {"messages": self.queues[task_id]}
        self.past[self.epoch, self.seq] = copy.deepcopy({"board": board, "parts": parts})


class Connection:
    """One WebSocket as the server sees it, and the frames that are on their way to the page."""

    def __init__(self, server: Server, generation: int) -> None:
        self.server = server
        self.generation = generation
        self.cursor: int | None = None
        self.frames: list[Json] = []

    def receive(self, message: Json) -> None:
        if message["type"] == "subscribe":
            self._subscribe(message["epoch"], message["since"])

    def _subscribe(self, epoch: str, since: int) -> None:
        server = self.server
        self.epoch = server.epoch
        if epoch != server.epoch:
            self.resync("epoch")
        elif since > server.seq:
            self.resync("ahead")
        elif since + 1 < server.oldest:
            self.resync("expired")
        else:
            self.cursor = since
            welcome = {"protocol": 1, "build": "test", "epoch": epoch, "seq": server.seq, "heartbeatMs": 5000}
            self.frames.append({"type": "welcome", **welcome, "spreadMs": SPREAD_MS, "now": 0})
            self.push()

    def push(self) -> None:
        """What the fan-out does: everything after the cursor."""
        if self.cursor is None:
            return
        if self.epoch != self.server.epoch:
            return self.resync("epoch")
        if self.cursor + 1 < self.server.oldest:
            return self.resync("expired")
        for seq in range(self.cursor + 1, self.server.seq + 1):
            self.frames.append(copy.deepcopy(self.server.events[seq]))
        self.cursor = self.server.seq

    def resync(self, reason: str) -> None:
        self.cursor = None
        delay_ms = SPREAD_MS if self.server.seq % 2 else 0
        self.frames.append({"type": "resync", "reason": reason, "delayMs": delay_ms})

    def heartbeat(self) -> None:
        self.frames.append({"type": "heartbeat", "seq": self.cursor, "spreadMs": SPREAD_MS, "now": 0})
