"""What goes wrong on purpose, as context managers: at the end of each the server is whole again."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.helpers.server import Server


@contextmanager
def down(server: Server, *programs: str) -> Iterator[None]:
    """Kills programs -9, and keeps the supervisor from repairing that until the end."""
    supervisor = server.arbiter("supervisor")
    server.stop(supervisor)
    try:
        for pid in [pid for program in programs for pid in server.pids(program)]:
            server.kill(pid)
        yield
    finally:
        server.cont(supervisor)
        server.wait_ready()


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another program keeps the database for itself; with the rollback journal nobody else can read it."""
    script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN EXCLUSIVE')"
    command = [sys.executable, "-c", f"{script}; print('locked', flush=True); sys.stdin.read()", str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin
        assert holder.stdout
        assert holder.stdout.readline() == "locked\n"
        yield
        holder.stdin.close()


@contextmanager
def stopped(server: Server, *pids: int) -> Iterator[None]:
    """Processes that do not answer: to the other side their sockets look as healthy as before."""
    for pid in pids:
        server.stop(pid)
    try:
        yield
    finally:
        for pid in pids:
            server.cont(pid)
