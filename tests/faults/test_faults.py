"""Writers write, clients watch, and processes are killed -9, stopped and continued at random.

`make test` strikes a few times, `make soak ROUNDS=` often; the seed is printed in the header of the run.
"""

import asyncio
import random
import time
from pathlib import Path

import pytest

from tests.faults import checker, nemesis
from tests.faults.clients import Client, all_at
from tests.faults.writers import Writer
from tests.helpers.server import Server, running

WRITERS = 4
CLIENTS = 30
STRIKES = 12
STRIKES_OF_A_SOAK = 300
SETTLE_S = 30.0


@pytest.mark.processes
def test_nothing_is_lost_whatever_dies(tmp_path: Path, seed: int) -> None:
    check_faults(tmp_path, seed, STRIKES)


@pytest.mark.soak
def test_nothing_is_lost_whatever_dies_for_long(tmp_path: Path, seed: int, rounds: int | None) -> None:
    check_faults(tmp_path, seed, rounds or STRIKES_OF_A_SOAK)


def check_faults(folder: Path, seed: int, strikes: int) -> None:
    """Strikes, lets everything come to rest, and checks what the database, the writers and the clients say."""
    with running(folder / "home", CHORUS_HEARTBEAT_MS="1000", CHORUS_LOG_LEVEL="warn") as server:
        writers = [Writer(server, number, f"{seed} {number}") for number in range(WRITERS)]
        clients = [Client(server, number) for number in range(CLIENTS)]
        record = asyncio.run(strike_while_watched(server, clients, writers, seed, strikes))
        snapshot = server.json("GET", "/api/snapshot")
        workspace = server.home / "workspaces" / "default"
        frames = checker.logged_frames(workspace / "chorus.db")
    requests = [request for writer in writers for request in writer.requests]
    print(f"{len(frames)} events, {len(requests)} requests, {sum(r.status is None for r in requests)} unanswered")
    print("\n".join(record))
    checker.check_log(frames)
    checker.check_requests(frames, requests)
    checker.check_rows(workspace / "chorus.db", frames, snapshot)
    checker.check_clients(clients, snapshot)
    checker.check_files(workspace, snapshot)
    assert len(frames) > strikes


async def strike_while_watched(
    server: Server, clients: list[Client], writers: list[Writer], seed: int, strikes: int
) -> list[str]:
    """The faults happen while writers write; then the writers stop and the clients catch up. Returns the faults."""
    watching = [asyncio.create_task(client.run()) for client in clients]
    for writer in writers:
        writer.start()
    try:
        record = await asyncio.to_thread(strike, server, seed, strikes)
        for writer in writers:
            await asyncio.to_thread(writer.halt)
        await asyncio.to_thread(server.wait_ready, seconds=SETTLE_S)
        snapshot = await asyncio.to_thread(server.json, "GET", "/api/snapshot")
        await all_at(clients, snapshot["seq"], SETTLE_S)
        return record
    finally:
        for writer in writers:
            writer.halt()
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)


def strike(server: Server, seed: int, strikes: int) -> list[str]:
    """The faults, one after the other, a short random time apart."""
    chance = random.Random(f"nemesis {seed}")
    record = []
    for _ in range(strikes):
        time.sleep(chance.uniform(0.1, 0.8))  # the rhythm of the faults, not a wait for something
        record.append(nemesis.strike(server, chance))
    return record
