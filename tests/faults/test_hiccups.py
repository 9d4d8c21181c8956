"""Real agents at work on real servers, while for a second or two the disk is full or the database cannot be read.

After each round the task is done, each of its runs has succeeded, all that the model said is stored or counted as
lost, and all clients hold what the server says. `make test` has a few rounds, `make soak ROUNDS=` many; the seed is
printed in the header of the run.
"""

import asyncio
import os
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults import checker
from tests.faults.clients import Board, Client
from tests.faults.hiccups import FAULTS, Hiccups, deal
from tests.faults.person import Person
from tests.faults.test_agent_faults import SETTLE_S, check_ends, check_rest, check_screens
from tests.helpers import staff
from tests.helpers.disk import needs_root, small_disk
from tests.helpers.model_server import Model, model_server
from tests.helpers.privileges import HELD_BACK
from tests.helpers.processes import wait_for
from tests.helpers.server import MARK, Server, prepare_server

ROUNDS = len(FAULTS)
ROUNDS_OF_A_SOAK = 60
CLIENTS = 2
DONE_S = 300.0  # three faults, and OpenCode is slow to start
DISK_MIB = 64
LOST = re.compile(r"(\d+) records could not be stored here\.")


@needs_root
@pytest.mark.processes
def test_hiccups_of_storage_cost_no_run(tmp_path: Path, seed: int) -> None:
    check_rounds(tmp_path, seed, ROUNDS, ["compat"], most=1)


@needs_root
@pytest.mark.soak
def test_hiccups_of_storage_cost_no_run_for_long(tmp_path: Path, seed: int, rounds: int | None) -> None:
    check_rounds(tmp_path, seed, rounds or ROUNDS_OF_A_SOAK, ["compat", "compat", "claude", "opencode"], most=3)


@dataclass
class Play:
    """What all rounds share. `providers`: one of them is chosen for each agent; `most`: faults of a round."""

    server: Server
    model: Model
    folder: Path
    seed: int
    providers: list[str]
    most: int


def check_rounds(tmp_path: Path, seed: int, rounds: int, providers: list[str], most: int) -> None:
    with stage(tmp_path) as (server, model):
        beginning = server.json("GET", "/api/snapshot")
        staff.hire(server, tmp_path, model)
        clients = [Client(server, number) for number in range(CLIENTS)]
        asyncio.run(watched(Play(server, model, tmp_path, seed, providers, most), clients, rounds))
        final = server.json("GET", "/api/snapshot")
        output = server.output
        workspace = checker.read(server.home / "workspaces" / "default", os.environ.get("CHORUS_SQLITE") or "bundled")
    checker.check_log(workspace)
    checker.check_rows(workspace, beginning)
    check_ends(workspace)
    for client in clients:
        assert client.violation is None, client.violation
        assert client.board
        assert client.board.canonical() == Board(final).canonical()
    assert "the runner failed" not in output, output[-8_000:]


@contextmanager
def stage(folder: Path) -> Iterator[tuple[Server, Model]]:
    """The servers, on a small disk, as a user whom permissions hold back; and the model."""
    with small_disk(folder / "home", DISK_MIB), model_server(staff.script) as model:
        environ = staff.environment(folder, model, MARK)
        server = prepare_server(folder / "home", CHORUS_HEARTBEAT_MS="1000", **environ)
        server.wrapper = HELD_BACK
        try:
            server.start()
            yield server, model
            server.stop_all()
        finally:
            server.kill_all()


async def watched(play: Play, clients: list[Client], rounds: int) -> None:
    watching = [asyncio.create_task(client.run()) for client in clients]
    try:
        for number in range(rounds):
            began = time.monotonic()
            told = await asyncio.to_thread(play_round, play, number)
            await check_screens(play.server, clients)
            print(f"round {number} {time.monotonic() - began:.1f} s: {told}")
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)


def play_round(play: Play, number: int) -> str:
    """One task from its beginning to its end, with faults. Returns what happened."""
    chance = random.Random(f"hiccups {number} {play.seed}")
    hiccups = Hiccups(play.server, deal(chance, number, play.most))
    writer, reviewer = (f"{chance.choice(play.providers)}-{role}" for role in ("writer", "reviewer"))
    staff.let_plan(play.server, play.folder, chance.choice(play.providers).replace("opencode", "compat"))
    play.model.script = hiccups.script
    person = Person(play.server, hiccups, f"note-{number}.md", writer, reviewer, plans=chance.random() < 0.5)
    person.get_it_done(DONE_S)
    hiccups.end()
    play.server.wait_ready(seconds=SETTLE_S)
    check_rest(play.server, person)
    check_work(play.server, person, hiccups)
    return f"{writer}, {reviewer}; {'; '.join(hiccups.record)}; {', '.join(person.done)}"


def check_work(server: Server, person: Person, hiccups: Hiccups) -> None:
    """No run has failed or was interrupted, and each word of the model is there or counted."""
    runs = person.runs()
    ends = [(run["agentName"], run["state"], run["reason"]) for run in runs]
    assert {state for _, state, _ in ends} == {"succeeded"}, (ends, hiccups.record)
    ids = [run["id"] for run in runs]

    def context() -> str:
        return f"missing: {missing(server, ids, hiccups)}\n{hiccups.record}"

    wait_for(lambda: not missing(server, ids, hiccups), SETTLE_S, "all words", context)


def missing(server: Server, run_ids: list[str], hiccups: Hiccups) -> list[str]:
    """What the model said and nobody can read, beyond what is counted as lost."""
    pages = [server.json("GET", f"/api/runs/{run_id}/output?since=0&limit=500") for run_id in run_ids]
    texts = ["".join(r["text"] for r in page["records"] if r["kind"] == "text") for page in pages]
    notices = [r["text"] for page in pages for r in page["records"] if r["kind"] == "notice"]
    lost = sum(int(found[1]) for text in notices if (found := LOST.fullmatch(text)))
    absent = [said for said in hiccups.said if not any(said in text for text in texts)]
    return absent[lost:]
