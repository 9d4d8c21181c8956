"""Showing a text by lines, and patching it. Pure."""

import re
from bisect import bisect_left
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


_LINE_END = r"\r?\n"


def patch(text: str, patches: Iterable[Mapping[str, Any]]) -> str:
    """Apply `{find, replace, startLine?}` in order; each `find` must stand exactly once from `startLine` on.

    A line end in `find` fits whichever the file has; `replace` is written with the file's own. All or none: raises
    Conflict, naming the patch that does not fit.
    """
    for number, one in enumerate(patches, 1):
        found, start, end = _place(text, one["find"], _start_of_line(text, one.get("startLine", 1)))
        if found != 1:
            raise Conflict(f"Patch {number}: {_misfit(found)} Nothing was changed.")
        text = text[:start] + _with_line_ends(one["replace"], text, start, end) + text[end:]
    return text


def _place(text: str, find: str, start: int) -> tuple[int, int, int]:
    """How often `find` stands from `start` on, and from where to where at first: exactly, else whatever the line ends
    are."""
    if not find or (found := text.count(find, start)):
        at = text.find(find, start)
        return (found if find else 0), at, at + len(find)
    tail, wanted = text[start:].replace("\r\n", "\n"), find.replace("\r\n", "\n")
    found, at = tail.count(wanted), tail.find(wanted)
    shortened = [match.start() - k for k, match in enumerate(re.finditer("\r\n", text[start:]))] if found == 1 else []
    begin, end = (start + place + bisect_left(shortened, place) for place in (at, at + len(wanted)))
    return found, begin, end


def _with_line_ends(replace: str, text: str, start: int, end: int) -> str:
    """`replace` with the line ends of the text it takes the place of, in their order; else with the nearest one."""
    ends = re.findall(_LINE_END, text[start:end]) or [_near(text, start, end)]
    first, *others = _lines(replace)
    return first + "".join(ends[min(k, len(ends) - 1)] + line for k, line in enumerate(others))


def _near(text: str, start: int, end: int) -> str:
    """The line end that follows, else the one before; of a text with a single line, a line feed."""
    following = text.find("\n", end)
    at = following if following >= 0 else text.rfind("\n", 0, start)
    return "\r\n" if at > 0 and text[at - 1] == "\r" else "\n"


def _lines(text: str) -> list[str]:
    return re.split(_LINE_END, text)


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
