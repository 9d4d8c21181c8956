"""Our own client, over our own port: delivery can be dead while the process looks healthy."""

import re
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
from gevent import socket
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Message, Request, TextMessage
from wsproto.utilities import ProtocolError

from common.events import PROTOCOL, MessageType
from common.settings import Settings
from common.wire import dumps
from wsserver.session import Log

HEADER = "X-Chorus-Canary"
PATH = "/ws"
RETRY_S = 0.5
PATIENCE = 3  # heartbeats
_START = re.compile(r'\{"type":"(\w+)"(?:,"seq":(\d+))?')  # events are never decoded here either


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
        self._host_header = f"127.0.0.1:{settings.ws_port}"

    def is_well(self) -> bool:
        """Whether it is subscribed, and has heard a welcome or a heartbeat lately."""
        return self.seq is not None and time.monotonic() - self._heard_at < self._patience_s

    def run(self) -> None:
        """Stays connected, for ever."""
        while True:
            try:
                self._visit()
            except (OSError, ProtocolError):
                pass  # its silence is the message
            self.seq = None
            gevent.sleep(RETRY_S)

    def _visit(self) -> None:
        with socket.create_connection(self._address, timeout=self._patience_s) as line:
            peer = WSConnection(ConnectionType.CLIENT)
            token = (HEADER.encode(), self.token.encode())
            line.sendall(peer.send(Request(host=self._host_header, target=PATH, extra_headers=[token])))
            for event in _events(line, peer):
                for answer in self._hear(event):
                    line.sendall(peer.send(Message(data=dumps(answer))))

    def _hear(self, event: Event) -> Iterator[dict[str, object]]:
        if isinstance(event, AcceptConnection):
            yield from self._subscribe()
        elif isinstance(event, TextMessage):
            start = _START.match(event.data)  # a later part of a long message does not look like one
            if start:
                yield from self._hear_message(start[1], start[2])

    def _hear_message(self, kind: str, seq: str | None) -> Iterator[dict[str, object]]:
        if kind == MessageType.RESYNC:
            self.seq = None
            yield from self._subscribe()
        elif kind == MessageType.HEARTBEAT:
            self._heard_at = time.monotonic()
            yield {"type": MessageType.PONG, "seq": self.seq}
        elif kind == MessageType.WELCOME:
            self._heard_at = time.monotonic()
            self.seq = self._since
        elif seq is not None:
            self.seq = int(seq)

    def _subscribe(self) -> Iterator[dict[str, object]]:
        log = self._log()
        if log is None:
            raise OSError("nothing to subscribe to")
        self._since = log.head
        yield {"type": MessageType.SUBSCRIBE, "protocol": PROTOCOL, "epoch": log.epoch, "since": log.head}


def _events(line: Any, peer: WSConnection) -> Iterator[Event]:
    """What arrives, until the other side closes."""
    while data := line.recv(65_536):
        peer.receive_data(data)
        for event in peer.events():
            if isinstance(event, CloseConnection):
                return
            yield event
