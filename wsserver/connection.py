"""One WebSocket after its handshake: a descriptor, a parser, a session. It is the only writer of its socket.

Callbacks run in the loop itself, so nothing here may wait. Every path ends in `end`, once.
"""

import logging
import os
import struct
from _socket import socket as PlainSocket  # noqa: N812 (not `socket.socket`, which gevent has replaced)
from collections.abc import Iterator
from contextlib import suppress
from fcntl import ioctl
from math import inf
from socket import SHUT_WR, SO_LINGER, SOL_SOCKET
from termios import TIOCOUTQ
from typing import Any, Protocol

from gevent import get_hub
from wsproto.connection import Connection as Parser
from wsproto.connection import ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.frame_protocol import CloseReason

from common.events import CloseCode, ResyncReason
from wsserver import frames, session
from wsserver.ring import Chunk
from wsserver.session import Close, Cut, Effect, Heartbeat, Log, Look, Phase, Resync, Session, Welcome

READ_BYTES = 16 * 1024  # read at once: then others have their turn
NO_PROGRESS_S = 5.0
ROOM_BYTES = 64 * 1024  # unacknowledged; with more, what may be dropped is not sent
CLIENT, LOST, SLOW = "client", "lost", "slow"  # why connections end, besides the names of our close codes
# After these the peer's bytes are not worth parsing any more; the others wait for the answer to their close frame.
_ABUSE = {
    CloseCode.PROTOCOL_ERROR,
    CloseCode.UNSUPPORTED_DATA,
    CloseCode.INVALID_PAYLOAD,
    CloseCode.POLICY,
    CloseCode.TOO_BIG,
    CloseCode.INTERNAL_ERROR,
}
_READ, _WRITE = 1, 2  # libev's EV_READ, EV_WRITE
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close at once with RST, and let the kernel forget what is unsent


log = logging.getLogger(__name__)


class Owner(Protocol):
    """What a connection needs of the sidecar. All times are loop time."""

    @property
    def now(self) -> float: ...
    @property
    def is_stale(self) -> bool: ...
    @property
    def log(self) -> Log | None: ...
    def next_beat(self) -> float: ...
    def welcome(self) -> bytes: ...
    def heartbeat(self, cursor: int | None) -> bytes: ...
    def resync(self, reason: ResyncReason) -> bytes: ...
    def schedule(self, connection: "Connection", due: float) -> None: ...
    def stream(self, connection: "Connection") -> None: ...
    def unstream(self, connection: "Connection") -> None: ...
    def is_live(self, connection: "Connection") -> bool: ...
    def look_for(self, connection: "Connection") -> None: ...
    def ended(self, connection: "Connection", reason: str) -> None: ...
    def failed(self, sentence: str) -> None: ...


