"""Searching files for an expression, in a process that ends: by itself, at its limits, or when its run does."""

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from common.errors import Conflict, ServiceUnavailable
from common.settings import ROOT
from core.files.folders import invalid
from core.files.refusals import told
from core.files.walk import Spot, open_folder

SECONDS = 10.0
AT_ONCE = 4  # of each web process: the other threads stay free for people
OUTPUT_BYTES = 64 * 1024
LOOK_EVERY_MS = 200
_COMMAND = [sys.executable, "-E", "-s", "-S", "-m", "core.files.searcher"]
_turns = threading.BoundedSemaphore(AT_ONCE)


class Job(NamedTuple):
    pattern: str
    glob: str | None
    case_sensitive: bool
    context_lines: int
    max_results: int


class Found(NamedTuple):
    """Matches as the searcher wrote them; `truncated`: more results, too much output, or out of time."""

    matches: list[dict[str, Any]]
    truncated: bool


def search(spot: Spot, job: Job, alive: Callable[[], bool], seconds: float = SECONDS) -> Found:
    """What is found at or below `spot`. `alive` is asked now and then: where it says no, the search ends.

    Raises ValidationFailed (the expression), ServiceUnavailable (too many searches), Conflict (not alive any more).
    """
    if not _turns.acquire(blocking=False):
        raise ServiceUnavailable(f"{AT_ONCE} searches are under way already. Try again in a moment.")
    try:
        with told(), _opened(spot) as target:
            return _run(target, job, alive, seconds)
    finally:
        _turns.release()


@contextmanager
def _opened(spot: Spot) -> Iterator[Spot]:
    """A folder as itself; anything else as a name in its folder."""
    try:
        folder = open_folder(spot)
    except NotADirectoryError:
        yield spot
        return
    try:
        yield Spot(folder, ".", spot.closed)
    finally:
        os.close(folder)


def _run(target: Spot, job: Job, alive: Callable[[], bool], seconds: float) -> Found:
    told_of = job._asdict() | target._asdict() | {"closed": list(target.closed), "seconds": seconds}
    with subprocess.Popen(
        _COMMAND,
        cwd=ROOT,
        env={},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=(target.folder,),
    ) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(told_of).encode())
            process.stdin.close()
            found = _collect(process, job.max_results, alive)
        finally:
            process.kill()
    return found if process.returncode == 0 or found.truncated else Found(found.matches, truncated=True)


def _collect(process: "subprocess.Popen[bytes]", most: int, alive: Callable[[], bool]) -> Found:
    assert process.stdout is not None
    output = process.stdout.fileno()
    poll = select.poll()
    poll.register(output, select.POLLIN | select.POLLHUP)
    raw = b""
    while True:
        if not poll.poll(LOOK_EVERY_MS):
            if not alive():
                raise Conflict("The run has ended; its search was stopped.")
            continue
        chunk = os.read(output, 65_536)
        raw += chunk
        *lines, _ = raw.split(b"\n")
        if not chunk:
            process.wait()
            return Found([_match(line) for line in lines], truncated=False)
        if len(lines) > most or len(raw) > OUTPUT_BYTES:
            return Found([_match(line) for line in lines[:most]], truncated=True)


def _match(line: bytes) -> dict[str, Any]:
    match: dict[str, Any] = json.loads(line)
    if "error" in match:
        raise invalid(f"Is not a regular expression: {match['error']}.", "pattern")
    return match
