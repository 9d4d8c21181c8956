"""Processes as /proc shows them: who belongs to a test's server, and what it is."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Process(NamedTuple):
    pid: int
    parent: int
    program: str  # webapp, wsserver, runner, announce, supervisor, nginx or other


def marked(mark: str) -> list[Process]:
    """All living processes whose environment holds `mark` (NAME=value)."""
    return [process for pid in _pids() if (process := _marked(pid, mark.encode()))]


def _pids() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def _marked(pid: int, mark: bytes) -> Process | None:
    folder = Path("/proc", str(pid))
    try:
        if mark not in (folder / "environ").read_bytes().split(b"\0"):
            return None
        state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        command = (folder / "cmdline").read_bytes()
    except OSError:
        return None  # it ended meanwhile, or is somebody else's
    return None if state in "ZX" else Process(pid, int(parent), _program(command))


def _program(command: bytes) -> str:
    if b"gunicorn" in command:
        return "wsserver" if b"wsserver" in command else "webapp"
    if b"\0runner\0" in command:
        return "runner"
    if b"launcher" in command:
        return "announce" if b"launcher.announce" in command else "supervisor"
    return "nginx" if b"nginx" in command else "other"


def delay_s(pid: int) -> float:
    """How long a process has been ready to run while others had the processors; 0 where the kernel does not tell."""
    try:
        return int(Path("/proc", str(pid), "schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


def wait_for(ask: Callable[[], T], seconds: float, what: str, context: Callable[[], str] = str) -> T:
    """Polls `ask` until it is true and returns its value; fails with the last value and `context` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := ask()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s; last seen: {value!r}\n{context()}")
        time.sleep(0.02)
    return value
