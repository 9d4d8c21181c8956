"""The whole server for tests: real processes in a CHORUS_HOME of their own, on ports of their own.

`with running(home) as server:` starts it through the launcher, as `make run` does; `mode="plain"` starts `gunicorn` and
the sidecar's own command; `mode="nginx"` puts nginx in front, on one port, with deploy/nginx.conf.
"""

import contextlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from common.queue import private_folder
from common.settings import ROOT
from tests.helpers import processes
from tests.helpers.processes import Process, wait_for

READY_S = 60.0
STOP_S = 10.0  # what Ctrl-C may take
MARK = "CHORUS_TEST_SERVER"
LAUNCHER = [sys.executable, "-m", "launcher"]
WEBAPP = [sys.executable, "-m", "gunicorn"]
WSSERVER = [*WEBAPP, "-c", "wsserver/gunicorn.conf.py"]


def free_ports(count: int = 2) -> int:
    """The first of `count` free ports in a row, below the range that the system gives to clients.

    Test processes side by side choose from ranges of their own: nobody takes a port before its server has started.
    """
    begin = 20_000 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 4 * 3_000
    while True:
        first = random.randrange(begin, begin + 3_000 - count)
        if all(_is_free(port) for port in range(first, first + count)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@dataclass
class Server:
    """A running server. Program names: webapp, wsserver, runner and supervisor (launcher mode), nginx (nginx mode)."""

    home: Path
    port: int
    environ: dict[str, str]
    mode: str = "launcher"
    front_port: int | None = None
    wrapper: list[str] = field(default_factory=list)  # before each command
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _outputs: list[Path] = field(default_factory=list)

    @property
    def ws_port(self) -> int:
        return self.port + 1

    @property
    def base_url(self) -> str:
        """The board's address for a browser."""
        return f"http://localhost:{self.front_port or self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://localhost:{self.front_port or self.ws_port}/ws"

    @property
    def output(self) -> str:
        """All that the processes have written to stdout and stderr so far."""
        return "".join(path.read_text(errors="replace") for path in self._outputs)

    # -- starting and stopping

    def spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        """Starts one program of this server in a session of its own."""
        path = self.home.parent / f"{self.home.name}-output-{len(self._outputs)}.log"
        with open(path, "wb") as output:
            process = subprocess.Popen(
                [*self.wrapper, *command],
                cwd=ROOT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._outputs.append(path)
        self._started.append(process)
        return process

    def start(self) -> None:
        """Starts all programs and waits until both servers are ready."""
        if self.mode == "launcher":
            self.spawn(LAUNCHER)
        else:
            self.spawn(WEBAPP)
            self.wait_ready(self.port)  # it prepares CHORUS_HOME, which the sidecar only reads
            self.spawn(WSSERVER)
        if self.mode == "nginx":
            self.spawn(["nginx", "-c", str(self._nginx_conf())])
        self.wait_ready()

    def wait_ready(self, *ports: int, seconds: float = READY_S) -> None:
        """Waits for 200 from /readyz of `ports` (default: both servers); fails early if a program has ended."""
        for port in ports or (self.port, self.ws_port):
            wait_for(lambda p=port: self._ready(p), seconds, f"/readyz on port {port}", self._context)  # type: ignore[misc]

    def _ready(self, port: int) -> bool:
        ended = [process.args for process in self._started if process.poll() is not None]
        assert not ended, f"{ended} ended\n{self._context()}"
        return readiness(port) == 200

    def stop_all(self, signum: int = signal.SIGTERM) -> None:
        """Stops everything as an operator does; fails if a process is left after 10 s, and ends it."""
        for process in self.processes():
            self._send(process.pid, signal.SIGCONT)
        for started in reversed(self._started):
            self._send(started.pid, signum)
        try:
            for started in self._started:
                started.wait(STOP_S)
            wait_for(lambda: not self.processes(), STOP_S, "every process gone", self._context)
        finally:
            self.kill_all()

    def kill_all(self) -> None:
        """SIGKILL for whatever is left."""
        for process in self.processes():
            self._send(process.pid, signal.SIGKILL)
        for started in self._started:
            started.kill()  # nginx overwrites its environment, so that the mark does not find it
            started.wait()
        self._started.clear()
        shutil.rmtree(private_folder(self.home, Path("/dev/shm")), ignore_errors=True)  # a killed one leaves it

    def _context(self) -> str:
        return f"processes: {self.processes()}\noutput:\n{self.output[-8_000:]}"

    # -- processes

    def processes(self) -> list[Process]:
        """All living processes of this server."""
        return processes.marked(f"{MARK}={self.environ[MARK]}")

    def pids(self, program: str) -> list[int]:
        """Process ids of a program, its first process (the arbiter) before its workers."""
        found = [process for process in self.processes() if process.program == program]
        ids = {process.pid for process in found}
        return sorted(ids, key=lambda pid: (next(p.parent for p in found if p.pid == pid) in ids, pid))

    def arbiter(self, program: str) -> int:
        """The first process of a program; waits for it where it is being restarted."""
        return wait_for(lambda: self.pids(program), READY_S, f"{program} runs", self._context)[0]

    def workers(self, program: str) -> list[int]:
        return self.pids(program)[1:]

    def kill(self, pid: int) -> None:
        self._send(pid, signal.SIGKILL)

    def stop(self, pid: int) -> None:
        self._send(pid, signal.SIGSTOP)

    def cont(self, pid: int) -> None:
        self._send(pid, signal.SIGCONT)

    @staticmethod
    def _send(pid: int, signum: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signum)

    # -- talking to it

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """One HTTP request to the board's address; `body` is sent as JSON unless it is bytes."""
        parts = urlsplit(self.base_url)
        connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=15)
        try:
            raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            kind = {} if body is None else {"Content-Type": "application/json"}
            connection.request(method, path, raw, {"Host": parts.netloc} | kind | headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def json(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """`data` of the answer, which must be a success."""
        status, _, raw = self.request(method, path, body, **headers)
        assert status < 300, f"{method} {path}: {status} {raw[:500]!r}\n{self._context()}"
        return json.loads(raw)["data"]

    # -- nginx

    def _nginx_conf(self) -> Path:
        folder = self.home.parent / f"{self.home.name}-nginx"
        folder.mkdir()
        site = (ROOT / "deploy" / "nginx.conf").read_text()
        site = site.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}").replace(
            "127.0.0.1:8081", f"127.0.0.1:{self.ws_port}"
        )
        site = re.sub(r"listen 80;", f"listen 127.0.0.1:{self.front_port};", site)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in kinds)
        user = "user root; " if os.getuid() == 0 else ""  # its workers must reach the temporary folders
        conf = folder / "nginx.conf"
        conf.write_text(
            f"{user}daemon off; worker_processes 1; pid {folder}/pid; error_log stderr warn;\n"
            f"events {{ worker_connections 1024; }}\nhttp {{ access_log off; {temporary}\n{site}\n}}\n"
        )
        return conf


def readiness(port: int) -> int | None:
    """Status of /readyz; None where nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz", headers={"Host": f"127.0.0.1:{port}"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def prepare_server(home: Path, mode: str = "launcher", **settings: str) -> Server:
    """A server that has not been started; `settings` are environment names and values."""
    port = free_ports(3)
    front = port + 2 if mode == "nginx" else None
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith("CHORUS_") or name == "CHORUS_SQLITE"
    }
    environ |= {"CHORUS_HOME": str(home), "CHORUS_PORT": str(port), "PYTHONUNBUFFERED": "1", MARK: uuid.uuid4().hex}
    environ |= {"CHORUS_PUBLIC_URL": f"http://localhost:{front}"} if front else {}
    return Server(home, port, environ | settings, mode, front)


@contextlib.contextmanager
def running(home: Path, mode: str = "launcher", **settings: str) -> Iterator[Server]:
    """A started server, ready to be used; at the end all of it is stopped, and must be gone within 10 s."""
    if mode == "nginx":
        assert shutil.which("nginx"), "nginx is missing: `make test` installs it"
    server = prepare_server(home, mode, **settings)
    try:
        server.start()
        yield server
        server.stop_all()
    finally:
        server.kill_all()
