"""Chorus as a target: a fresh instance in a scratch folder, started as a person starts it."""

import http.client
import json
import random
import sys
import time
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench import machine
from bench.events import frame
from common.clock import now_ms
from common.db import eventlog, sqlite, tables
from common.db.writers import WriterQueue
from common.events import TaskStatus
from common.queue import Bell, bell_path
from common.wire import dumps
from core.tasks import history
from core.tasks.task import Task, wire_text

SOURCE = {"sourceType": "web", "userId": "bench", "conversationId": None}
_WORDS = """
add fix move write read review test retry cache index export import rename split merge the a one every
parser board column schema report agent queue token page button release script worker budget search
""".split()  # noqa: SIM905 - a list literal would take forty lines


class Log:
    """Writes events straight into the event log: many in one transaction, which only a bench may do."""

    def __init__(self, home: Path, database: Path) -> None:
        self.engine = sqlite.engine(database, sqlite.library("bundled"), read_only=False, pool_size=1)
        self._queue = WriterQueue(database)
        self._bell = Bell(bell_path(home))

    def publish(self, count: int) -> None:
        """Logs `count` events in one transaction, stamped before it begins, and rings the bell."""
        with self._queue.turn(), sqlite.immediate(self.engine.connect()) as connection, connection.begin():
            seq, at = eventlog.head(connection).seq, now_ms()
            rows = [
                {"seq": n, "at": at, "type": "task_updated", "frame": frame(n)} for n in range(seq + 1, seq + count + 1)
            ]
            connection.execute(sa.insert(tables.events), rows)
        self._bell.ring()

    def close(self) -> None:
        self.engine.dispose()
        self._queue.close()
        self._bell.close()


class Chorus:
    """All processes of one instance.

    `spread`: they run on both cores. Otherwise the sidecar alone has the server's core, and the rest the generator's.
    """

    name = "chorus"

    def __init__(self, tasks: int = 0, spread: bool = False, archived: int = 0, entries: int = 0) -> None:
        """`tasks` on the board, `archived` ones besides, `entries` of history in all."""
        self._tasks, self._spread, self._archived, self._entries = tasks, spread, archived, entries
        self.http_port = 0
        self._cleanup = ExitStack()

    @property
    def port(self) -> int:
        """Of the WebSocket."""
        return self.http_port + 1

    @property
    def options(self) -> list[str]:
        position = self.get("/api/snapshot")["data"]
        return ["--protocol", "chorus", "--epoch", position["epoch"], "--since", str(position["seq"])]

    @staticmethod
    def version() -> str:
        return "this tree"

    def start(self, folder: Path) -> None:
        self.folder, self.http_port = folder, machine.free_port()
        home = folder / "home"
        argv = [sys.executable, "-m", "launcher", "--port", str(self.http_port)]
        self._process = machine.Process(argv, None, {"CHORUS_HOME": str(home), "CHORUS_LOG_LEVEL": "error"})
        self._cleanup.callback(self._process.stop)
        self._process.wait_for_port(self.http_port)
        self._process.wait_for_port(self.port)
        self._wait_until_open()
        self.log = Log(home, Path(self.get("/api/snapshot")["data"]["configPath"]).with_name("chorus.db"))
        self._cleanup.callback(self.log.close)
        seed(self.log.engine, self._tasks, self._archived, self._entries)
        self.log.publish(1)  # the log moves on, so that no snapshot made before is shared any more
        if not self._spread:
            self._pin()

    def _wait_until_open(self) -> None:
        deadline = time.monotonic() + machine.START_S
        while self._status("/api/snapshot") != 200:
            if time.monotonic() > deadline:
                raise RuntimeError("no workspace was opened")
            time.sleep(0.05)

    def _pin(self) -> None:
        sidecar = set(self.sidecar_pids())
        for pid in machine.descendants(self._process.pid):
            machine.pin(pid, machine.SERVER_CORE if pid in sidecar else machine.CLIENT_CORE)

    def sidecar_pids(self) -> list[int]:
        """The sidecar's processes, known by the port they listen on."""
        return machine.listeners(self.port, self._process.pid)

    pids = sidecar_pids

    def publish(self, count: int) -> None:
        self.log.publish(count)

    def stop(self) -> None:
        self._cleanup.close()

    def get(self, path: str) -> Any:
        return self.request("GET", path)[1]

    def _status(self, path: str) -> int:
        try:
            return self.request("GET", path)[0]
        except OSError:
            return 0

    def request(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """One request on a connection of its own: (status, decoded body)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=30)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def timed(self, path: str) -> float:
        """How long a GET takes, ms; it must succeed."""
        began = time.perf_counter()
        assert self._status(path) == 200
        return (time.perf_counter() - began) * 1000

    def task_ids(self, most: int) -> list[str]:
        with self.log.engine.connect() as connection:
            on_board = sa.select(tables.tasks.c.id).where(tables.tasks.c.archived_at.is_(None))
            return list(connection.execute(on_board.limit(most)).scalars())


def seed(engine: sa.Engine, count: int, archived: int = 0, entries: int = 0) -> None:
    """Fills the board with `count` varied tasks, past the log: before anybody has read it; and gives it a past."""
    columns = [column.name for column in tables.tasks.c if column.name not in ("rank", "wire")]
    chance = random.Random(count)
    task_ids: list[str] = []
    with sqlite.immediate(engine.connect()) as connection, connection.begin():
        for first in range(0, count + archived, 1000):
            numbers = range(first, min(first + 1000, count + archived))
            tasks = [_task(chance, is_archived=number >= count) for number in numbers]
            rows = [{name: getattr(task, name) for name in columns} | {"wire": wire_text(task)} for task in tasks]
            connection.execute(sa.insert(tables.tasks), rows)
            task_ids += [task.id for task in tasks]
        for first in range(0, entries, 10_000):
            numbers = range(first, min(first + 10_000, entries))
            # Below zero: the log gives the numbers above it to what happens from here on.
            rows = [_entry(number - entries, task_ids[number % len(task_ids)]) for number in numbers]
            connection.execute(sa.insert(tables.history), rows)


def _entry(number: int, task_id: str) -> dict[str, Any]:
    data = {"description": f"As it was at {number}: write the report, then have it read by somebody else."}
    form = history.entry_form(number, now_ms(), "description_edited", data)
    row = {"id": number, "task_id": task_id, "at": form["timestamp"], "event_type": form["eventType"], "data": data}
    return row | {"wire": dumps(form)}


def _task(chance: random.Random, is_archived: bool = False) -> Task:
    def words(count: int) -> str:
        return " ".join(chance.choices(_WORDS, k=count)).capitalize()

    now = now_ms() - chance.randrange(86_400_000)
    return Task(
        id=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        description=f"{words(7)}\n\n{words(25)}.",
        source=SOURCE,
        created_at=now,
        updated_at=now,
        status_since=now,
        archived_at=now if is_archived else None,
        status=chance.choice((TaskStatus.PENDING, TaskStatus.PLANNED, TaskStatus.COMPLETED)),
    )
