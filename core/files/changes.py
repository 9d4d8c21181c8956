"""The changes of files as effects of a transaction: each is one step, and one step takes it back.

The former file waits beside under a name of its own (`Drafts.place`) until the change is recorded.
"""

import os
import stat
from contextlib import suppress

from common.db.effects import Effect
from common.errors import Conflict, NotFound
from core.files.contents import check_kind
from core.files.refusals import told
from core.files.walk import Spot

_Version = tuple[int, int, int, int]


def replacing(spot: Spot, draft: str, former: str) -> Effect:
    """The draft becomes the file at `spot`."""
    with told():
        ours = _version(spot, draft)

    def act() -> None:
        with suppress(OSError):  # a disk without hard links, somebody else's file: then it cannot be taken back
            os.link(spot.name, former, src_dir_fd=spot.folder, dst_dir_fd=spot.folder, follow_symlinks=False)
        with told():
            _rename(spot, draft, spot.name)

    def take_back() -> None:
        _check_untouched(spot, ours)
        _rename(spot, former, spot.name)

    return Effect(act, take_back, "The file was changed.")


def creating(spot: Spot, draft: str) -> Effect:
    """The draft takes the free name. Raises Conflict where something has it."""
    with told():
        ours = _version(spot, draft)

    def act() -> None:
        with told():
            os.link(draft, spot.name, src_dir_fd=spot.folder, dst_dir_fd=spot.folder, follow_symlinks=False)

    def take_back() -> None:
        _check_untouched(spot, ours)
        os.unlink(spot.name, dir_fd=spot.folder)

    return Effect(act, take_back, "The file was created.")


def removing(spot: Spot, former: str) -> Effect:
    """Deletes the file or symbolic link itself. Raises NotFound, Forbidden, ValidationFailed (a folder)."""

    def act() -> None:
        with told():
            info = os.stat(spot.name, dir_fd=spot.folder, follow_symlinks=False)
            if not stat.S_ISLNK(info.st_mode):
                check_kind(info)
            _rename(spot, spot.name, former)

    def take_back() -> None:
        check_free(spot)
        _rename(spot, former, spot.name)

    return Effect(act, take_back, "The file was deleted.")


def check_free(spot: Spot) -> None:
    """Raises Conflict early; `creating` decides."""
    try:
        with told():
            os.stat(spot.name, dir_fd=spot.folder, follow_symlinks=False)
    except NotFound:
        return
    raise Conflict("There is something at this path already. Use file.write to replace a file.")


def _rename(spot: Spot, before: str, after: str) -> None:
    os.rename(before, after, src_dir_fd=spot.folder, dst_dir_fd=spot.folder)


def _version(spot: Spot, name: str) -> _Version:
    info = os.stat(name, dir_fd=spot.folder, follow_symlinks=False)
    return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns


def _check_untouched(spot: Spot, ours: _Version) -> None:
    """What somebody else has written meanwhile is not taken back. Raises OSError where it is gone."""
    if _version(spot, spot.name) != ours:
        raise Conflict("The file has been changed by somebody else meanwhile.")