class Connection:
    """`greeting` is the answer to the handshake; `early` are bytes that came with the request.

    `hidden` marks our own canary, which is not counted.
    """

    __slots__ = (
        "_closing",
        "_fd",
        "_out",
        "_owner",
        "_parser",
        "_pong",
        "_reader",
        "_stalled_at",
        "_text",
        "_text_bytes",
        "_unsent",
        "_writer",
        "hidden",
        "scheduled",
        "session",
    )

    def __init__(self, owner: Owner, fd: int, session: Session, hidden: bool = False) -> None:
        self.hidden = hidden
        self.scheduled = inf
        self.session = session
        self._owner = owner
        self._fd = fd
        self._parser: Parser | None = Parser(ConnectionType.SERVER)
        self._text, self._text_bytes = "", 0  # of a message whose end has not come
        self._out = b""  # the rest of the last write: nothing else may go out before it
        self._pong: bytes | None = None
        self._closing = ""  # why it will end; "" while it is open
        self._stalled_at, self._unsent = inf, 0
        self._writer: Any = None  # a watcher, while the socket takes nothing more
        self._reader: Any = get_hub().loop.io(fd, _READ)

    def open(self, greeting: bytes, early: bytes) -> None:
        """Answers the handshake and starts to listen."""
        self._reader.start(self._readable)
        self._reschedule()
        self.send(greeting)
        if early:
            self._hear(early)

    @property
    def is_open(self) -> bool:
        return self._fd >= 0

    @property
    def is_closing(self) -> bool:
        """Whether a close frame has been sent."""
        return bool(self._closing)

    @property
    def is_blocked(self) -> bool:
        """Whether its socket takes nothing more."""
        return self._writer is not None

    @property
    def takes_stream(self) -> bool:
        """Whether frames of the log may be written to it now."""
        return self._fd >= 0 and self._writer is None and self.session.phase is Phase.STREAMING

    @property
    def has_room(self) -> bool:
        """Whether what may be dropped can go out now: nothing of the log waits for it, and little is on its way."""
        return self.takes_stream and self._owner.is_live(self) and self._queued() <= ROOM_BYTES

    # --- out ---

    def stream(self, chunk: Chunk) -> bool:
        """Writes the chunk that follows the cursor, and moves it. False where the socket did not take all of it."""
        try:
            count = os.write(self._fd, chunk.data)
        except BlockingIOError:
            count = 0
        except OSError as error:
            self._cannot_send(error)
            return False
        if count == len(chunk.data):
            self.session.cursor = chunk.last
            return True
        self.session.cursor, self._out = chunk.cut(count)
        self._block()
        return False

    def send(self, data: bytes) -> None:
        """Sends frames that are not of the log; they follow the rest of the last write."""
        if self._fd < 0:
            return
        self._out += data
        if self._writer is None:
            self._flush()

    def _flush(self) -> None:
        try:
            count = os.write(self._fd, self._out)
        except BlockingIOError:
            count = 0
        except OSError as error:
            return self._cannot_send(error)
        self._out = self._out[count:]
        if self._out:
            self._block()
        elif self._closing and self._parser is None:
            self._said_all()

    def _cannot_send(self, error: OSError) -> None:
        log.info("A client is gone: sending to it failed (%s).", error.strerror)
        self.end(LOST)

    def _block(self) -> None:
        """Waits until the socket takes more; somebody who takes nothing for five seconds is cut."""
        if self._writer is None:
            self._writer = get_hub().loop.io(self._fd, _WRITE)
            self._writer.start(self._writable)
            self._owner.unstream(self)
            self._unsent = self._queued()
        self._stalled_at = self._owner.now + NO_PROGRESS_S
        self._reschedule()

    def _writable(self) -> None:
        if self._out:
            self._stalled_at = inf
            self._guarded(self._flush)
        if not self._out and self._fd >= 0:
            self._guarded(self._unblock)

    def _unblock(self) -> None:
        self._stop_writer()
        self._stalled_at = inf
        if self._pong is not None:
            pong, self._pong = self._pong, None
            self.send(pong)
        if self.session.phase is Phase.STREAMING and self._writer is None:
            self._owner.stream(self)

    def _queued(self) -> int:
        """Bytes that the peer has not acknowledged yet (tcp(7), SIOCOUTQ)."""
        return int(struct.unpack("i", ioctl(self._fd, TIOCOUTQ, b"\0" * 4))[0])

    # --- in ---

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            return self.end(self._closing or LOST)
        self._hear(data)

    def _hear(self, data: bytes) -> None:
        if self._parser is not None:
            self._guarded(self._parse, data)

    def _guarded(self, action: Any, *arguments: Any) -> None:
        """Our own mistake ends this connection with 1011, and no other."""
        try:
            action(*arguments)
        except Exception:  # noqa: BLE001 (whatever it is, the others must be served)
            self.failed()

    def failed(self) -> None:
        """Called while an exception of ours is handled that concerns this connection."""
        self._owner.failed("A connection failed.")
        self._parser = None
        if self._closing:
            return self.end(self._closing, reset=True)
        self.close(CloseCode.INTERNAL_ERROR, "internal error")

    def _parse(self, data: bytes) -> None:
        self.perform(session.spend(self.session, self._owner.now, len(data), 0))
        for event in self._events(data):
            self.perform(session.spend(self.session, self._owner.now, 0, 1))
            if self._parser is not None:
                self._heard(event)

    def _events(self, data: bytes) -> Iterator[Event]:
        """The parts of frames in `data`, until nobody listens any more."""
        parser = self._parser
        if parser is None:
            return
        parser.receive_data(data)
        for event in parser.events():
            yield event
            if self._parser is None:
                return

    def _heard(self, event: Event) -> None:
        if isinstance(event, CloseConnection):
            self._heard_close(event)
        elif self._closing:
            pass  # only the answer to our close frame counts now
        elif isinstance(event, TextMessage):
            self._heard_text(event)
        elif isinstance(event, BytesMessage):
            self.close(CloseCode.UNSUPPORTED_DATA, "text messages only")
        elif isinstance(event, Ping):
            self._heard_ping(bytes(event.payload))

    def _heard_text(self, part: TextMessage) -> None:
        self._text_bytes += len(part.data.encode())
        if self._text_bytes > session.MESSAGE_AT_MOST:
            return self.close(CloseCode.TOO_BIG, f"at most {session.MESSAGE_AT_MOST} bytes")
        self._text += part.data
        if part.message_finished:
            text, self._text, self._text_bytes = self._text, "", 0
            self.perform(session.receive(self.session, text, self._owner.log, self._owner.now))

    def _heard_ping(self, payload: bytes) -> None:
        """At most one pong waits: only the newest ping must be answered (RFC 6455 section 5.5.3)."""
        if self._writer is None:
            self.send(frames.pong(payload))
        else:
            self._pong = frames.pong(payload)

    def _heard_close(self, event: CloseConnection) -> None:
        assert self._parser is not None
        parser, self._parser = self._parser, None
        if parser.state is not ConnectionState.REMOTE_CLOSING:  # wsproto's word for bytes that are no WebSocket
            return self.close(CloseCode(event.code), event.reason or "protocol error")
        if self._closing:
            return self.end(self._closing)
        self._begin_closing(CLIENT)
        session.closing(self.session, self._owner.now)
        self.send(frames.close(None if event.code == CloseReason.NO_STATUS_RCVD else event.code))

    # --- what the session decides ---

    def perform(self, effect: Effect | None) -> None:
        """Does what the session said."""
        match effect:
            case Welcome():
                self.send(self._owner.welcome())
                if self.takes_stream:
                    self._owner.stream(self)
            case Resync(reason):
                self._owner.unstream(self)
                self.send(self._owner.resync(reason))
            case Heartbeat():
                self.send(self._owner.heartbeat(self.session.cursor))
            case Look():
                self._owner.look_for(self)
            case Close(code, reason):
                self._close(code, reason)
            case Cut():
                self.end(self._closing, reset=True)

    def interrupt(self, reason: ResyncReason) -> None:
        """The stream cannot go on."""
        self._guarded(self.perform, session.interrupt(self.session, reason, self._owner.now))

    def settle(self, log: Log | None) -> None:
        """Answers a subscribe that waited for a look at the log."""
        if self._fd >= 0:
            self._guarded(self.perform, session.settle(self.session, log, self._owner.now))

    def wake(self) -> None:
        """Keeps the deadlines: called when the one scheduled has come."""
        self.scheduled = inf
        if self._fd >= 0:
            self._guarded(self._wake)
        if self._fd >= 0:
            self._reschedule()

    def _wake(self) -> None:
        now = self._owner.now
        if now >= self._stalled_at and not self._has_progressed():
            log.info("A client was cut (%s): it has taken nothing for %d s.", SLOW, NO_PROGRESS_S)
            return self.end(SLOW, reset=True)
        silent = self._writer is not None or self._owner.is_stale
        self.perform(session.wake(self.session, now, self._owner.next_beat(), silent=silent))

    def _has_progressed(self) -> bool:
        """A peer on a thin line may take more than 5 s to make room for our next write, but it acknowledges bytes."""
        before, self._unsent = self._unsent, self._queued()
        self._stalled_at = self._owner.now + NO_PROGRESS_S
        return self._unsent < before

    def _reschedule(self) -> None:
        due = min(session.next_wake(self.session), self._stalled_at)
        if due < self.scheduled:  # a later one needs no new entry: it is found when the earlier one comes
            self._owner.schedule(self, due)

    # --- the end ---

    def dismiss(self, bye: bytes, reason: str) -> None:
        """Tells the client when to come back, and closes."""
        if not self._closing:
            self.send(bye)
            self.close(CloseCode.RESTART, reason)

    def close(self, code: CloseCode, reason: str) -> None:
        """Begins the closing handshake, unless it has begun."""
        if not self._closing:
            self.perform(session.close(self.session, code, reason, self._owner.now))

    def _close(self, code: CloseCode, reason: str) -> None:
        if code in _ABUSE:
            self._parser = None
        if self._closing:
            return
        self._begin_closing(code.name.lower())
        self.send(frames.close(code, reason))

    def _begin_closing(self, reason: str) -> None:
        self._closing = reason
        self._text, self._pong = "", None
        self._owner.unstream(self)
        if self._fd >= 0:
            self._reschedule()

    def _said_all(self) -> None:
        """The close frame is out, and nothing more is parsed: the server closes first (RFC 6455 section 7.1.1).

        A peer that has not sent its own close frame sees the end of the stream only: closing a socket that still holds
        unread bytes would send RST, and with it the close frame could be lost.
        """
        if self._closing == CLIENT:
            return self.end(CLIENT)
        plain = PlainSocket(fileno=self._fd)
        with suppress(OSError):  # who is gone has answered the frame with RST already: the reader finds that next
            plain.shutdown(SHUT_WR)
        plain.detach()

    def end(self, reason: str, *, reset: bool = False) -> None:
        """Closes the socket; `reset` drops what the peer has not taken."""
        if self._fd < 0:
            return
        self._stop_writer()
        self._reader.stop()  # before its descriptor is closed: the number may be another socket's the next moment
        self._reader.close()
        self._reader = self._parser = None
        fd, self._fd, self._out = self._fd, -1, b""
        plain = PlainSocket(fileno=fd)
        if reset:
            plain.setsockopt(SOL_SOCKET, SO_LINGER, _RESET)
        plain.close()
        self._owner.ended(self, reason)

    def _stop_writer(self) -> None:
        if self._writer is not None:
            self._writer.stop()
            self._writer.close()
            self._writer = None
