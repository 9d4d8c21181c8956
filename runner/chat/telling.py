"""The lines of JSON in which the loop tells what happens; runner/providers/openai_compat.py reads them."""

import json
import sys
import time
from typing import Any

from runner.chat.thoughts import Kind, Piece

TEXT_INTERVAL_S = 0.1
ALIVE_INTERVAL_S = 1.0
MAX_TEXT = 8_000  # characters of a line: a record is cut above 32 KiB


def tell(kind: str, **data: Any) -> None:
    sys.stdout.write(json.dumps({"type": kind} | data) + "\n")
    sys.stdout.flush()


class Speech:
    """Tells an answer as it comes, a few words at a time. The first line of its text and of its thoughts is marked.

    `goes_on`: the text continues the one before. `is_silent`: nothing of it is shown.
    """

    def __init__(self, *, goes_on: bool = False, is_silent: bool = False) -> None:
        self._before = {Kind.TEXT} if goes_on else set()
        self._begun = set(self._before)
        self._is_silent = is_silent
        self._pending: list[str] = []
        self._kind = Kind.TEXT
        self._flushed = self._told = time.monotonic()

    def restart(self) -> None:
        """The answer begins anew: what was told of it stands for itself."""
        self._begun = set(self._before)

    def alive(self) -> None:
        """Something came that is not shown: the run is not silent."""
        if time.monotonic() - self._told > ALIVE_INTERVAL_S:
            tell("alive")
            self._told = time.monotonic()

    def take(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            if piece.kind is Kind.WAS_THINKING:
                self.end()
                self._begun.discard(Kind.TEXT)  # what follows is the answer, from its beginning
                continue
            if piece.kind is not self._kind:
                self.end()
                self._kind = piece.kind
            self._pending.append(piece.text)
        if time.monotonic() - self._flushed > TEXT_INTERVAL_S:
            self._flush()

    def end(self) -> None:
        self._flush(at_end=True)

    def _flush(self, *, at_end: bool = False) -> None:
        text, self._pending = "".join(self._pending), []
        if text and not at_end and "\ud800" <= text[-1] <= "\udbff":
            text, self._pending = text[:-1], [text[-1]]  # half a character: the other half comes
        for at in range(0, len(text), MAX_TEXT):
            self._say(text[at : at + MAX_TEXT])
        self._flushed = time.monotonic()

    def _say(self, text: str) -> None:
        if not self._is_silent:
            tell(self._kind, text=text, first=self._kind not in self._begun)
            self._begun.add(self._kind)
            self._told = time.monotonic()
