"""The peers: how each is started, and how an event is given to it.

Each gets its events the cheapest way it knows, already encoded: lines over one TCP connection, or, for Nchan, which
has no other way in, HTTP POSTs over one kept connection. Their delivery loops are those of their own documentation.
"""

import json
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from subprocess import run

from bench import machine
from bench.events import frame

FOLDER = Path(__file__).parent
NODE = FOLDER / "node"


class LinePublisher:
    """Sends events as lines to a peer's ingest port."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._seq = 0

    def publish(self, count: int) -> None:
        """Sends the next `count` events in one burst."""
        self._socket.sendall("".join(frame(self._seq + i) + "\n" for i in range(1, count + 1)).encode())
        self._seq += count

    def close(self) -> None:
        self._socket.close()


class PostPublisher:
    """Sends events as one HTTP POST each; the next goes out when the last is answered."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._seq = 0

    def publish(self, count: int) -> None:
        for _ in range(count):
            self._seq += 1
            body = frame(self._seq)
            self._socket.sendall(
                f"POST /pub HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
            )
            if not self._socket.recv(65536).startswith(b"HTTP/1.1 2"):
                raise RuntimeError("the publish was not accepted")

    def close(self) -> None:
        self._socket.close()


Publisher = LinePublisher | PostPublisher


def _gunicorn(app: str) -> Callable[[int, int, Path], list[str]]:
    config = str(FOLDER / "gunicorn_peer.py")
    return lambda port, _ingest, _folder: [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        config,
        "-b",
        f"127.0.0.1:{port}",
        app,
    ]


def _websockets(port: int, ingest: int, _folder: Path) -> list[str]:
    return [sys.executable, "-m", "bench.peers.websockets_broadcast", str(port), str(ingest)]


def _node(port: int, ingest: int, _folder: Path) -> list[str]:
    if not (NODE / "node_modules").is_dir():
        run(["npm", "ci", "--silent"], cwd=NODE, check=True)
    return ["node", str(NODE / "server.js"), str(port), str(ingest)]


def _nchan(port: int, _ingest: int, folder: Path) -> list[str]:
    config = folder / "nginx.conf"
    config.write_text((FOLDER / "nchan.conf").read_text().replace("PORT", str(port)).replace("FOLDER", str(folder)))
    return ["nginx", "-c", str(config)]


def _node_version() -> str:
    package = json.loads((NODE / "package.json").read_text())
    node = run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{package['dependencies']['ws']} on Node {node}"


def _nginx_version() -> str:
    nginx = run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr.strip().rpartition("/")[2]
    return f"Debian's module for nginx {nginx}"


@dataclass
class Peer:
    """A server that delivers each published event to every subscriber; started by `start`, ended by `stop`."""

    name: str
    argv: Callable[[int, int, Path], list[str]]  # (port, ingest port, scratch folder)
    version: Callable[[], str]
    options: list[str] = field(default_factory=list)  # of the swarm
    publisher: type[Publisher] = LinePublisher
    port: int = 0
    _cleanup: ExitStack = field(default_factory=ExitStack)

    def start(self, folder: Path) -> None:
        self.port = machine.free_port()
        ingest = self.port + 1
        self._process = machine.Process(
            self.argv(self.port, ingest, folder), machine.SERVER_CORE, {"BENCH_INGEST_PORT": str(ingest)}
        )
        self._cleanup.callback(self._process.stop)
        self._process.wait_for_port(self.port)
        if self.publisher is LinePublisher:
            self._process.wait_for_port(ingest)
        self._publisher = self.publisher(ingest if self.publisher is LinePublisher else self.port)
        self._cleanup.callback(self._publisher.close)

    def publish(self, count: int) -> None:
        self._publisher.publish(count)

    def pids(self) -> list[int]:
        return machine.descendants(self._process.pid)

    def stop(self) -> None:
        self._cleanup.close()


PEERS = [
    Peer("nchan", _nchan, _nginx_version, publisher=PostPublisher),
    Peer("websockets", _websockets, lambda: metadata.version("websockets")),
    Peer("node-ws", _node, _node_version),
    Peer("flask-sock", _gunicorn("bench.peers.sock_loop:app"), lambda: metadata.version("flask-sock")),
    Peer(
        "flask-socketio",
        _gunicorn("bench.peers.socketio_emit:app"),
        lambda: metadata.version("Flask-SocketIO"),
        ["--protocol", "socketio", "--path", "/socket.io/?EIO=4&transport=websocket"],
    ),
]
