"""The local queue: a bell. After each commit the writer sends one datagram to the sidecar and one to the runner; both
then read the database.

The datagram is a hint and carries nothing: the log is the truth, and both look once a second regardless.
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


SIDECAR, OUTPUT, RUNNER = "bell.sock", "output.sock", "runner.sock"
"""Who listens: the sidecar, for the log and for the output of runs, and the runner."""


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


def everybody(home: Path) -> "Bell":
    """The bell that all listeners of `home` hear."""
    return Bell(bell_path(home, SIDECAR), bell_path(home, RUNNER))


class Bell:
    """The writer's side. One socket, made on first use; `ring` may be called from any thread."""

    def __init__(self, *paths: Path) -> None:
        self._addresses = [os.fspath(path) for path in paths]
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def ring(self) -> None:
        """Tells the listeners to look. Errors are ignored: nobody listens, or it already has plenty to hear."""
        for address in self._addresses:
            with contextlib.suppress(OSError):
                self._socket.sendto(b"!", address)

    def close(self) -> None:
        self._socket.close()


def listen(path: Path) -> socket.socket:
    """The listener's side: a non-blocking bound socket, mode 0600. A socket left by a killed process is replaced.

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


def is_listening(path: Path) -> bool:
    """Whether a living process listens there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(os.fspath(path))
        except OSError:
            return False
    return True


def drain(listener: socket.socket) -> None:
    """Takes all waiting datagrams, so that any number of rings costs one look at the log."""
    with contextlib.suppress(BlockingIOError):
        while listener.recv(16):
            pass
