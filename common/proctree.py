"""Trees of processes, as /proc shows them: who descends from whom, who bears a mark, and how to end all of them.

A process id alone names nobody: ids are used again. `identity` adds when the process started, and on which boot.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

LOOK_EVERY_S = 0.02


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; empty where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def identity(pid: int) -> str | None:
    """When the process started, as a text to compare; None for one that is gone or only waits to be reaped."""
    fields = _stat(pid)
    return f"{_boot()}:{fields[19]}" if fields and fields[0] not in "ZX" else None


def is_alive(pid: int, started: str) -> bool:
    """Whether the very process of which `identity` once said `started` still lives."""
    return identity(pid) == started


def is_stopped(pid: int) -> bool:
    """Whether a signal or a debugger has halted the process."""
    return _stat(pid)[:1] in (["T"], ["t"])


def children(pid: int) -> list[int]:
    """Living and dead children of all threads of a process."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return found


def descendants(pid: int) -> list[int]:
    """All living processes below `pid`, parents before their children."""
    found: list[int] = []
    waiting = children(pid)
    while waiting:
        child = waiting.pop(0)
        waiting += children(child)
        if identity(child) is not None:
            found.append(child)
    return found


def marked(mark: str) -> Iterator[int]:
    """All living processes of this user whose environment holds `mark` (NAME=value), wherever they have gone."""
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        with contextlib.suppress(OSError):
            if mark.encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") and identity(pid):
                yield pid


def send(pids: Iterable[int], signum: int) -> None:
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, signum)


def kill(roots: Iterable[int], marks: Iterable[str], seconds: float) -> list[int]:
    """SIGKILL for the roots, all below them and all with a mark, until none is left; returns who survived `seconds`.

    It looks again after each round: what forks faster than it is listed is found in the next one.
    """
    deadline = time.monotonic() + seconds
    roots, marks = list(roots), list(marks)
    while left := _all(roots, marks):
        send(left, signal.SIGKILL)
        for pid in left:  # those that we have adopted
            with contextlib.suppress(OSError):
                os.waitpid(pid, os.WNOHANG)
        if time.monotonic() > deadline:
            return left
        time.sleep(LOOK_EVERY_S)
    return []


def _all(roots: list[int], marks: list[str]) -> list[int]:
    own = os.getpid()
    below = [pid for root in roots for pid in (*descendants(root), root) if identity(pid)]
    bearing = [pid for mark in marks for pid in marked(mark)]
    return [pid for pid in dict.fromkeys(below + bearing) if pid != own]
