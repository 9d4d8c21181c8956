"""Listing what stands in a folder, bounded in time and size."""

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from common.answersize import Room
from core.files import tree
from core.files.folders import invalid
from core.files.refusals import told
from core.files.walk import Spot, open_folder

ENTRIES_AT_MOST = 1_000
SECONDS = 5.0


def listed(spot: Spot, pattern: str | None) -> dict[str, Any]:
    """One level with everything in it; with a pattern, the files below that fit it. `modified` in ms."""
    with told():
        folder = _open(spot)
        try:
            if pattern is None:
                return _bounded(tree.entries(folder), lambda _: True)
            below = tree.below(folder, spot.closed)
            return _bounded(below, lambda entry: entry.is_file and tree.fits(entry.path, pattern))
        finally:
            os.close(folder)


def _open(spot: Spot) -> int:
    try:
        return open_folder(spot)
    except NotADirectoryError:
        raise invalid("Is not a folder.") from None


def _bounded(entries: Iterable[tree.Entry], wanted: Callable[[tree.Entry], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + SECONDS
    files: list[dict[str, Any]] = []
    room = Room()
    for entry in entries:
        shown = _form(entry) if wanted(entry) else None
        is_full = shown is not None and (len(files) == ENTRIES_AT_MOST or not room.take(shown))
        if is_full or time.monotonic() > deadline:
            return {"files": files, "truncated": True}
        if shown is not None:
            files.append(shown)
    return {"files": files, "truncated": False}


def _form(entry: tree.Entry) -> dict[str, Any]:
    modified = entry.info.st_mtime_ns // 1_000_000
    return {"path": entry.path, "size": entry.info.st_size, "modified": modified, "is_directory": entry.is_folder}
