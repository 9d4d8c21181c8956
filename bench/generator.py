"""Driving the C load generator (loadgen/): a swarm of WebSocket clients, and HTTP writers."""

import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench import machine

FOLDER = Path(__file__).parent / "loadgen"
PROGRAM = FOLDER / "loadgen"

Report = dict[str, Any]


def build() -> None:
    """Compiles the generator when its sources are newer."""
    subprocess.run(["make", "--silent", "-C", str(FOLDER)], check=True, stdout=subprocess.DEVNULL)


class Swarm:
    """`clients` WebSocket clients on the generator's core; as a context they are all live inside.

    `options` are the remaining flags of `loadgen swarm`.
    """

    def __init__(self, port: int, clients: int, options: Sequence[str] = (), seconds: float = 300) -> None:
        argv = [
            str(PROGRAM),
            "swarm",
            "--port",
            str(port),
            "--clients",
            str(clients),
            "--seconds",
            str(seconds),
            *options,
        ]
        self._popen = subprocess.Popen(
            machine.pinned(argv, machine.CLIENT_CORE), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.clients = clients

    def __enter__(self) -> Self:
        self.ready = self.wait_for("ready")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._popen.kill()
        self._popen.communicate()

    def mark(self) -> Report:
        """What was received since the last mark."""
        assert self._popen.stdin
        self._popen.stdin.write("mark\n")
        self._popen.stdin.flush()
        return self.wait_for("window")

    def window(self, seconds: float) -> Report:
        """What is received in the next `seconds`."""
        self.mark()
        time.sleep(seconds)
        return self.mark()

    def wait_for(self, kind: str) -> Report:
        """The next report of this kind; others before it are dropped. Bounded by the generator's own `--seconds`."""
        assert self._popen.stdout
        for line in self._popen.stdout:
            report: Report = json.loads(line)
            if report["report"] == kind:
                return report
        raise RuntimeError(f"the generator ended before it was '{kind}'")


def http(port: int, options: Sequence[str]) -> list[Report]:
    """Runs `loadgen http` to its end; one report a window."""
    argv = [str(PROGRAM), "http", "--port", str(port), *options]
    done = subprocess.run(
        machine.pinned(argv, machine.CLIENT_CORE), capture_output=True, text=True, check=True, timeout=600
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def blaster(port: int, options: Sequence[str]) -> machine.Process:
    """The server that does nothing but send, on the server's core."""
    process = machine.Process([str(PROGRAM), "blast", "--port", str(port), *options], machine.SERVER_CORE)
    process.wait_for_port(port)
    return process
