"""CHORUS_HOME: who may read it, whether a server has it and a runner is there, and room on its disk."""

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from cli.checks import Finding, ok, problem, warning
from cli.output import size
from common.queue import RUNNER, bell_path, is_listening

LITTLE, TOO_LITTLE = 1024**3, 100 * 1024**2


def check(home: Path) -> Iterator[Finding]:
    if not (home / "home.db").exists():
        yield warning("home", f"{home} is made at the first start. If there should be one, set CHORUS_HOME to it.")
    else:
        yield _access(home)
        yield ok("lock", "a server has it" if is_served(home) else "free, no server runs here")
    yield room(home, _free(home))


def runner(home: Path) -> Finding:
    """Of a home that is served."""
    if is_listening(bell_path(home, RUNNER)):
        return ok("runner", "it is there")
    return warning("runner", "none is there, so agents wait. Start `python -m runner`, or look into its log.")


def _access(home: Path) -> Finding:
    found = home.stat()
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        return problem(
            "home", f"{home} cannot be read and written by this user. Correct its owner, or run as {found.st_uid}."
        )
    if found.st_uid != os.getuid():
        return warning("home", f"{home} belongs to user {found.st_uid}: run chorus as that user.")
    if stat.S_IMODE(found.st_mode) & 0o077:
        return warning("home", f"{home} can be read by other users; it holds keys of providers. Run chmod 700 on it.")
    return ok("home", str(home))


def is_served(home: Path) -> bool:
    """Whether a server holds the lock; a read-only look at the system's list, as taking it could refuse a start."""
    path = home / "run" / "server.lock"
    if not path.exists():
        return False
    inode = str(path.stat().st_ino)
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return _is_locked(path)
    return any(line.split()[1] == "FLOCK" and line.split()[5].rpartition(":")[2] == inode for line in lines)


def _is_locked(path: Path) -> bool:
    """Where the system has no such list: tries, for a moment."""
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _free(home: Path) -> int:
    while not home.exists():
        home = home.parent
    return shutil.disk_usage(home).free


def room(home: Path, free: int) -> Finding:
    """Whether `free` bytes are enough."""
    text = f"{size(free)} free on the disk of {home}"
    if free < TOO_LITTLE:
        return problem("disk", f"{text}: changes will soon be refused. Free some space.")
    return warning("disk", f"{text}: free some space.") if free < LITTLE else ok("disk", text)
