"""The leak check finds what it is there to find."""

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import greenlet
import pytest

from tests.helpers import leaks


@contextmanager
def thread() -> Iterator[None]:
    stop = threading.Event()
    leaked = threading.Thread(target=stop.wait)
    leaked.start()
    yield
    stop.set()
    leaked.join()


@contextmanager
def open_socket() -> Iterator[None]:
    with socket.socket():
        yield


@contextmanager
def descriptor() -> Iterator[None]:
    ends = os.pipe()
    yield
    for end in ends:
        os.close(end)


@contextmanager
def child() -> Iterator[None]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield
        process.kill()


@contextmanager
def suspended_greenlet() -> Iterator[None]:
    suspended = greenlet.greenlet(lambda: greenlet.getcurrent().parent.switch())
    suspended.switch()
    yield
    suspended.switch()


@pytest.mark.parametrize("leak", [thread, open_socket, descriptor, child, suspended_greenlet])
def test_leak_is_found_and_its_end_too(leak: Any) -> None:
    before = leaks.held()
    with leak():
        assert leaks.left_behind(before, settle_s=0)
    assert leaks.left_behind(before) == []
