"""Agents at work: claims runs as a runner does, calls tools with their tokens over HTTP, and ends them."""

import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa

from common.db import sqlite
from common.db.database import Database
from common.db.home import DATABASE, Home
from common.db.write import WriteTransaction
from common.errors import ChorusError
from common.queue import Bell, bell_path
from core.board import lifecycle
from core.runs.records import Run
from tests.faults.requests import Asker, Json, Request
from tests.faults.writers import AGENTS, new_marker
from tests.helpers.server import Server

T = TypeVar("T")
BROKEN = 500  # status of a transaction that the database has refused


class AtWork(NamedTuple):
    run: Run
    token: str
    folder: Path


class Agents(threading.Thread):
    """A runner without processes, in the test's own process; follows every switch of the workspace."""

    def __init__(self, server: Server, seed: str) -> None:
        super().__init__(name="agents", daemon=True)
        self.asker = Asker(server)
        self._random = random.Random(seed)
        self._halt = threading.Event()
        self._module = sqlite.library(server.environ.get("CHORUS_SQLITE") or "bundled")
        self._home = Home(server.home, self._module)
        self._bell = Bell(bell_path(server.home))
        self._folder: Path | None = None
        self._database: Database | None = None
        self._working: list[AtWork] = []

    @property
    def requests(self) -> list[Request]:
        return self.asker.requests

    def halt(self) -> None:
        self._halt.set()
        self.join(30)
        assert not self.is_alive()

    def run(self) -> None:
        try:
            while not self._halt.wait(self._random.uniform(0.0, 0.03)):
                self._follow()
                self._claim()
                self._step()
        finally:
            self._close()
            self._home.close()
            self._bell.close()

    def _follow(self) -> None:
        folder = self._home.open_workspace().folder
        if folder and folder != self._folder:
            self._close()
            self._folder = folder
            self._database = Database(folder / DATABASE, self._module, lambda _: self._bell.ring())

    def _close(self) -> None:
        if self._database:
            self._database.close()

    def _transact(self, request: Request, verb: Callable[[WriteTransaction], T]) -> T | None:
        """What the verb returns; None where it was refused. Recorded where it changed something."""
        assert self._database
        try:
            with self._database.write() as tx:
                request.epoch, request.seq = tx.position.epoch, tx.next_seq
                result = verb(tx)
                changes = tx.position.seq == tx.next_seq
            request.status = 200
        except ChorusError as error:
            request.status, request.code = error.status, error.code
            return None
        except sa.exc.DBAPIError:
            request.status = BROKEN
            return None
        if changes:
            self.requests.append(request)
        return result

    def _claim(self) -> None:
        request = Request("claim", "", unique=False)

        def claim(tx: WriteTransaction) -> tuple[Run, str] | None:
            claimed = lifecycle.claim(tx)
            request.marker = claimed[0]["id"] if claimed else ""
            return claimed

        found = self._transact(request, claim)
        if found and self._folder:
            run, token = found
            self._working.append(AtWork(run, token, self._folder))
            self._transact(
                Request("running", run["id"], unique=False), lambda tx: lifecycle.mark_running(tx, run["id"], "s")
            )

    def _step(self) -> None:
        """One of the agents at work does something, or ends."""
        here = [each for each in self._working if each.folder == self._folder]
        if not here:
            return
        agent = self._random.choice(here)
        if self._random.random() < 0.4:
            self._end(agent)
        elif agent.run["kind"] == "planner":
            self._call(agent, "planner-output", **self._plan())
        else:
            self._call(agent, *self._random.choice(_TOOLS)(self._random))

    def _call(self, agent: AtWork, tool: str, more: Json | None = None, **arguments: Any) -> None:
        """Its `callId` is the marker. Refused calls are told in the history as well."""
        request = Request("tool", new_marker(), unique=False, told="tool_executed")
        body = {"tool": tool, "callId": request.marker} | (more or {}) | arguments
        headers = {"Authorization": f"Bearer {agent.token}", "Prefer": "respond-async"}
        self.asker.send(request, "POST", f"/api/tasks/{agent.run['task_id']}/tools", body, **headers)

    def _plan(self) -> Json:
        text = new_marker()
        plan = {"type": "plan", "summary": text, "requirements": ["r"], "acceptanceCriteria": ["a"], "plan": ["p"]}
        return self._random.choice([plan, {"type": "questions", "questions": [text]}, {"type": "error", "error": text}])

    def _end(self, agent: AtWork) -> None:
        self._working.remove(agent)
        run_id, crashed = agent.run["id"], self._random.random() < 0.2
        request = Request("end", run_id, unique=False)
        self._transact(request, lambda tx: lifecycle.end(tx, run_id, new_marker(), crashed=crashed))


def _report(chance: random.Random) -> tuple[str, Json]:
    status = chance.choice(["complete", "complete", "blocked", "failed"])
    return "completion-report", {"status": status, "summary": new_marker(), "output": "o"}


def _hand_off(chance: random.Random) -> tuple[str, Json]:
    return "handoff", {"agentName": chance.choice(AGENTS), "prompt": new_marker()}


def _help(_: random.Random) -> tuple[str, Json]:
    return "help", {}


_TOOLS = (_report, _report, _hand_off, _help)
