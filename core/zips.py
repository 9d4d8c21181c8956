"""Zip files from elsewhere, read without trust: nothing is ever extracted to a name that the file chooses."""

import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.errors import BadRequest

MOST_ENTRIES = 1_000_000
SUSPICIOUS_BYTES = 256 * 1024 * 1024  # below, any ratio will do
HIGHEST_RATIO = 200
CHUNK = 256 * 1024
PRIVATE = 0o600  # the mode of a file for its owner only
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)


@contextmanager
def opened(path: Path, room: Path) -> Iterator[zipfile.ZipFile]:
    """A zip whose names and sizes are harmless. `room` is a folder on the disk that it will be unpacked to.

    Raises BadRequest for what is no zip, damaged, encrypted, has entries outside of it, links or doubles, or would not
    fit on the disk; also where damage shows while it is read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check(archive, path, shutil.disk_usage(room).free)
            yield archive
    except _DAMAGE as error:
        raise BadRequest(f"{path} is damaged or no zip file ({error}).") from None


def _check(archive: zipfile.ZipFile, path: Path, free: int) -> None:
    entries = archive.infolist()
    problem = next((text for info in entries if (text := _problem(info))), None)
    if len({info.filename for info in entries}) < len(entries):
        problem = "it holds two entries of one name"
    if len(entries) > MOST_ENTRIES:
        problem = f"it holds more than {MOST_ENTRIES} entries"
    size = sum(info.file_size for info in entries)
    if size > SUSPICIOUS_BYTES and size > HIGHEST_RATIO * path.stat().st_size:
        problem = f"it unpacks to {size} bytes, more than {HIGHEST_RATIO} times its own size"
    if size > free:
        problem = f"unpacked it has {size} bytes, and the disk has {free} free"
    if problem:
        raise BadRequest(f"{path} is refused: {problem}. Nothing was changed.")


def _problem(info: zipfile.ZipInfo) -> str | None:
    name = info.filename
    if name.startswith("/") or "\\" in name or ".." in name.split("/") or "\0" in name:
        return f"the entry {name!r} points outside of it"
    if stat.S_ISLNK(info.external_attr >> 16):
        return f"the entry {name!r} is a link"
    return f"the entry {name!r} is encrypted" if info.flag_bits & 1 else None


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE)


def extract(archive: zipfile.ZipFile, name: str, target: Path) -> None:
    """Writes one entry to `target`, which must not exist; its checksum is verified."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with archive.open(name) as source, open(target, "xb", opener=_privately) as file:
        shutil.copyfileobj(source, file, CHUNK)
