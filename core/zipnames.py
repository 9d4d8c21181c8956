"""The names of a zip's entries, as other systems write them. Pure.

Windows may put backslashes between folders and names in a code page of its own; macOS writes `ä` as two characters,
says nothing of its UTF-8, and adds files for what only its Finder knows.
"""

import re
import zipfile
import zlib
from collections.abc import Collection, Iterable

from core.files.names import composed

_UTF8_FLAG = 0x800
_UNICODE_PATH = 0x7075
_LITTER = re.compile(r"\.DS_Store|\._.*|Thumbs\.db|desktop\.ini|Icon\r", re.DOTALL)


def plain(infos: Iterable[zipfile.ZipInfo], roots: Collection[str]) -> list[tuple[str, zipfile.ZipInfo]]:
    """The files of a zip by names with `/` between folders, without the one folder around all of them.

    A folder that is one of `roots` stays. What macOS puts beside them is left out.
    """
    named = [(composed(written(info)), info) for info in infos]
    files = [(name, info) for name, info in named if not name.endswith("/") and not name.startswith("__MACOSX/")]
    tops = {name.partition("/")[0] for name, _ in files if "/" in name or not is_litter(name)}
    top = f"{tops.pop()}/" if len(tops) == 1 and not tops & set(roots) else "/"
    return [(name.removeprefix(top), info) for name, info in files]


def is_litter(name: str) -> bool:
    """Whether a file manager may have left a file of this name in a folder."""
    return _LITTER.fullmatch(name.rpartition("/")[2]) is not None


def written(info: zipfile.ZipInfo) -> str:
    """The name that the entry was given, with `/` between folders."""
    name = info.filename
    if not info.flag_bits & _UTF8_FLAG:
        raw = info.orig_filename.encode("cp437", "replace")
        name = _unicode_path(info.extra, raw) or _decoded(raw) or name
    return name.replace("\\", "/")


def _decoded(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None  # of a code page: zipfile has read the one that most have


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """The name in UTF-8 that some programs put beside the one of a code page."""
    while len(extra) >= 4:
        kind, size = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and field[1:5] == zlib.crc32(raw).to_bytes(4, "little"):
            return _decoded(field[5:])
    return None


def points_outside(name: str) -> bool:
    """Whether a name, with `/` between folders, is no place below the folder that it is unpacked in."""
    return name.startswith("/") or ".." in name.split("/") or "\0" in name or re.match("[A-Za-z]:", name) is not None
