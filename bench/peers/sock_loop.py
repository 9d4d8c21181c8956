"""Peer: flask-sock as its documentation uses it. One greenlet a client, one `send` a client and event."""

import os

from flask import Flask
from flask_sock import ConnectionClosed, Server, Sock
from gevent.server import StreamServer
from gevent.socket import socket

app = Flask(__name__)
sock = Sock(app)
clients: set[Server] = set()


@sock.route("/ws")
def stream(ws: Server) -> None:
    clients.add(ws)
    try:
        while True:
            ws.receive()
    finally:
        clients.discard(ws)


def broadcast(text: str) -> None:
    for client in list(clients):
        try:
            client.send(text)
        except ConnectionClosed:
            clients.discard(client)


def ingest(connection: socket, _address: tuple[str, int]) -> None:
    for line in connection.makefile("r"):
        broadcast(line.rstrip("\n"))


StreamServer(("127.0.0.1", int(os.environ["BENCH_INGEST_PORT"])), ingest).start()
