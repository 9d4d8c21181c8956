"""Real agents at work on real servers, while processes are killed -9 and the model misbehaves.

After each round nothing of the agents lives, the task is done, every end is recorded once, and all clients hold what
the server says. `make test` has a few rounds, `make soak ROUNDS=` many; the seed is printed in the header of the run.
"""

import asyncio
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from common import proctree
from common.entities.run import ENDED
from core.board.recovery import RUN_MARK
from tests.faults import checker
from tests.faults.clients import Client, all_at
from tests.faults.person import Person
from tests.faults.trouble import Trouble, deal
from tests.helpers import processes, staff
from tests.helpers.model_server import Model, model_server
from tests.helpers.processes import wait_for
from tests.helpers.server import MARK, Server, running

ROUNDS = 5
ROUNDS_OF_A_SOAK = 100
CLIENTS = 4
DONE_S = 120.0
SETTLE_S = 30.0
GONE_S = 10.0
KEPT_ALIVE = {"webapp", "wsserver", "runner", "supervisor", "announce"}
Json = dict[str, Any]


@pytest.mark.processes
def test_nothing_of_agents_is_left_whatever_dies(tmp_path: Path, seed: int) -> None:
    check_rounds(tmp_path, seed, ROUNDS, QUICK)


@pytest.mark.soak
def test_nothing_of_agents_is_left_whatever_dies_for_long(tmp_path: Path, seed: int, rounds: int | None) -> None:
    check_rounds(tmp_path, seed, rounds or ROUNDS_OF_A_SOAK, FULL)


class Shares(NamedTuple):
    """How often agents work on OpenCode, which is slow to start, or on Claude Code, and how often a task is planned;
    and the most kills and wrong answers of a round."""

    opencode: float
    claude: float
    plans: float
    kills: int
    answers: int


QUICK = Shares(opencode=0.02, claude=0.3, plans=0.3, kills=2, answers=1)
FULL = Shares(opencode=0.2, claude=0.4, plans=0.5, kills=4, answers=2)


@dataclass
class Play:
    """What all rounds share."""

    server: Server
    model: Model
    folder: Path
    seed: int
    shares: Shares

    def agent(self, chance: random.Random, role: str) -> str:
        weights = [self.shares.opencode, self.shares.claude, 1 - self.shares.opencode - self.shares.claude]
        return f"{chance.choices(['opencode', 'claude', 'compat'], weights)[0]}-{role}"


def check_rounds(tmp_path: Path, seed: int, rounds: int, shares: Shares) -> None:
    with stage(tmp_path) as (server, model):
        beginning = server.json("GET", "/api/snapshot")
        staff.hire(server, tmp_path, model)
        play = Play(server, model, tmp_path, seed, shares)
        clients = [Client(server, number) for number in range(CLIENTS)]
        asyncio.run(watched(play, clients, rounds))
        final = server.json("GET", "/api/snapshot")
        output = server.output
    workspace = checker.read(server.home / "workspaces" / "default", os.environ.get("CHORUS_SQLITE") or "bundled")
    checker.check_log(workspace)
    checker.check_rows(workspace, beginning)
    epochs = checker.epochs_of(clients, [workspace])
    checker.check_snapshots(clients, epochs, beginning)
    checker.check_clients(clients, epochs, final)
    check_ends(workspace)
    assert "the runner failed" not in output, output[-8_000:]


@contextmanager
def stage(folder: Path) -> Iterator[tuple[Server, Model]]:
    """The servers and the model. The agents' programs bear the servers' mark, so that what is left is found."""
    with model_server(staff.script) as model:
        environ = staff.environment(folder, model, MARK)
        with running(folder / "home", CHORUS_HEARTBEAT_MS="1000", **environ) as server:
            yield server, model


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
    chance = random.Random(f"round {number} {play.seed}")
    shares = play.shares
    faults = deal(chance, chance.randint(1, shares.kills), chance.randint(0, shares.answers))
    trouble = Trouble(play.server, faults, chance)
    writer, reviewer = play.agent(chance, "writer"), play.agent(chance, "reviewer")
    plans = chance.random() < shares.plans
    staff.let_plan(play.server, play.folder, chance.choice(["claude", "compat"]))
    play.model.script = trouble.script
    person = Person(play.server, trouble, f"note-{number}.md", writer, reviewer, plans=plans)
    person.get_it_done(DONE_S)
    trouble.end()
    play.server.wait_ready(seconds=SETTLE_S)
    check_rest(play.server, person)
    return f"{writer}, {reviewer}; {'; '.join(trouble.record)}; {', '.join(person.done)}"


def check_rest(server: Server, person: Person) -> None:
    """The task stays done, all of its runs have ended, and nothing that worked for them lives."""
    wait_for(lambda: server.pids("runner"), SETTLE_S, "a runner")
    runs = wait_for(person.runs, SETTLE_S, "the runs")
    assert {run["state"] for run in runs} <= ENDED, runs
    assert server.json("GET", f"/api/tasks/{person.task_id}")["status"]["type"] == "completed"
    ids = [run["id"] for run in runs]
    wait_for(lambda: not left(server, ids), GONE_S, "nothing of the agents", lambda: f"{left(server, ids)}")


def left(server: Server, run_ids: list[str]) -> set[int]:
    """Processes of these runs: with the servers' mark or a run's, or below a runner."""
    found = {process.pid for process in server.processes() if process.program not in KEPT_ALIVE}
    found |= {process.pid for run_id in run_ids for process in processes.marked(f"{RUN_MARK}={run_id}")}
    return found | {pid for runner in server.pids("runner") for pid in proctree.descendants(runner)}


async def check_screens(server: Server, clients: list[Client]) -> None:
    """All clients come to hold what a new one is given."""
    snapshot = await asyncio.to_thread(server.json, "GET", "/api/snapshot")
    await all_at(clients, snapshot["epoch"], snapshot["seq"], SETTLE_S)
    assert {task["status"]["type"] for task in snapshot["tasks"]} == {"completed"}
    assert snapshot["runs"] == []


def check_ends(workspace: checker.Workspace) -> None:
    """Each run came to one end, told once, and was never anything else afterwards."""
    ended: dict[str, str] = {}
    told: dict[str, int] = {}
    for item in (item for event in workspace.events for item in checker.items(event)):
        if item["type"] == "run_updated":
            run = item["data"]
            before = ended.get(run["id"])
            assert before in (None, run["state"]), f"run {run['id']} was {before}, then {run['state']}"
            assert (run["endedAt"] is not None) == (run["state"] in ENDED)
            ended |= {run["id"]: run["state"]} if run["state"] in ENDED else {}
        for entry in item.get("history", []):
            if entry["eventType"] in ("agent_completed", "agent_handoff_completed"):
                told[entry["data"]["runId"]] = told.get(entry["data"]["runId"], 0) + 1
    assert ended
    assert set(told.values()) <= {1}
