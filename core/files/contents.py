"""Reading whole files, regular ones only and bounded, and one change at a time in a folder."""

import codecs
import fcntl
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from common.errors import Busy, Conflict, Forbidden, TooLarge
from core.files.folders import invalid
from core.files.refusals import told
from core.files.walk import Spot

LARGEST_BYTES = 10 * 1024 * 1024
LOCK_WAIT_S = 2.0
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_LOOKED_AT = 1024
# Nothing here may wait for somebody else to open the other end, or become our terminal.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True)
class Content:
    """A file as it was read: its bytes, the hash agents compare, and its permissions and owner."""

    raw: bytes
    info: os.stat_result

    @property
    def hash(self) -> str:
        return hash_of(self.raw)

    @property
    def text(self) -> str:
        """Raises ValidationFailed where it is not UTF-8."""
        if encoding := other_encoding(self.raw):
            raise invalid(f"Is a text in {encoding}, and this tool takes UTF-8. Convert it first, or attach a copy.")
        try:
            return self.raw.decode()
        except UnicodeDecodeError:
            raise invalid("Is not a text file in UTF-8.") from None

    @property
    def shown(self) -> str:
        """The text without the byte-order mark that some programs begin a file with."""
        return self.text.removeprefix("\ufeff")


def other_encoding(raw: bytes) -> str | None:
    """UTF-16 or UTF-32, where a file says that it is in one of them, or every second byte of it is empty."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return encoding
    head = raw[:_LOOKED_AT] if len(raw) % 2 == 0 else b""
    is_wide = len(head) >= 4 and any(not any(head[k::2]) and all(head[1 - k :: 2]) for k in (0, 1))
    return "UTF-16" if is_wide else None


def hash_of(raw: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(raw).hexdigest()


def read(spot: Spot) -> Content:
    """The file at `spot`. Raises NotFound, Forbidden (a device, pipe or socket), TooLarge, ValidationFailed."""
    with told():
        check_kind(os.stat(spot.name, dir_fd=spot.folder, follow_symlinks=False))  # a device is not even opened
        file = os.open(spot.name, _READ, dir_fd=spot.folder)
        with open(file, "rb") as stream:
            info = os.fstat(file)
            check_kind(info)
            check_size(info.st_size)
            raw = stream.read(LARGEST_BYTES + 1)
    check_size(len(raw))
    return Content(raw, info)


def check_kind(info: os.stat_result) -> None:
    if stat.S_ISDIR(info.st_mode):
        raise invalid("Is a folder; this tool takes a file.")
    if stat.S_ISLNK(info.st_mode):
        raise Forbidden("A part of this path was swapped for a symbolic link meanwhile.")
    if not stat.S_ISREG(info.st_mode):
        raise Forbidden("This is not a regular file but a device, a pipe or a socket.")


def check_size(size: int) -> None:
    if size > LARGEST_BYTES:
        raise TooLarge(f"A file may have {LARGEST_BYTES // 1024 // 1024} MiB at most. Use file.search for larger ones.")


def check_hash(content: Content, expected: str | None) -> None:
    """Raises Conflict, with the hash now, if the file is not the one that was read."""
    if expected is not None and expected.lower() != content.hash:
        raise Conflict(
            "The file has changed since you read it. Nothing was written; read it again.",
            current={"hash": content.hash},
        )


@contextmanager
def locked(spot: Spot) -> Iterator[None]:
    """One change at a time in a folder, among all of Chorus's processes. Raises Busy."""
    with told():
        _wait_for_turn(spot.folder)
    try:
        yield
    finally:
        fcntl.flock(spot.folder, fcntl.LOCK_UN)


def _wait_for_turn(folder: int) -> None:
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            return fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Busy("Another change in this folder is under way. Try again in a moment.") from None
            time.sleep(0.005)
