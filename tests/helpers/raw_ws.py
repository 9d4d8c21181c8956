"""A WebSocket client made of single bytes: it can send what no library would, and stop at any moment."""

import base64
import json
import os
import re
import socket
import struct
import time
from types import TracebackType
from typing import Any, NamedTuple, Self

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
CONTINUATION = 0x0
TIMEOUT_S = 10.0


class Frame(NamedTuple):
    opcode: int
    payload: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.payload)

    @property
    def code(self) -> int | None:
        """Of a close frame; None where it has none."""
        return int.from_bytes(self.payload[:2], "big") if self.payload else None


def frame(opcode: int, payload: bytes = b"", *, final: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """One frame as a client sends it, or as none should."""
    head = bytes([(final << 7) | (reserved << 4) | opcode])
    bit = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([bit | len(payload)])
    elif len(payload) <= 0xFFFF:
        head += struct.pack("!BH", bit | 126, len(payload))
    else:
        head += struct.pack("!BQ", bit | 127, len(payload))
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def parse(buffer: bytes) -> tuple[Frame | None, bytes]:
    """The first whole frame of what a server sent, and what follows it."""
    if len(buffer) < 2:
        return None, buffer
    size, start = buffer[1] & 0x7F, 2
    assert buffer[1] < 0x80, "a server masks nothing (RFC 6455 section 5.1)"
    if size >= 126:
        start = 4 if size == 126 else 10
        size = int.from_bytes(buffer[2:start], "big")
    if len(buffer) < start + size:
        return None, buffer
    return Frame(buffer[0] & 0x0F, buffer[start : start + size]), buffer[start + size :]


def whole_frames(data: bytes) -> list[Frame]:
    """All that are whole; the rest is passed over."""
    frames = []
    while (found := parse(data))[0]:
        frames.append(found[0])
        data = found[1]
    return frames


def handshake(port: int, **headers: str | None) -> bytes:
    """The request of an upgrade; `headers` (underscores for hyphens) replace or, as None, remove the usual ones."""
    usual: dict[str, str | None] = {
        "Host": f"localhost:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
    }
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in {**usual, **given}.items() if value is not None]
    return "\r\n".join(["GET /ws HTTP/1.1", *lines, "", ""]).encode()


class RawSocket:
    """A connection to the sidecar; `status` is the HTTP status of its answer to the handshake.

    `window` bounds the receive buffer, bytes; `early` is sent together with the handshake; `patience_s`
    bounds every wait.
    """

    def __init__(
        self,
        port: int,
        *,
        window: int | None = None,
        early: bytes = b"",
        patience_s: float = TIMEOUT_S,
        **headers: str | None,
    ) -> None:
        self.patience_s = patience_s
        self.socket = socket.socket()
        if window:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.socket.settimeout(patience_s)
        self.buffer = b""
        try:
            self.socket.connect(("127.0.0.1", port))
            self.socket.sendall(handshake(port, **headers) + early)
            self.head = self._read_head()
        except BaseException:
            self.close()
            raise
        self.status = int(self.head.split(b" ", 2)[1])

    def _read_head(self) -> bytes:
        while b"\r\n\r\n" not in self.buffer:
            data = self.socket.recv(4096)
            assert data, f"the connection ended within the handshake: {self.buffer!r}"
            self.buffer += data
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return head

    def refusal(self) -> Any:
        """The JSON body of an answer other than 101."""
        size = int(re.search(rb"(?i)content-length: (\d+)", self.head)[1])  # type: ignore[index]
        while len(self.buffer) < size:
            self.buffer += self.socket.recv(4096)
        return json.loads(self.buffer[:size])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Without a word: the peer sees the end of the stream, or a reset."""
        self.socket.close()

    def send(self, opcode: int, payload: bytes = b"", **how: Any) -> None:
        self.socket.sendall(frame(opcode, payload, **how))

    def say(self, message: Any) -> None:
        self.send(TEXT, json.dumps(message).encode())

    def subscribe(self, epoch: str, since: int) -> None:
        self.say({"type": "subscribe", "protocol": 1, "epoch": epoch, "since": since})

    def read(self) -> Frame | None:
        """The next frame; None at the end of the stream. TimeoutError after `patience_s`."""
        while True:
            found, self.buffer = parse(self.buffer)
            if found:
                return found
            try:
                data = self.socket.recv(65_536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.buffer += data

    def read_other(self) -> Frame | None:
        """The next frame that is no heartbeat: one may come at any time."""
        while (found := self.read()) and found.opcode == TEXT and found.json["type"] == "heartbeat":
            pass
        return found

    def message(self, *kinds: str) -> Any:
        """The next message of one of `kinds` (default: of any); others are passed over, heartbeats answered."""
        deadline = time.monotonic() + self.patience_s
        while time.monotonic() < deadline:
            found = self.read()
            assert found, f"the connection ended before {kinds}"
            assert found.opcode == TEXT, found
            message = found.json
            if message["type"] == "heartbeat":
                self.say({"type": "pong", "seq": message["seq"]})
            if not kinds or message["type"] in kinds:
                return message
        raise AssertionError(f"no {kinds} within {self.patience_s} s")

    def closed(self) -> int | None:
        """Reads on to the close frame and returns its code; None where the stream ended without one."""
        while found := self.read_other():
            if found.opcode == CLOSE:
                return found.code
        return None

    def at_end(self) -> bytes:
        """Whatever still comes until the stream ends, as bytes."""
        rest = self.buffer
        try:
            while data := self.socket.recv(65_536):
                rest += data
        except ConnectionResetError:
            pass
        return rest
