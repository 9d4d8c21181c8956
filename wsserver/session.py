"""What a connection may ask and what it is told: plain functions of (session, input, now). Pure.

    opened ──► AWAITING ──subscribe──► STREAMING ◄──subscribe── RESYNCING
                   └────subscribe────────►│ resync ─────────────────►▲
    any ──► CLOSING: a close frame was sent; its answer is awaited

`now` is loop time in seconds. Each function returns what to do, an `Effect`; the shell does it.
"""

import json
from dataclasses import dataclass
from enum import Enum
from math import inf
from typing import Any, NamedTuple

from common.events import PROTOCOL, CloseCode, MessageType, ResyncReason

SUBSCRIBE_WITHIN_S = 10.0
RESUBSCRIBE_WITHIN_S = 60.0
CLOSE_WITHIN_S = 1.0
UNANSWERED_AT_MOST = 3
MESSAGE_AT_MOST = 16 * 1024  # bytes
# A page sends one subscribe and a pong a heartbeat: some 10 frames a minute. Everything it sends is budgeted.
BURST_BYTES, BYTES_PER_S = 64 * 1024, 16 * 1024
BURST_FRAMES, FRAMES_PER_S = 200, 50


class Phase(Enum):
    AWAITING = "awaiting the first subscribe"
    STREAMING = "subscribed"
    RESYNCING = "awaiting the subscribe after a resync"
    CLOSING = "closing"


class Log(NamedTuple):
    """The log as far as we have read it: a cursor can be continued from `oldest - 1` to `head`."""

    epoch: str
    oldest: int
    head: int


class Request(NamedTuple):
    """A `subscribe`: which log the client knows, and how far."""

    epoch: str
    since: int


class Look(NamedTuple):
    """The client may know more than we do: read the log, then call `settle`."""


class Welcome(NamedTuple):
    """Subscribed: the stream follows from the session's cursor."""


class Resync(NamedTuple):
    reason: ResyncReason


class Heartbeat(NamedTuple):
    pass


class Close(NamedTuple):
    """Send a close frame; the session is CLOSING."""

    code: CloseCode
    reason: str


class Cut(NamedTuple):
    """Close the socket without further words."""


Effect = Look | Welcome | Resync | Heartbeat | Close | Cut


@dataclass(slots=True)
class Session:
    """`cursor`: last event in the stream, None while not subscribed. `deadline`: for the subscribe, or for the close.

    `asked`: a subscribe that waits for a look at the log. `unanswered`: heartbeats since the last pong.
    """

    beat_at: float
    deadline: float
    phase: Phase = Phase.AWAITING
    cursor: int | None = None
    asked: Request | None = None
    unanswered: int = 0
    bytes_left: float = BURST_BYTES
    frames_left: float = BURST_FRAMES
    refilled_at: float = 0.0


def opened(now: float, beat_at: float) -> Session:
    """A connection after its handshake; the first heartbeat is due at `beat_at`."""
    return Session(beat_at=beat_at, deadline=now + SUBSCRIBE_WITHIN_S, refilled_at=now)


def next_wake(session: Session) -> float:
    """When `wake` has something to do, unless anything happens before."""
    return session.deadline if session.phase is Phase.CLOSING else min(session.deadline, session.beat_at)


def wake(session: Session, now: float, next_beat: float, *, silent: bool = False) -> Effect | None:
    """Keeps the deadlines; `next_beat` is when the following heartbeat is due if one is sent now.

    None is sent while `silent`: to a peer for which frames are waiting already (they prove as much, once they arrive),
    and by a server that cannot read the log, which has nothing to prove.
    """
    if now >= session.deadline:
        if session.phase is Phase.CLOSING:
            return Cut()
        return close(session, CloseCode.NOT_SUBSCRIBED, "no subscribe in time", now)
    if session.phase is Phase.CLOSING or now < session.beat_at:
        return None
    session.beat_at = next_beat
    if silent:
        return None
    if session.unanswered >= UNANSWERED_AT_MOST:
        return close(session, CloseCode.NO_PONG, f"{UNANSWERED_AT_MOST} heartbeats unanswered", now)
    session.unanswered += 1
    return Heartbeat()


