"""The bell: heard at once, never blocking, never failing."""

import os
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.queue import LONGEST_SOCKET_PATH, Bell, bell_path, drain, listen


@pytest.fixture
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders may be too long for a socket
        yield Path(folder, "run", "bell.sock")


@pytest.fixture
def bell(path: Path) -> Iterator[Bell]:
    made = Bell(path)
    yield made
    made.close()


@pytest.fixture
def listener(path: Path) -> Iterator[socket.socket]:
    with listen(path) as made:
        yield made


def test_rings(listener: socket.socket, bell: Bell) -> None:
    bell.ring()
    assert listener.recv(16) == b"!"


def test_many_rings_are_one_look(listener: socket.socket, bell: Bell) -> None:
    for _ in range(5):
        bell.ring()
    drain(listener)
    with pytest.raises(BlockingIOError):
        listener.recv(16)


def test_nobody_listens(bell: Bell) -> None:
    bell.ring()


def test_listener_that_does_not_read_costs_nothing(listener: socket.socket, bell: Bell) -> None:
    """A stopped sidecar: its queue is full after about eleven datagrams."""
    began = time.monotonic()
    for _ in range(10_000):
        bell.ring()
    assert time.monotonic() - began < 5
    assert listener.recv(16) == b"!"


def test_mode(listener: socket.socket, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_socket_of_a_killed_sidecar_is_replaced(path: Path, bell: Bell) -> None:
    listen(path).close()
    with listen(path) as listener:
        bell.ring()
        assert listener.recv(16) == b"!"


def test_umask_is_restored(path: Path) -> None:
    before = os.umask(0o022)
    os.umask(before)
    listen(path).close()
    assert os.umask(before) == before


def test_long_home_gets_a_short_socket() -> None:
    short, long = Path("/srv/chorus"), Path("/srv") / ("c" * 100)
    assert bell_path(short) == short / "run" / "bell.sock"
    assert len(os.fsencode(bell_path(long))) <= LONGEST_SOCKET_PATH
    assert bell_path(long) == bell_path(long)
    assert bell_path(long) != bell_path(long / "d")


@pytest.mark.skipif(os.getuid() != 0, reason="needs a folder of another user")
def test_folder_of_another_user_is_refused(path: Path) -> None:
    path.parent.mkdir()
    os.chown(path.parent, 12345, 12345)
    with pytest.raises(PermissionError):
        listen(path)
