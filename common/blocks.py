"""Streams read as prose: the pieces of one answer are one block. Pure. The same rule as in lib/blocks.js.

Consecutive records of kind `text` (or `thinking`) are pieces of one block, until a record that is marked `first` or of
another kind.
"""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any, NamedTuple

from common.output import RECORD_BYTES, OutputKind
from common.terminal import terminal_text
from common.wire import dumps

Record = dict[str, Any]
_IN_PIECES = (OutputKind.TEXT, OutputKind.THINKING)
_REACH = 600  # characters that a query of 200 may have in a text, in upper and lower case


class Block(NamedTuple):
    """Pieces, the oldest first, and how the text goes on behind them where they are not all of it."""

    pieces: list[Record]
    following: str

    @property
    def n(self) -> int:
        return int(self.pieces[0]["n"])


def continues(before: Record, following: Record) -> bool:
    """Whether `following` says more of what `before` says. A piece that was cut has a hole behind it."""
    return (
        following["n"] == before["n"] + 1
        and following["kind"] == before["kind"]
        and following["kind"] in _IN_PIECES
        and following.get("first") is not True
        and "bytes" not in before
    )


def newest_first(records: Iterable[Record], after: Iterable[Record] = ()) -> Iterator[Block]:
    """The blocks of records that come newest first; `after` are the ones behind the newest, oldest first.

    A long block comes as several, each about as large as one record may be.
    """
    pieces: list[Record] = []
    following, size = "", 0
    known = list(after)
    for record in records:
        later = pieces[-1] if pieces else known[0] if known else None
        joins = later is not None and continues(record, later)
        if pieces and (not joins or size > RECORD_BYTES):
            yield Block(pieces[::-1], following)
            following = _text(pieces[::-1])[:_REACH] if joins else ""
            pieces, size = [], 0
        elif joins and not pieces:
            following = _text(_beginning(known))[:_REACH]
        pieces.append(record)
        size += len(record.get("text", ""))
    if pieces:
        yield Block(pieces[::-1], following)


def _beginning(records: list[Record]) -> list[Record]:
    """The records up to the end of the block that the first one is in."""
    count = next((k for k in range(1, len(records)) if not continues(records[k - 1], records[k])), len(records))
    return records[:count]


def _text(pieces: Iterable[Record]) -> str:
    return "".join(piece.get("text", "") for piece in pieces)


def found(block: Block, text: str) -> Record | None:
    """The record that says where `text` stands in a block, in upper or lower case; None: nowhere.

    Of several pieces it is the one in which the text begins, with all that they say.
    """
    wanted = text.casefold()
    if len(block.pieces) == 1 and not block.following:
        return block.pieces[0] if _contains(block.pieces[0], wanted) else None
    said = terminal_text(_text(block.pieces))
    at = terminal_text(_text(block.pieces) + block.following).casefold().find(wanted)
    if not 0 <= at < len(said.casefold()):
        return None
    return _piece_at(block.pieces, wanted) | {"text": said}


def _piece_at(pieces: list[Record], wanted: str) -> Record:
    at = _text(pieces).casefold().find(wanted)
    ends = accumulate(len(piece.get("text", "").casefold()) for piece in pieces)
    return next((piece for piece, end in zip(pieces, ends, strict=True) if at < end), pieces[-1])


def _contains(record: Record, wanted: str) -> bool:
    shown = (record.get(name) for name in ("text", "tool", "input", "output"))
    said = (each if isinstance(each, str) else dumps(each) for each in shown if each)
    return any(wanted in terminal_text(each).casefold() for each in said)
