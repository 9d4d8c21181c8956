"""The local queue: a bell. After each commit the writer sends one datagram; the sidecar then reads the log.

The datagram is a hint and carries nothing: the log is the truth, and the sidecar looks once a second regardless.
Nothing here ever blocks or fails a request: a blocking send to a stopped sidecar would freeze the API.
"""

import contextlib
import hashlib
import os
import socket
import stat
import tempfile
from pathlib import Path

LONGEST_SOCKET_PATH = 107  # bytes of sun_path, without its closing NUL (unix(7))


SIDECAR, OUTPUT = "bell.sock", "output.sock"  # who listens: the sidecar, for the log and for the output of runs


def bell_path(home: Path, listener: str = SIDECAR) -> Path:
    """Where a listener of `home` listens: inside it, or, if that path is too long, in a private temporary folder."""
    inside = home / "run" / listener
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
        return inside
    return private_folder(home, Path(tempfile.gettempdir())) / listener


def private_folder(home: Path, shared: Path) -> Path:
    """The folder of `home` inside a folder that is everybody's."""
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return shared / f"chorus-{os.getuid()}-{name}"


class Bell:
    """The writer's side. One socket, made on first use; `ring` may be called from any thread."""

    def __init__(self, path: Path) -> None:
        self._address = os.fspath(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def ring(self) -> None:
        """Tells the sidecar to look. Errors are ignored: nobody listens, or it already has plenty to hear."""
        with contextlib.suppress(OSError):
            self._socket.sendto(b"!", self._address)

    def close(self) -> None:
        self._socket.close()


def listen(path: Path) -> socket.socket:
    """The sidecar's side: a non-blocking bound socket, mode 0600. A socket left by a killed sidecar is replaced.

    Raises PermissionError where the folder belongs to somebody else.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = path.parent.stat()
    if owner.st_uid != os.getuid() or not stat.S_ISDIR(owner.st_mode):
        raise PermissionError(f"{path.parent} belongs to another user")
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    mask = os.umask(0o177)
    try:
        listener.bind(os.fspath(path))
    finally:
        os.umask(mask)
    listener.setblocking(False)
    return listener


def drain(listener: socket.socket) -> None:
    """Takes all waiting datagrams, so that any number of rings costs one look at the log."""
    with contextlib.suppress(BlockingIOError):
        while listener.recv(16):
            pass
