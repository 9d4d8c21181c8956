"""Which version of a program is installed: asked once for each file, since flags differ between versions."""

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path

from runner.process import AgentProcess, CannotStart, Command

VERSION_TIMEOUT_S = 10.0
MAX_PROCESSES = 16
_VERSION = re.compile(r"(?:[\w-]+ )?v?(\d+)\.(\d+)\.(\d+)\b")
_known: dict[tuple[str, int, int], tuple[int, ...] | None] = {}


def installed(run_id: str, path: str, environ: Mapping[str, str], folder: Path) -> tuple[int, ...] | None:
    """What the first line of `path --version` says; None where it is no version. `folder` is private to the run."""
    try:
        info = os.stat(path)
    except OSError:
        return None
    key = (os.path.realpath(path), info.st_mtime_ns, info.st_size)
    if key not in _known and (line := _first_line(run_id, path, environ, folder)) is not None:
        _known[key] = parsed(line)
    return _known.get(key)


def _first_line(run_id: str, path: str, environ: Mapping[str, str], folder: Path) -> str | None:
    """It runs under a keeper like every program of an agent, so that it leaves nothing behind."""
    command = Command([path, "--version"], dict(environ), folder, Path(os.devnull), MAX_PROCESSES)
    try:
        process = AgentProcess(run_id, command)
    except CannotStart:
        return None
    line = None
    deadline = time.monotonic() + VERSION_TIMEOUT_S
    try:
        for heard in process.hear(0.5):
            if line is None and heard.line is not None and not heard.error:
                line = heard.line
            if line is not None or time.monotonic() > deadline:
                process.stop()
    finally:
        process.close()
    return line


def parsed(line: str) -> tuple[int, ...] | None:
    """The version that a line begins with, such as `2.1.332 (Claude Code)`."""
    found = _VERSION.match(line)
    return tuple(map(int, found.groups())) if found else None
