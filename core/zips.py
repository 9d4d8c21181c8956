"""Zip files from elsewhere, read without trust: nothing is ever extracted to a name that the file chooses."""

import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from common.errors import BadRequest
from core import zipnames

MOST_ENTRIES = 1_000_000
SUSPICIOUS_BYTES = 256 * 1024 * 1024  # below, any ratio will do
HIGHEST_RATIO = 200
CHUNK = 256 * 1024
PRIVATE = 0o600  # the mode of a file for its owner only
_OTHERS = {
    b"\x1f\x8b": "gzip",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
    b"\xfd7zXZ\x00": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
_TAR_MARK_AT = 257
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


@contextmanager
def opened(path: Path, room: Path, roots: Collection[str]) -> Iterator[zipfile.ZipFile]:
    """A zip whose names and sizes are harmless. `room` is a folder on the disk that it will be unpacked to.

    Its names are as `zipnames.plain` makes them, whatever system has packed it.

    Raises BadRequest for what is no zip, damaged, encrypted, has entries outside of it, links or doubles, or would not
    fit on the disk; also where damage shows while it is read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check(archive, path, shutil.disk_usage(room).free)
            _name_plainly(archive, roots)
            yield archive
    except _DAMAGE as error:
        if (other := _other_format(path)) is not None:
            raise BadRequest(f"{path} is {other}. Unpack it, and make a zip file of what is in it.") from None
        raise BadRequest(f"{path} is damaged or no zip file ({error}). Nothing was changed.") from None


def _name_plainly(archive: zipfile.ZipFile, roots: Collection[str]) -> None:
    """Of entries whose names read the same the later one counts."""
    named = dict(zipnames.plain(archive.infolist(), roots))
    for name, info in named.items():
        info.filename = name
    archive.NameToInfo = named
    archive.filelist = list(named.values())


def _other_format(path: Path) -> str | None:
    """What else it is packed with, by its first bytes."""
    if not path.is_file():
        return None
    with open(path, "rb") as file:
        head = file.read(_TAR_MARK_AT + 5)
    if head[_TAR_MARK_AT:] == b"ustar":
        return "a tar archive, no zip file"
    return next((f"packed with {name}, no zip file" for mark, name in _OTHERS.items() if head.startswith(mark)), None)


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
    name = zipnames.written(info)
    if zipnames.points_outside(name):
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
