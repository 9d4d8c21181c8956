"""Our own client, over our own port: delivery can be dead while the process looks healthy."""

import re
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
from gevent import socket

from common.events import PROTOCOL, MessageType
from common.settings import Settings
from common.wire import dumps
from wsserver import frames
from wsserver.session import Log

HEADER = "X-Chorus-Canary"
PATH = "/ws"
RETRY_S = 0.5
PATIENCE = 3  # heartbeats
READ_BYTES = 256 * 1024
READ_EVERY_S = 0.05  # what arrives meanwhile is read at once
START_BYTES = 80  # of a message: its type and number
_START = re.compile(rb'\{"type":"(\w+)"(?:,"seq":(\d+))?')  # events are never decoded here either


class Canary:
    """`seq` is the last event it has, None while it is not subscribed. `token` proves that it is our own."""

    def __init__(self, settings: Settings, log: Callable[[], Log | None]) -> None:
        self.token = secrets.token_hex(16)
        self.seq: int | None = None
        self._log = log
        self._heard_at = 0.0
        self._patience_s = 1 + PATIENCE * settings.heartbeat_ms / 1000
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
        self._address = (host, settings.ws_port)
        self._handshake = (
            f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{settings.ws_port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: Q2hvcnVzIGNhbmFyeSB3cw==\r\n"
            f"{HEADER}: {self.token}\r\n\r\n"
        ).encode()

    def is_well(self) -> bool:
        """Whether it is subscribed, and has heard a welcome or a heartbeat lately."""
        return self.seq is not None and time.monotonic() - self._heard_at < self._patience_s

    def run(self) -> None:
        """Stays connected, for ever."""
        while True:
            try:
                self._visit()
            except OSError:
                pass  # its silence is the message
            self.seq = None
            gevent.sleep(RETRY_S)

    def _visit(self) -> None:
        with socket.create_connection(self._address, timeout=self._patience_s) as line:
            line.sendall(self._handshake)
            head, _, rest = _read_until(line, b"\r\n\r\n").partition(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 101 "):
                raise OSError("refused")
            line.sendall(self._subscribe())
            for start in _starts(line, rest):
                if answer := self._hear(start):
                    line.sendall(answer)

    def _hear(self, start: bytes) -> bytes:
        """Takes the beginning of a message; returns what is to be answered."""
        matched = _START.match(start)
        kind, seq = (matched[1].decode(), matched[2]) if matched else ("", None)
        if kind == MessageType.RESYNC:
            self.seq = None
            return self._subscribe()
        if kind == MessageType.HEARTBEAT:
            self._heard_at = time.monotonic()
            return _message({"type": MessageType.PONG, "seq": self.seq})
        if kind == MessageType.WELCOME:
            self._heard_at = time.monotonic()
            self.seq = self._since
        elif seq is not None:
            self.seq = int(seq)
        return b""

    def _subscribe(self) -> bytes:
        log = self._log()
        if log is None:
            raise OSError("nothing to subscribe to")
        self._since = log.head
        return _message({"type": MessageType.SUBSCRIBE, "protocol": PROTOCOL, "epoch": log.epoch, "since": self._since})


def _message(value: dict[str, object]) -> bytes:
    return frames.from_client(dumps(value).encode())


def _read_until(line: Any, mark: bytes) -> bytes:
    data = b""
    while mark not in data:
        data += _read(line)
    return data


def _read(line: Any) -> bytes:
    data: bytes = line.recv(READ_BYTES)
    if not data:
        raise OSError("closed")
    return data


def _starts(line: Any, data: bytes) -> Iterator[bytes]:
    """The beginning of each message that arrives, until the other side closes.

    Every event comes by here as well: a parser of whole messages would cost more than all that the clients are sent.
    """
    while True:
        found, rest = frames.heads(data)
        for head in found:
            if head.is_close:
                return
            yield data[head.start : head.start + START_BYTES]
        data = data[rest:]
        gevent.sleep(READ_EVERY_S)
        data += _read(line)
