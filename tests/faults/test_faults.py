"""Writers write, agents work, workspaces are switched, clients watch; processes are killed -9, stopped and continued.

`make test` strikes a few times, `make soak ROUNDS=` often; the seed is printed in the header of the run.
"""

import asyncio
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults import checker, nemesis
from tests.faults.agents import Agents
from tests.faults.clients import Client, all_at
from tests.faults.requests import Request
from tests.faults.switcher import Switcher
from tests.faults.writers import Writer
from tests.helpers.processes import wait_for
from tests.helpers.server import Server, running

WRITERS = 4
CLIENTS = 30
STRIKES = 12
STRIKES_OF_A_SOAK = 300
BETWEEN_SWITCHES_S = (1.0, 2.5)
SETTLE_S = 30.0
KINDS = set(  # that a soak has seen succeed
    """create edit planning move message attach delete undo plan handoff answers complete grant cancel resume
    agent provider config claim running tool end""".split()  # noqa: SIM905
)


@pytest.mark.processes
def test_nothing_is_lost_whatever_dies(tmp_path: Path, seed: int) -> None:
    check_faults(tmp_path, seed, STRIKES)


@pytest.mark.soak
def test_nothing_is_lost_whatever_dies_for_long(tmp_path: Path, seed: int, rounds: int | None) -> None:
    check_faults(tmp_path, seed, rounds or STRIKES_OF_A_SOAK)


def check_faults(folder: Path, seed: int, strikes: int) -> None:
    """Strikes, lets everything come to rest, and checks what the databases, the writers and the clients say."""
    with running(folder / "home", CHORUS_HEARTBEAT_MS="1000", CHORUS_LOG_LEVEL="warn") as server:
        server.stop(server.arbiter("runner"))  # the agents here have no processes; it would claim their runs
        beginning = server.json("GET", "/api/snapshot")
        folders = (server.home / "workspaces" / "default", folder / "second")
        writers = [Writer(server, number, f"{seed} {number}") for number in range(WRITERS)]
        agents, switcher = (
            Agents(server, f"agents {seed}"),
            Switcher(server, folders, f"switcher {seed}", BETWEEN_SWITCHES_S),
        )
        clients = [Client(server, number) for number in range(CLIENTS)]
        record = asyncio.run(strike_while_watched(server, clients, [switcher, agents, *writers], seed, strikes))
        final = server.json("GET", "/api/snapshot")
    library = os.environ.get("CHORUS_SQLITE") or "bundled"
    workspaces = [checker.read(each, library) for each in folders if each.exists()]
    requests = [*agents.requests, *(request for writer in writers for request in writer.requests)]
    tell(record, workspaces, requests, switcher)
    epochs = checker.epochs_of(clients, workspaces)
    checker.check_requests(workspaces, requests, epochs)
    for workspace in workspaces:
        checker.check_log(workspace)
        checker.check_rows(workspace, beginning)
        checker.check_files(workspace)
        checker.check_nothing_is_stuck(workspace)
    checker.check_snapshots(clients, epochs, beginning)
    checker.check_clients(clients, epochs, final)
    assert sum(len(workspace.frames) for workspace in workspaces) > strikes
    if strikes >= STRIKES_OF_A_SOAK:
        assert {request.kind for request in requests if request.acknowledged} >= KINDS


def tell(record: list[str], workspaces: list[checker.Workspace], requests: list[Request], switcher: Switcher) -> None:
    """What happened, for who reads a failure."""
    events = " and ".join(str(len(workspace.frames)) for workspace in workspaces)
    unanswered = sum(request.status is None for request in requests)
    late = sum(request.code == "WORKSPACE_SWITCHED" for request in requests)
    print(f"{events} events, {len(requests)} requests, {unanswered} unanswered, {late} late for a switch")
    done: dict[str, list[int]] = {}
    for request in requests:
        counts = done.setdefault(request.kind, [0, 0])
        counts[request.acknowledged] += 1
    print(f"{switcher.switches} switches; refused or unanswered, done: {done}")
    print("\n".join(record))


async def strike_while_watched(
    server: Server, clients: list[Client], busy: list[Any], seed: int, strikes: int
) -> list[str]:
    """The faults happen while all are busy; then they stop and the clients catch up. Returns the faults."""
    watching = [asyncio.create_task(client.run()) for client in clients]
    for thread in busy:
        thread.start()
    try:
        record = await asyncio.to_thread(strike, server, seed, strikes, lambda: done_by(busy))
        for thread in busy:
            await asyncio.to_thread(thread.halt)
        await asyncio.to_thread(server.wait_ready, seconds=SETTLE_S)
        await asyncio.to_thread(busy[0].settle)
        snapshot = await asyncio.to_thread(server.json, "GET", "/api/snapshot")
        ended = [task for task in watching if task.done()]
        await asyncio.gather(*ended)  # a client that ended has failed: its exception says more than a time-out
        await all_at(clients, snapshot["epoch"], snapshot["seq"], SETTLE_S)
        return record
    finally:
        for thread in busy:
            thread.halt()
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)


def done_by(busy: list[Any]) -> int:
    """How many changes have been acknowledged so far."""
    return sum(request.acknowledged for thread in busy for request in list(thread.asker.requests))


def strike(server: Server, seed: int, strikes: int, done: Callable[[], int]) -> list[str]:
    """The faults, one after the other, a short random time apart; half of them only once work goes on again."""
    chance = random.Random(f"nemesis {seed}")
    record = []
    for number in range(strikes):
        time.sleep(chance.uniform(0.1, 0.8))  # the rhythm of the faults, not a wait for something
        record.append(nemesis.strike(server, chance))
        if chance.random() < 0.5 or number == strikes - 1:
            before = done()
            wait_for(lambda before=before: done() > before + 5, SETTLE_S, "work goes on")  # type: ignore[misc]
    return record
