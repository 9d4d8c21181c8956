"""Drafts: new contents of files before they take their names, former ones until the change is recorded, and a ledger of
both.

A process that is killed leaves its draft beside a person's file. The ledger, a folder of the workspace, has a file for
each draft, named like it, that says which folder it is in: so it is found and removed later, and nothing else is.
"""

import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.files.contents import check_size
from core.files.names import DRAFT, is_draft
from core.files.refusals import told
from core.files.walk import Spot

LEDGER = "drafts"  # its name in the workspace
LONGEST_S = 600.0  # a draft lives as long as one call of a tool; after this its process is gone
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Drafts:
    def __init__(self, workspace: Path) -> None:
        self._ledger = workspace / LEDGER

    @contextmanager
    def made(self, spot: Spot, raw: bytes, like: os.stat_result | None) -> Iterator[str]:
        """The name of a durable file beside `spot` with these bytes and the permissions of `like`; gone at the end.

        core/files/changes.py makes it the file at `spot`. Raises TooLarge, Forbidden, ServiceUnavailable (the disk).
        """
        check_size(len(raw))
        with self.place(spot) as name:
            with told():
                _write(spot, name, raw, like)
            yield name
            with suppress(OSError):  # the file has its name already
                os.fsync(spot.folder)

    @contextmanager
    def place(self, spot: Spot) -> Iterator[str]:
        """A free name beside `spot`; whatever has taken it is removed at the end, or by the sweep."""
        name = DRAFT.format(uuid.uuid4().hex)
        entry = self._ledger / name
        with told():
            self._ledger.mkdir(mode=0o700, exist_ok=True)
            entry.write_bytes(os.fsencode(spot.path))
        try:
            yield name
        finally:
            with suppress(OSError):
                _unlink(name, spot.folder)
                entry.unlink()

    def sweep(self, now_s: float) -> None:
        """Removes what killed processes have left; `now_s` since 1970."""
        for entry in self._ledger.glob("*"):
            with suppress(OSError):  # it ended just now, or the disk is gone: the next sweep looks again
                if is_draft(entry.name) and now_s - entry.stat().st_mtime > LONGEST_S:
                    _remove(os.path.join(os.fsdecode(entry.read_bytes()), entry.name))
                    entry.unlink()


def _write(spot: Spot, name: str, raw: bytes, like: os.stat_result | None) -> None:
    file = os.open(name, _MAKE, 0o666, dir_fd=spot.folder)
    with open(file, "wb") as stream:
        stream.write(raw)
        stream.flush()
        _take_after(file, like)
        os.fsync(file)


def _take_after(file: int, like: os.stat_result | None) -> None:
    if like is None:
        return
    with suppress(PermissionError):  # somebody else's file in a folder of ours: the new one is ours
        os.fchown(file, like.st_uid, like.st_gid)
    os.fchmod(file, stat.S_IMODE(like.st_mode) & 0o777)


def _unlink(name: str, folder: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _remove(draft: str) -> None:
    """Whatever else may have its name by now stays. Raises OSError."""
    with suppress(FileNotFoundError):
        mode = os.lstat(draft).st_mode
        if stat.S_ISREG(mode) or stat.S_ISLNK(mode):  # a link that was being deleted
            os.unlink(draft)
