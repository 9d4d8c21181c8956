"""Which version of a program is installed: asked once for each file, since flags differ between versions."""

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path

from runner.process import AgentProcess, CannotStart, Command

VERSION_TIMEOUT_S = 20.0  # a large program, read from a cold disk
MAX_PROCESSES = 16
_known: dict[tuple[str, int, int], tuple[int, ...]] = {}


def installed(run_id: str, path: str, environ: Mapping[str, str], folder: Path) -> tuple[int, ...] | None:
    """What `path --version` says; None where it says nothing of the kind. `folder` is private to the run."""
    try:
        info = os.stat(path)
    except OSError:
        return None
    key = (os.path.realpath(path), info.st_mtime_ns, info.st_size)
    if key not in _known and (told := _asked(run_id, path, environ, folder)) is not None:
        _known[key] = told
    return _known.get(key)


def _asked(run_id: str, path: str, environ: Mapping[str, str], folder: Path) -> tuple[int, ...] | None:
    """It runs under a keeper like every program of an agent, so that it leaves nothing behind."""
    command = Command([path, "--version"], dict(environ), folder, Path(os.devnull), MAX_PROCESSES)
    try:
        process = AgentProcess(run_id, command)
    except CannotStart:
        return None
    lines: list[str] = []
    deadline = time.monotonic() + VERSION_TIMEOUT_S
    try:
        for heard in process.hear(0.5):
            if heard.line is not None and not heard.error and len(lines) < 10:
                lines.append(heard.line)
            if time.monotonic() > deadline:
                process.stop()
    finally:
        process.close()
    return parsed(lines)


def parsed(lines: list[str]) -> tuple[int, ...] | None:
    """The first version that the lines name, such as `2.1.332 (Claude Code)`."""
    for line in lines:
        if found := re.search(r"(?<![\w.])v?(\d+)\.(\d+)\.(\d+)", line):
            return tuple(map(int, found.groups()))
    return None
