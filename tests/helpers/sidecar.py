"""The sidecar as a real process over a prepared CHORUS_HOME, and writers that ring its bell, in the test's process."""

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common.clock import now_ms
from common.db import eventlog, sqlite
from common.db.database import Reading
from common.db.eventlog import Position
from common.db.home import Home
from common.events import EventType
from common.process import SUPERVISOR
from common.queue import Bell, bell_path
from common.settings import ROOT, Settings
from core.workspaces.current import CurrentWorkspace
from tests.helpers.processes import wait_for
from tests.helpers.raw_ws import RawSocket
from tests.helpers.server import free_ports
from tests.helpers.workspace import prepared

START_S = 20.0
STOP_S = 10.0
PROBING = "tests.helpers.probing_sidecar:create_app()"  # an application that can be broken on demand
BOMB = '{"type":"bomb"}'  # a message that raises in its handler
COMMAND = [sys.executable, "-m", "gunicorn", "-c", "wsserver/gunicorn.conf.py"]


class SidecarProcess:
    """A sidecar on ports of its own. `app` names another application factory than the real one."""

    def __init__(self, settings: Settings, *, app: str = "", **environ: str) -> None:
        self.settings = settings
        self.port = free_ports(2) + 1
        self._environ = {**environ, "CHORUS_PORT": str(self.port - 1), "CHORUS_HOME": str(settings.home)}
        self._command = [*COMMAND, app] if app else COMMAND
        self._output = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with the process)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it; it does not wait. The whole session of processes dies with this one."""
        environ = {**os.environ, **self._environ, SUPERVISOR: str(os.getpid())}
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def output(self) -> str:
        """What it has written so far, the end of it."""
        self._output.seek(0)
        return self._output.read()[-6000:]

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Status and body of a GET; (0, reason) where nobody answers."""
        return self.request("GET", path, **headers)

    def request(self, method: str, path: str, **headers: str) -> tuple[int, str]:
        """Status and body of an answer; (0, reason) where nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path, headers={"Host": f"localhost:{self.port}", **headers})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            return 0, repr(error)
        finally:
            connection.close()

    def headers(self, path: str, **headers: str) -> dict[str, str]:
        """Headers of the answer to a GET."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            connection.request("GET", path, headers=headers)
            return dict(connection.getresponse().headers)

    def wait_ready(self) -> None:
        wait_for(lambda: self.get("/readyz")[0] == 200, START_S, "/readyz", self.context)

    def context(self) -> str:
        return f"{self.get('/readyz')}\n{self.output()}"

    def metric(self, name: str, **labels: str) -> float:
        """The value of one metric; 0 where it has not been counted yet."""
        words = ",".join(f'{key}="{value}"' for key, value in labels.items())
        pattern = rf"^{name}{re.escape('{' + words + '}') if words else ''} (\S+)$"
        found = re.search(pattern, self.get("/metrics")[1], re.MULTILINE)
        return float(found[1]) if found else 0.0

    def wait_metric(self, name: str, value: float, seconds: float = 10, **labels: str) -> None:
        wait_for(
            lambda: self.metric(name, **labels) == value,
            seconds,
            f"{name} {labels} == {value}",
            lambda: f"{self.metric(name, **labels)}\n{self.output()}",
        )

    @property
    def pid(self) -> int:
        """Of gunicorn's first process."""
        assert self._process
        return self._process.pid

    @property
    def worker(self) -> int:
        """Process id of the worker, which does the work."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return int(wait_for(lambda: children.read_text().split(), START_S, "a worker", self.output)[0])

    def signal(self, number: int, pid: int | None = None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid or self.pid, number)

    def wait(self) -> int:
        """Waits for its end, and returns the exit status."""
        assert self._process
        return self._process.wait(STOP_S)

    def stop(self) -> None:
        """SIGTERM, and after some time SIGKILL for all its processes."""
        if self._process:
            self.signal(signal.SIGCONT, self._process.pid)
            self.signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_S)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._output.close()

    def connect(self, **how: Any) -> RawSocket:
        return RawSocket(self.port, **how)


def filler(size: int) -> str:
    """Text of `size` letters that differs everywhere, so that bytes lost, doubled or swapped show."""
    return "".join(f"{number:07}." for number in range(size // 8 + 1))[:size]


class Writer:
    """The open workspace of a prepared CHORUS_HOME, written as the web workers do."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.module = sqlite.library(settings.sqlite)
        self._bell = Bell(bell_path(settings.home))
        self.home = Home(settings.home, self.module)
        self._current = CurrentWorkspace(self.home, self.module, self.ring)
        self.muted = False  # True: the bell is lost on its way

    @property
    def database_path(self) -> Path:
        return self._current.get().database.path

    @property
    def position(self) -> Position:
        with self.reading() as reading:
            return reading.position

    def reading(self) -> contextlib.AbstractContextManager[Reading]:
        return self._current.get().database.read()

    def ring(self) -> None:
        if not self.muted:
            self._bell.ring()

    def commit(self, count: int = 1, size: int = 100) -> None:
        """So many transactions, each with one event of about `size` bytes."""
        for _ in range(count):
            with self._current.get().database.write() as transaction:
                transaction.emit(EventType.CONFIG_CHANGED, f'"{filler(size)}"')

    def burst(self, count: int, size: int = 600) -> None:
        """So many events in one transaction, which no verb can do: for long logs in short time."""
        engine = sqlite.engine(self.database_path, self.module, read_only=False, pool_size=1)
        with sqlite.immediate(engine.connect()) as connection, connection.begin():
            seq, now = eventlog.head(connection).seq, now_ms()
            for number in range(seq + 1, seq + count + 1):
                text = f'{{"type":"config_changed","seq":{number},"at":{now},"data":"{"x" * size}"}}'
                eventlog.append(connection, number, now, EventType.CONFIG_CHANGED, text)
        engine.dispose()
        self.ring()

    def execute(self, statement: str, database: Path | None = None) -> None:
        """What no verb does; `database` is the workspace's unless told."""
        engine = sqlite.engine(database or self.database_path, self.module, read_only=False, pool_size=1)
        with sqlite.immediate(engine.connect()) as connection, connection.begin():
            connection.exec_driver_sql(statement)
        engine.dispose()
        self.ring()

    def close(self) -> None:
        self._current.close()
        self._bell.close()


@contextlib.contextmanager
def running(home: Path, *, app: str = "", **environ: str) -> Iterator[SidecarProcess]:
    """A ready sidecar over a new home."""
    process = SidecarProcess(prepared(home, **environ), app=app, **environ)
    try:
        process.start()
        process.wait_ready()
        yield process
    finally:
        process.stop()


@contextlib.contextmanager
def writing(settings: Settings) -> Iterator[Writer]:
    writer = Writer(settings)
    try:
        yield writer
    finally:
        writer.close()
