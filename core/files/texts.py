"""Showing a text by lines, and patching it. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from common.answersize import Room
from common.errors import Conflict


class Shown(NamedTuple):
    """Numbered lines as one text, how many lines there are in all, and whether some were left out or cut."""

    text: str
    total: int
    truncated: bool


def show(text: str, offset: int, limit: int | None) -> Shown:
    """Lines from `offset` (0: the first), at most `limit`, as an answer has room: number (6 wide), tab, line.

    Only whole lines are shown, unless the first is too long by itself.
    """
    total = text.count("\n") + 1
    end = total if limit is None else min(total, offset + limit)
    shown: list[str] = []
    room = Room()
    for line in _numbered(text, offset, end):
        if not room.take(line):
            shown = shown or [room.cut(line)]
            return Shown("\n".join(shown), total, truncated=True)
        shown.append(line)
    return Shown("\n".join(shown), total, end < total)


def _numbered(text: str, offset: int, end: int) -> Iterator[str]:
    """One by one: a file may have millions of lines."""
    at = _start_of_line(text, offset + 1) if offset < end else 0
    for number in range(offset + 1, end + 1):
        stop = text.find("\n", at)
        yield f"{number:>6}\t{text[at : stop if stop >= 0 else len(text)]}"
        at = stop + 1


def patch(text: str, patches: Iterable[Mapping[str, Any]]) -> str:
    """Applies `{find, replace, startLine?}` in order; each `find` must stand exactly once from `startLine` on.

    All or none: raises Conflict, naming the patch that does not fit.
    """
    for number, one in enumerate(patches, 1):
        start = _start_of_line(text, one.get("startLine", 1))
        found = text.count(one["find"], start) if one["find"] else 0
        if found != 1:
            raise Conflict(f"Patch {number}: {_misfit(found)} Nothing was changed.")
        at = text.index(one["find"], start)
        text = text[:at] + one["replace"] + text[at + len(one["find"]) :]
    return text


def _start_of_line(text: str, number: int) -> int:
    at = 0
    for _ in range(number - 1):
        at = text.find("\n", at) + 1
        if at == 0:
            return len(text)
    return at


def _misfit(found: int) -> str:
    if found == 0:
        return "its text to find is not there. Read the file again."
    return f"its text to find stands {found} times. Give more of the text around it, or startLine."
