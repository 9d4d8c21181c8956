"""The sidecar's own client: where it cannot go on it fails, and is silent, which is its message."""

import socket
from pathlib import Path

import pytest

from common.settings import load
from wsserver import canary
from wsserver.canary import Canary


def test_without_a_log_it_does_not_subscribe(tmp_path: Path) -> None:
    made = Canary(load({"CHORUS_HOME": str(tmp_path)}), lambda: None)
    with pytest.raises(OSError, match="nothing to subscribe to"):
        made._subscribe()
    assert not made.is_well()


def test_line_that_ends_in_the_handshake_is_lost() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"HTTP/1.1 101 ")
        theirs.close()
        with pytest.raises(OSError, match="closed"):
            canary._read_until(ours, b"\r\n\r\n")
