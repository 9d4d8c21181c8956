"""Thoughts and tool calls that a model wrote into its text, where no parser of the server took them out. Pure."""

import re
from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import NamedTuple

_NAMES = ("think", "thinking", "thought", "thoughts", "reasoning", "seed:think", "longcat_think")
_START = "<|start|>assistant"
_FINALS = tuple(f"{start}<|channel|>final<|message|>" for start in ("", _START))
_OPENERS = (
    *(f"<{name}>" for name in _NAMES),
    *(f"{start}<|channel|>analysis<|message|>" for start in ("", _START)),
    "[THINK]",
    "◁think▷",
    "<|channel>thought",
)
_CLOSERS = (*(f"</{name}>" for name in _NAMES), "[/THINK]", "◁/think▷", "<|end|>", "<channel|>")


def _any_of(tags: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, tags)), re.IGNORECASE)


_OPEN, _CLOSE, _FINAL = _any_of(_OPENERS), _any_of((*_CLOSERS, _FINALS[1])), _any_of(_FINALS)
_LONGEST_TAG = max(map(len, (*_OPENERS, *_CLOSERS, *_FINALS)))

_CALL = (
    r"<\|?/?(?:tool_calls?|function_calls?|tool_use|invoke|minimax:tool_call|longcat_tool_call)\b"
    r"|<function[=_ ]|<｜|<\|tool|<\|python_tag\|>|<\|action_start\|>|<\|channel\|>commentary to="
    r"|\[TOOL_CALLS\]|\[TOOL_REQUEST\]|functools\[|```tool_(?:code|call)"
)
_WRITTEN = re.compile(_CALL, re.IGNORECASE)
_BARE = re.compile(r"""\A(?:```(?:json)?\s*)?[\[{]\s*\{?\s*["'](?:name|function|tool|type)["']\s*:""")


class Kind(StrEnum):
    """What a piece of an answer is."""

    TEXT = "text"
    THINKING = "thinking"
    WAS_THINKING = "was_thinking"  # the text so far turns out to have been thoughts


class Piece(NamedTuple):
    kind: Kind
    text: str = ""


class Splitter:
    """Takes a text apart as it comes: blocks of thoughts stand at its beginning only, whatever is said of them later.

    Some templates open the block themselves, so that only its end is in the text.
    """

    def __init__(self) -> None:
        self._rest = ""
        self._is_thinking = False
        self._may_open = True
        self._may_close = True  # a block that was opened for the model
        self._told: list[str] = []  # the text so far, while a block may still end

    def feed(self, text: str) -> list[Piece]:
        self._rest += text
        return [piece for piece in self._pieces(at_end=False) if piece.text or piece.kind is Kind.WAS_THINKING]

    def end(self) -> list[Piece]:
        return [piece for piece in self._pieces(at_end=True) if piece.text or piece.kind is Kind.WAS_THINKING]

    def _pieces(self, *, at_end: bool) -> Iterator[Piece]:
        while True:
            if self._is_thinking:
                step = self._think(at_end=at_end)
            elif self._may_open:
                step = self._begin(at_end=at_end)
            else:
                step = self._speak(at_end=at_end)
            yield from step
            if not step or not self._rest:
                return

    def _begin(self, *, at_end: bool) -> list[Piece]:
        """At the beginning: an opening tag, or text. Nothing while that is not clear."""
        rest = self._rest.lstrip()
        if found := _OPEN.match(rest):
            self._rest = rest[found.end() :]
            self._is_thinking, self._may_close = True, False
            return [Piece(Kind.THINKING)]
        if final := _FINAL.match(rest):
            self._rest = rest[final.end() :]
            self._may_open = False
            return [Piece(Kind.TEXT)]
        if not at_end and (not rest or _may_become_a_tag(rest)):
            return []
        self._may_open = False
        self._rest = self._rest if self._may_close else rest  # blank lines behind a block are no text
        return [Piece(Kind.TEXT)]

    def _think(self, *, at_end: bool) -> list[Piece]:
        if found := _CLOSE.search(self._rest):
            thought, self._rest = self._rest[: found.start()], self._rest[found.end() :]
            self._is_thinking = False
            return [Piece(Kind.THINKING, thought)]
        return self._all_but_a_tag(Kind.THINKING, at_end=at_end)

    def _speak(self, *, at_end: bool) -> list[Piece]:
        found = _CLOSE.search(self._rest) if self._may_close else None
        if found is None or not self._is_real(self._rest[: found.start()]):
            self._may_close = self._may_close and found is None
            return self._all_but_a_tag(Kind.TEXT, at_end=at_end)
        thought, self._rest = self._rest[: found.start()], self._rest[found.end() :]
        self._may_open, self._may_close = True, False
        return [*([Piece(Kind.WAS_THINKING)] if self._told else []), Piece(Kind.THINKING, thought)]

    def _is_real(self, before: str) -> bool:
        """Whether a closing tag behind this text is one, and not spoken of: `</think>`, or in a fence."""
        text = "".join(self._told) + before
        return not text.endswith(("`", '"', "'")) and text.count("```") % 2 == 0

    def _all_but_a_tag(self, kind: Kind, *, at_end: bool) -> list[Piece]:
        """What is there, without an end that may become a closing tag."""
        text, keep = self._rest, ""
        if not at_end and (self._is_thinking or self._may_close):
            ends = (at for at in range(max(0, len(text) - _LONGEST_TAG), len(text)) if text[at] in "<[◁")
            at = next((at for at in ends if _may_become_a_tag(text[at:])), len(text))
            text, keep = text[:at], text[at:]
        self._rest = keep
        if kind is Kind.TEXT and self._may_close:
            self._told.append(text)
        return [Piece(kind, text)] if text else []


def _may_become_a_tag(text: str) -> bool:
    """Whether it is the beginning of one."""
    return any(tag.lower().startswith(text.lower()) for tag in (*_OPENERS, *_CLOSERS, *_FINALS))


def is_written_call(text: str, offered: Collection[str]) -> bool:
    """Whether a text is a tool call that the model wrote instead of making it: it names a tool, in such marks.

    A text that tells about such marks has them in its middle, or quotes them.
    """
    bare = text.strip()
    if not any(name in bare or name.replace("_", ".") in bare for name in offered):
        return False
    if _BARE.match(bare) and bare.rstrip("` \n").endswith(("}", "]")):
        return True
    outside = re.sub(r"(?<!`)`[^`\n]+`(?!`)|```(?!tool_)[\s\S]*?(?:```|\Z)", "", bare)
    marks = list(_WRITTEN.finditer(outside))
    return bool(marks) and (marks[0].start() == 0 or _is_last(outside, marks[-1].start()))


def _is_last(text: str, at: int) -> bool:
    """Whether nothing is said behind the mark but the call, or its end."""
    return re.search(r"[}\])>`]\s*\Z", text[at:]) is not None
