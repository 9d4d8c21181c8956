"""Peer: Flask-SocketIO on gevent, `emit` to everybody."""

import json
import os

from flask import Flask
from flask_socketio import SocketIO
from gevent.server import StreamServer
from gevent.socket import socket

app = Flask(__name__)
socketio = SocketIO(app, async_mode="gevent", cors_allowed_origins="*")


def ingest(connection: socket, _address: tuple[str, int]) -> None:
    for line in connection.makefile("r"):
        socketio.emit("event", json.loads(line))


StreamServer(("127.0.0.1", int(os.environ["BENCH_INGEST_PORT"])), ingest).start()
