"""Which port, and is it free?"""

import errno
import os
import socket
import time
from pathlib import Path
from types import ModuleType

import sqlalchemy as sa

from common.db import sqlite, tables
from common.db.home import DATABASE, Home
from common.errors import StartRefused
from common.settings import Settings

PATIENCE_S = 1.0  # servers whose supervisor was killed need a moment to go


def resolve_port(settings: Settings) -> int:
    """`--port` > the open workspace's own `port` > CHORUS_PORT > 8080. Changes nothing on disk."""
    if settings.port_is_explicit:
        return settings.port
    return _workspace_port(settings) or settings.port


def _workspace_port(settings: Settings) -> int | None:
    module = sqlite.library(settings.sqlite)
    try:
        folder = settings.config.parent if settings.config else _open_folder(settings.home, module)
        return _port_in(folder / DATABASE, module) if folder else None
    except sa.exc.DatabaseError:
        return None  # what is wrong with it is said when it is opened


def _open_folder(home_folder: Path, module: ModuleType) -> Path | None:
    if not (home_folder / "home.db").is_file():
        return None
    home = Home(home_folder, module)
    try:
        return home.open_workspace().folder
    finally:
        home.close()


def _port_in(database: Path, module: ModuleType) -> int | None:
    engine = sqlite.engine(database, module, read_only=True, pool_size=1)
    try:
        with engine.begin() as connection:
            return connection.execute(sa.select(tables.config.c.port)).scalar()
    finally:
        engine.dispose()


def check_free(settings: Settings) -> None:
    """Raises StartRefused unless both ports can be listened on within a second."""
    deadline = time.monotonic() + PATIENCE_S
    for port, use in ((settings.port, "the HTTP port"), (settings.ws_port, "the WebSocket port, the HTTP port + 1")):
        while (problem := _listen_problem(settings.host, port)) == errno.EADDRINUSE and time.monotonic() < deadline:
            time.sleep(0.05)
        if problem:
            raise StartRefused(_sentence(settings.host, port, use, problem))


def _listen_problem(host: str, port: int) -> int | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            return error.errno or errno.EINVAL
    return None


def _sentence(host: str, port: int, use: str, problem: int) -> str:
    if problem == errno.EADDRNOTAVAIL:
        return f"CHORUS_HOST={host} is not an address of this machine."
    reason = "is taken by another program" if problem == errno.EADDRINUSE else f"cannot be used: {os.strerror(problem)}"
    return f"Port {port} ({use}) {reason}: choose another one with --port, the workspace's `port` or CHORUS_PORT."
