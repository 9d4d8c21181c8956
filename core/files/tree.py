"""The files below an open folder, and searching them. Imports little: the searcher starts quickly."""

import fnmatch
import os
import re
import stat
from collections.abc import Collection, Iterator
from itertools import islice
from typing import NamedTuple

from common.errors import Conflict
from core.files.names import composed, is_ours

DEEPEST = 40  # folders below the listed one
NAMES_AT_MOST = 20_000  # looked at in one folder
SKIPPED = frozenset({".git", ".hg", ".svn", ".venv", "node_modules", "__pycache__"})
SEARCHED_BYTES = 10 * 1024 * 1024  # of a file; larger ones are passed over
LINE_CHARACTERS = 500
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Entry(NamedTuple):
    """`path` is relative to the listed folder; `folder` is open while the entry is looked at, `name` stands in it."""

    path: str
    folder: int
    name: str
    info: os.stat_result

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.info.st_mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.info.st_mode)


def entries(folder: int, prefix: str = "") -> Iterator[Entry]:
    """What stands in an open folder, by name, without Chorus's own files and what goes meanwhile."""
    with os.scandir(folder) as listed:
        names = sorted(entry.name for entry in islice(listed, NAMES_AT_MOST) if not is_ours(entry.name))
    for name in names:
        try:
            info = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            continue
        yield Entry(prefix + os.fsencode(name).decode(errors="replace"), folder, name, info)


def standing(folder: int, name: str) -> str:
    """The name as it stands in an open folder: itself, else the one there that reads the same.

    Some systems write `ä` as one character in names, others as two. Raises Conflict where several read the same.
    """
    if name.isascii() or _is_there(folder, name):
        return name
    twins = [each for each in _names(folder) if composed(each) == composed(name)]
    if len(twins) > 1:
        raise Conflict(
            f"Several names here read like {composed(name)!r}. List the folder, and use one as it is written."
        )
    return twins[0] if twins else name


def _is_there(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True


def _names(folder: int) -> list[str]:
    try:
        with os.scandir(folder) as listed:
            return [entry.name for entry in islice(listed, NAMES_AT_MOST)]
    except OSError:
        return []


def identity(info: os.stat_result) -> tuple[int, int]:
    return info.st_dev, info.st_ino


def below(folder: int, closed: Collection[tuple[int, int]], prefix: str = "", depth: int = 0) -> Iterator[Entry]:
    """Everything below an open folder, without following links or entering `SKIPPED`, `closed` or too deep folders."""
    for entry in entries(folder, prefix):
        yield entry
        if entry.is_folder and entry.name not in SKIPPED and depth < DEEPEST:
            try:
                opened = os.open(entry.name, _FOLDER, dir_fd=folder)
            except OSError:  # not permitted, or swapped meanwhile
                continue
            try:
                if identity(os.fstat(opened)) not in closed:
                    yield from below(opened, closed, f"{entry.path}/", depth + 1)
            finally:
                os.close(opened)


def fits(path: str, pattern: str) -> bool:
    """Whether a path fits a pattern of `*`, `?`, `[…]`: by its name alone, or as a whole where there is a slash."""
    path, pattern = composed(path), composed(pattern)
    if "/" not in pattern:
        return fnmatch.fnmatchcase(path.rpartition("/")[2], pattern)
    return fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(path, pattern.replace("**/", ""))


class Match(NamedTuple):
    """A line that the expression is found in; `content` is cut at 500 characters. Around it, the lines of context."""

    path: str
    line: int
    content: str
    before: list[str]
    after: list[str]


def matches(entry: Entry, expression: "re.Pattern[str]", context: int) -> Iterator[Match]:
    """The matching lines of one file, without their line ends.

    Binary files (with a NUL) and files that are not UTF-8 have none.
    """
    text = _text(entry)
    if not text:
        return
    lines = text.removesuffix("\n").split("\n")  # as file.read counts them
    for number, line in enumerate(lines):
        if expression.search(line):
            before = [near[:LINE_CHARACTERS] for near in lines[max(0, number - context) : number]]
            after = [near[:LINE_CHARACTERS] for near in lines[number + 1 : number + 1 + context]]
            yield Match(entry.path, number + 1, line[:LINE_CHARACTERS], before, after)


def _text(entry: Entry) -> str | None:
    try:
        with open(os.open(entry.name, _FILE, dir_fd=entry.folder), "rb") as stream:
            info = os.fstat(stream.fileno())
            if not stat.S_ISREG(info.st_mode) or info.st_size > SEARCHED_BYTES:
                return None
            raw = stream.read(SEARCHED_BYTES)
        return None if b"\0" in raw else raw.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError):
        return None