def spend(session: Session, now: float, size: int, frames: int) -> Close | None:
    """Takes `size` bytes and `frames` frames, of any kind, from the budget of what a client may send."""
    passed = now - session.refilled_at
    session.refilled_at = now
    session.bytes_left = min(BURST_BYTES, session.bytes_left + passed * BYTES_PER_S) - size
    session.frames_left = min(BURST_FRAMES, session.frames_left + passed * FRAMES_PER_S) - frames
    if session.bytes_left < 0 or session.frames_left < 0:
        return close(session, CloseCode.POLICY, "too much sent", now)
    return None


def receive(session: Session, text: str, log: Log | None, now: float) -> Effect | None:
    """A message of the client. `log` is None where no workspace is open. Unknown types and keys are ignored."""
    message = _object(text)
    if message is None:
        return close(session, CloseCode.PROTOCOL_ERROR, "not a JSON object", now)
    if message.get("type") == MessageType.SUBSCRIBE:
        return _subscribe(session, message, log, now)
    if message.get("type") == MessageType.PONG:
        session.unanswered = 0
    return None


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _subscribe(session: Session, message: dict[str, Any], log: Log | None, now: float) -> Effect:
    if session.phase is Phase.STREAMING or session.asked:
        return close(session, CloseCode.POLICY, "subscribed already", now)
    if message.get("protocol") != PROTOCOL:
        return close(session, CloseCode.PROTOCOL_NOT_SERVED, f"this server speaks protocol {PROTOCOL}", now)
    request = _request(message)
    if request is None:
        return close(session, CloseCode.PROTOCOL_ERROR, "subscribe needs epoch (string) and since (integer >= 0)", now)
    if log and _refusal(request, log) is None:
        return _welcome(session, request)
    session.asked = request
    session.deadline = inf  # it has done its part
    return Look()


def _request(message: dict[str, Any]) -> Request | None:
    epoch, since = message.get("epoch"), message.get("since")
    if not isinstance(epoch, str) or type(since) is not int or since < 0:  # bool is an int, and not a number here
        return None
    return Request(epoch, since)


def _refusal(request: Request, log: Log) -> ResyncReason | None:
    if request.epoch != log.epoch:
        return ResyncReason.EPOCH
    if request.since > log.head:
        return ResyncReason.AHEAD
    if request.since + 1 < log.oldest:
        return ResyncReason.EXPIRED
    return None


def _welcome(session: Session, request: Request) -> Welcome:
    session.phase = Phase.STREAMING
    session.cursor = request.since
    session.deadline = inf
    return Welcome()


def settle(session: Session, log: Log | None, now: float) -> Effect | None:
    """Answers the waiting subscribe after a look at the log."""
    request, session.asked = session.asked, None
    if request is None or session.phase is Phase.CLOSING:
        return None
    if log is None:
        return close(session, CloseCode.RESTART, "no workspace is open", now)
    reason = _refusal(request, log)
    return _welcome(session, request) if reason is None else _resync(session, reason, now)


def interrupt(session: Session, reason: ResyncReason, now: float) -> Effect | None:
    """The stream cannot go on. Only a streaming client is told: the others' next subscribe is judged anyway."""
    return _resync(session, reason, now) if session.phase is Phase.STREAMING else None


def _resync(session: Session, reason: ResyncReason, now: float) -> Resync:
    session.phase = Phase.RESYNCING
    session.cursor = None
    session.deadline = now + RESUBSCRIBE_WITHIN_S
    return Resync(reason)


def close(session: Session, code: CloseCode, reason: str, now: float) -> Close:
    """Begins the closing handshake (RFC 6455 section 7.1.2); its end is awaited for a second."""
    closing(session, now)
    return Close(code, reason)


def closing(session: Session, now: float) -> None:
    """No message is sent or heard any more."""
    session.phase = Phase.CLOSING
    session.deadline = now + CLOSE_WITHIN_S
