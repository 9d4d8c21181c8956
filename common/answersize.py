"""How large the answer of a tool may be, so that agent programs give it to their model whole. Pure.

Claude Code puts more than 50,000 characters, OpenCode more than 50 KiB, into a file that a confined agent cannot read;
MCP clients refuse more than 25,000 tokens. Tools fill a `Room` and say that there is more; `fitted` cuts whatever is
still too large.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from common.wire import dumps

MAX_BYTES = 40_000  # of the answer's JSON
MAX_TOKENS = 20_000  # by `tokens`, which counts more than models do
ENVELOPE_BYTES, ENVELOPE_TOKENS = 1_000, 500  # what stands around the long part of an answer
SHORTEST = 200  # characters of a text that was cut
_PIECES = re.compile(r" ?[A-Za-z]?[a-z]{0,3}|\d{1,2}|\s+|[\x21-\x7e]")


def tokens(text: str) -> int:
    """At least as many as models make of it: four letters of a word, two digits, half of a foreign letter each."""
    foreign = len(text.encode()) - len(text)
    return sum(1 for piece in _PIECES.findall(text) if piece) + foreign


class Room:
    """For the long part of an answer: texts and objects, until it is full."""

    def __init__(self) -> None:
        self._bytes = MAX_BYTES - ENVELOPE_BYTES
        self._tokens = MAX_TOKENS - ENVELOPE_TOKENS

    def take(self, value: Any) -> bool:
        """Whether it still fits; what does not takes no room."""
        text = dumps(value)
        size = len(text.encode())
        count = tokens(text) if size <= self._bytes else 0
        if size > self._bytes or count > self._tokens:
            return False
        self._bytes, self._tokens = self._bytes - size, self._tokens - count
        return True

    def cut(self, text: str) -> str:
        """The longest beginning of a text that fits."""
        return text[: _largest(min(len(text), MAX_BYTES), lambda length: self._fits(text[:length]))]

    def _fits(self, text: str) -> bool:
        told = dumps(text)
        return len(told.encode()) <= self._bytes and tokens(told) <= self._tokens


def fits(content: Any) -> bool:
    text = dumps(content)
    return len(text.encode()) <= MAX_BYTES and tokens(text) <= MAX_TOKENS


def fitted(content: Mapping[str, Any]) -> Any:
    """The content itself, or one with its longest texts, then its lists cut, each of which says so."""
    whole = dict(content)
    if fits(whole):
        return whole
    longest = min(_longest_text(whole), MAX_BYTES)
    length = _largest(longest, lambda length: fits(_cut(whole, length, None)))
    if length >= SHORTEST:
        return _cut(whole, length, None)
    items = _largest(_longest_list(whole), lambda items: fits(_cut(whole, SHORTEST, items)))
    short = _cut(whole, SHORTEST, items)
    return short if fits(short) else {"cut": Room().cut(dumps(whole))}


def _largest(most: int, fits_at: Callable[[int], bool]) -> int:
    """The largest number up to `most` that fits; 0 where none does."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits_at(middle) else (low, middle - 1)
    return low


def _cut(value: Any, length: int, items: int | None) -> Any:
    if isinstance(value, str):
        return value if len(value) <= length else f"{value[:length]}… [cut: {length} of {len(value)} characters]"
    if isinstance(value, dict):
        return {key: _cut(inner, length, items) for key, inner in value.items()}
    if isinstance(value, list):
        kept = value if items is None else value[:items]
        note = [] if len(kept) == len(value) else [f"[cut: {len(kept)} of {len(value)} entries]"]
        return [_cut(inner, length, items) for inner in kept] + note
    return value


def _longest_text(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    return max((_longest_text(inner) for inner in _inside(value)), default=0)


def _longest_list(value: Any) -> int:
    own = len(value) if isinstance(value, list) else 0
    return max(own, *(_longest_list(inner) for inner in _inside(value)), 0)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
