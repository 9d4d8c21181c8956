"""Peer: python-websockets' `broadcast`. Arguments: port, ingest port."""

import asyncio
import sys

from websockets.asyncio.server import ServerConnection, broadcast, serve

clients: set[ServerConnection] = set()


async def subscriber(connection: ServerConnection) -> None:
    clients.add(connection)
    try:
        await connection.wait_closed()
    finally:
        clients.discard(connection)


async def ingest(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    async for line in reader:
        broadcast(clients, line.decode().rstrip("\n"))
    writer.close()


async def main(port: int, ingest_port: int) -> None:
    async with serve(subscriber, "127.0.0.1", port, backlog=4096):
        server = await asyncio.start_server(ingest, "127.0.0.1", ingest_port)
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
