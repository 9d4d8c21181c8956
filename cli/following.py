"""What a follower does with each message of the stream (docs/protocol.md, "Rules for a client"). Pure."""

import json
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, NamedTuple

from common.events import PROTOCOL, ByeReason, EventType, MessageType

SILENCE = 2.5  # heartbeats without a frame: not live any more
QUICK_TRIES = 8
LONGEST_WAIT_S = 20.0
MAX_SPREAD_S = 30.0
MAX_COMEBACK_S = 60.0
ASK_WHY_AFTER = 3  # failed attempts
_EVENTS = frozenset(EventType)


class Do(Enum):
    """What the shell does next."""

    READ = "read"
    SHOW = "show"  # the message is an event to be shown
    SNAPSHOT = "snapshot"  # on this connection, after `delay_s`: take a snapshot, then subscribe
    RESTART = "restart"  # connect again at a moment of its own within `spread_s`, and take a snapshot
    RECONNECT = "reconnect"  # connect again and go on at the cursor
    LEAVE = "leave"  # the server cannot serve for a moment: connect again after `delay_s`


@dataclass(frozen=True)
class Following:
    """Where a follower stands. `live` between `welcome` and whatever ends it; `gaps` in a row.

    `spread_s`: in how much time all followers do what they would all do at once.
    """

    epoch: str
    cursor: int
    live: bool = False
    gaps: int = 0
    heartbeat_s: float = 5.0
    spread_s: float = 0.0

    def subscribe(self) -> str:
        return json.dumps(
            {"type": MessageType.SUBSCRIBE, "protocol": PROTOCOL, "epoch": self.epoch, "since": self.cursor}
        )

    def pong(self) -> str:
        return json.dumps({"type": MessageType.PONG, "seq": self.cursor if self.live else None})

    def cut(self) -> "Following":
        """After a lost connection."""
        return replace(self, live=False)


class Step(NamedTuple):
    state: Following
    do: Do
    delay_s: float = 0.0


def receive(state: Following, message: dict[str, Any]) -> Step:
    """The next state, and what to do about `message`. Unknown types are ignored."""
    kind = message.get("type")
    if kind in _EVENTS:
        return _event(state, message)
    if kind == MessageType.WELCOME:
        return Step(replace(_spread(state, message), live=True, heartbeat_s=message["heartbeatMs"] / 1000), Do.READ)
    if kind == MessageType.HEARTBEAT:
        return _gap(state) if state.live and message["seq"] != state.cursor else Step(_spread(state, message), Do.READ)
    if kind == MessageType.RESYNC:
        return Step(state.cut(), Do.SNAPSHOT, seconds(message.get("delayMs"), MAX_SPREAD_S))
    if kind == MessageType.BYE:
        return Step(state.cut(), Do.LEAVE, seconds(message.get("delayMs"), MAX_COMEBACK_S))
    return Step(state, Do.READ)


def _spread(state: Following, message: dict[str, Any]) -> Following:
    return replace(state, spread_s=seconds(message.get("spreadMs"), MAX_SPREAD_S))


def seconds(milliseconds: object, most: float) -> float:
    """What the server asks for, within reason."""
    return min(max(0.0, milliseconds / 1000), most) if isinstance(milliseconds, int | float) else 0.0


def _event(state: Following, message: dict[str, Any]) -> Step:
    seq = message["seq"]
    if not state.live or seq <= state.cursor:
        return Step(state, Do.READ)
    if seq > state.cursor + 1:
        return _gap(state)
    after = replace(state, cursor=seq, gaps=0)
    return Step(after.cut(), Do.RESTART) if message["type"] == EventType.RESET else Step(after, Do.SHOW)


def _gap(state: Following) -> Step:
    """A lost event: the second time in a row the cursor itself is in doubt."""
    after = replace(state.cut(), gaps=state.gaps + 1)
    return Step(after, Do.RECONNECT if after.gaps == 1 else Do.RESTART)


def farewell(message: dict[str, Any]) -> str:
    """Why the server says `bye`, in words."""
    if message.get("reason") != ByeReason.STALE:
        return "the server restarts"
    return f"the server cannot read the board. {message.get('detail', '')}".strip()


def wait_s(failures: int, chance: float) -> float:
    """Before the next attempt, after so many failed ones; `chance` is random in [0, 1)."""
    if failures < QUICK_TRIES:
        return 0.3 + 0.7 * chance
    return chance * min(LONGEST_WAIT_S, 2.0 ** (failures - QUICK_TRIES))


def may_return(close_code: int) -> bool:
    """4500-4999: come not back, something must be changed first."""
    return not 4500 <= close_code <= 4999


def parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The single changes of an event: a transaction holds several."""
    if message["type"] == EventType.TRANSACTION:
        return list(message["data"])
    if message["type"] == EventType.TASKS_CHANGED:
        return [{"type": EventType.TASK_UPDATED, "data": task} for task in message["data"]]
    return [message]


def task_of(part: dict[str, Any]) -> str | None:
    """The id of the task that a change concerns."""
    data = part["data"]
    return (data.get("taskId") or data.get("id")) if isinstance(data, dict) else None
