"""Showing a text by lines, and patching it. Pure."""

from collections.abc import Iterable, Mapping
from itertools import accumulate, takewhile
from typing import Any, NamedTuple

from common.errors import Conflict
from common.wire import cut_utf8

SHOWN_BYTES = 64 * 1024  # about as much as agent programs take from one call


class Shown(NamedTuple):
    """Numbered lines as one text, how many lines there are in all, and whether some were left out or cut."""

    text: str
    total: int
    truncated: bool


def show(text: str, offset: int, limit: int | None) -> Shown:
    """Lines from `offset` (0: the first), at most `limit` and 64 KiB: number, right-aligned to 6, a tab, the line.

    Only whole lines are shown, unless the first is too long by itself.
    """
    lines = text.split("\n")
    end = len(lines) if limit is None else offset + limit
    numbered = [f"{number:>6}\t{line}" for number, line in enumerate(lines[offset:end], offset + 1)]
    fitting = _fitting(numbered)
    shown = "\n".join(numbered[:fitting]) if fitting else cut_utf8("".join(numbered[:1]), SHOWN_BYTES)
    return Shown(shown, len(lines), end < len(lines) or fitting < len(numbered))


def _fitting(lines: list[str]) -> int:
    """How many of the first lines fit."""
    sizes = accumulate(len(line.encode()) + 1 for line in lines)
    return sum(1 for _ in takewhile(lambda size: size <= SHOWN_BYTES, sizes))


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
