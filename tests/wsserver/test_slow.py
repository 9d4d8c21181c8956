"""Readers that are slow, or do not read: they cost their cursor, and nobody waits for them."""

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.helpers.sidecar import SidecarProcess, Writer, running
from tests.wsserver.test_streaming import subscribed

OTHERS = 200
ROUNDS = 50


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SidecarProcess]:
    """A short heartbeat, and a ring that a stopped reader falls off."""
    home = tmp_path_factory.mktemp("slow") / "home"
    with running(home, CHORUS_HEARTBEAT_MS="1000", CHORUS_RING_BYTES="1000000") as process:
        yield process


def test_a_stopped_reader_is_cut_and_200_others_notice_nothing(server: SidecarProcess, writer: Writer) -> None:
    with subscribed(server, writer, window=4096) as stopped:
        latencies = asyncio.run(crowd(server, writer))
        assert stopped.closed() is None  # the end came without a close frame: 1006 for a page
    assert server.metric("chorus_ws_closes_total", reason="slow") == 1
    assert "[INFO] A client was cut (slow): it has taken nothing for 5 s." in server.output()
    assert sorted(latencies)[len(latencies) * 99 // 100] < 0.5
    server.wait_metric("chorus_ws_connections", 0)
    assert server.metric("chorus_ws_closes_total", reason="no_pong") == 0


async def crowd(server: SidecarProcess, writer: Writer) -> list[float]:
    """All the others, while some 7 s of events go by; returns how long each event took to reach each of them."""
    position = writer.position
    async with contextlib.AsyncExitStack() as stack:
        url = f"ws://localhost:{server.port}/ws"
        clients = [await stack.enter_async_context(connect(url, proxy=None)) for _ in range(OTHERS)]
        for client in clients:
            await client.send(
                json.dumps({"type": "subscribe", "protocol": 1, **position._asdict(), "since": position.seq})
            )
        readers = [asyncio.create_task(read(client, position.seq + ROUNDS)) for client in clients]
        for _ in range(ROUNDS):
            await asyncio.to_thread(writer.commit, 1, 60_000)
            await asyncio.sleep(0.13)  # the pace of events, not a wait for anything
        return [latency for found in await asyncio.gather(*readers) for latency in found]


async def read(client: ClientConnection, last: int) -> list[float]:
    """Reads to event `last`, answering heartbeats; every number must be the next one."""
    latencies, seq = [], last - ROUNDS
    while seq < last:
        message = json.loads(await client.recv())
        if message["type"] == "heartbeat":
            await client.send(json.dumps({"type": "pong", "seq": message["seq"]}))
        elif message["type"] == "config_changed":
            seq += 1
            assert message["seq"] == seq
            latencies.append(time.time() - message["at"] / 1000)
    return latencies


def test_a_slow_reader_that_progresses_gets_everything(server: SidecarProcess, writer: Writer) -> None:
    """It falls off the ring (1 MB) and is served from the log; heartbeats wait while its socket is full."""
    start = writer.position.seq
    with subscribed(server, writer, window=8192) as client:
        writer.burst(50, 60_000)
        began = time.monotonic()
        for seq in range(start + 1, start + 51):
            assert client.message("config_changed")["seq"] == seq
            time.sleep(0.02)  # what makes it slow
        assert time.monotonic() - began < 60
    assert server.metric("chorus_ws_replays_total") > 0
