"""Records of what an agent does: their wire text, each at most so large. Pure.

A record is numbered when it is written (core/output), so its text is made here without its number: `body`.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from common.wire import cut_utf8, dumps

RECORD_BYTES = 32 * 1024  # of the long field of a record; the rest of it is not kept
NAME_BYTES = 200
_LARGEST = 2**53 - 1
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
_INEXACT = re.compile(r"\d{16}|[eE]\+?\d{3}")  # more than the numbers of JavaScript hold
_UNSHOWABLE = "(cannot be shown as JSON)"


class OutputKind(StrEnum):
    """`kind` of a record."""

    TEXT = "text"  # text; first: a new block begins, else it goes on with the record of its kind before it
    THINKING = "thinking"  # the same
    TOOL_CALL = "tool_call"  # callId, tool, input (any JSON)
    TOOL_RESULT = "tool_result"  # callId, output (text), isError
    USAGE = "usage"  # tokens of this turn so far: input, output; costUsd or null
    NOTICE = "notice"  # text: what the program or Chorus says about the run
    ERROR = "error"  # text: the same, where it went wrong
    STDERR = "stderr"  # text: a line that the program wrote aside


class Written(NamedTuple):
    """A record as it was written; `n` is its number in its run."""

    id: int
    run_id: str
    task_id: str
    n: int
    wire: str


class Head(NamedTuple):
    """How far a run's output goes."""

    run_id: str
    task_id: str
    last: int


def body(kind: OutputKind, data: Mapping[str, Any], at: int) -> str:
    """The members of a record after its number: `"at":…,"kind":…,…}`. `at` is a time in ms.

    The long field (`text`, `input` or `output`) is cut at a character border where it is larger than RECORD_BYTES; then
    `bytes` says how large it was. `data` may be anything an agent's program wrote.
    """
    return dumps({"at": at, "kind": kind, **_FORMS[kind](data)})[1:]


def numbered(n: int, body: str) -> str:
    """The record's wire text."""
    return f'{{"n":{n},{body}'


def notice(text: str, at: int) -> str:
    return body(OutputKind.NOTICE, {"text": text}, at)


def _text(data: Mapping[str, Any]) -> dict[str, Any]:
    return _long("text", data.get("text"))


def _piece(data: Mapping[str, Any]) -> dict[str, Any]:
    """A text that may come in pieces: consecutive ones are one, until one that is marked `first`."""
    return _text(data) | ({"first": True} if data.get("first") is True else {})


def _tool_call(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"callId": _name(data.get("callId")), "tool": _name(data.get("tool")), **_any("input", data.get("input"))}


def _tool_result(data: Mapping[str, Any]) -> dict[str, Any]:
    failed = bool(data.get("isError"))
    return {"callId": _name(data.get("callId")), "isError": failed, **_long("output", data.get("output"))}


def _usage(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "input": _count(data.get("input")),
        "output": _count(data.get("output")),
        "costUsd": _usd(data.get("costUsd")),
    }


_FORMS = {
    OutputKind.TEXT: _piece,
    OutputKind.THINKING: _piece,
    OutputKind.TOOL_CALL: _tool_call,
    OutputKind.TOOL_RESULT: _tool_result,
    OutputKind.USAGE: _usage,
    OutputKind.NOTICE: _text,
    OutputKind.ERROR: _text,
    OutputKind.STDERR: _text,
}


def _long(name: str, value: Any) -> dict[str, Any]:
    text = clean(value if isinstance(value, str) else _json(value))
    cut = cut_utf8(text, RECORD_BYTES)
    return {name: text} if cut is text else {name: cut, "bytes": len(text.encode())}


def _any(name: str, value: Any) -> dict[str, Any]:
    """JSON of any shape stays what it is while it is small and holds no number that a page cannot hold.

    Otherwise it becomes a text, which can be cut.
    """
    text = _json(value)
    is_small = len(text) <= RECORD_BYTES // 4  # a character has at most four bytes
    return {name: value} if is_small and _is_readable(text) else _long(name, text)


def _is_readable(text: str) -> bool:
    """Whether every program that reads this JSON has the same value from it."""
    return text != _UNSHOWABLE and clean(text) == text and not _INEXACT.search(_STRINGS.sub('""', text))


def _json(value: Any) -> str:
    try:
        return dumps(value)
    except (TypeError, ValueError, RecursionError):
        return _UNSHOWABLE


def clean(text: str) -> str:
    """Without NUL and lone surrogates, which are no text for every tool that will read it."""
    if text.isascii():
        return text.replace("\0", "\ufffd")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def _name(value: Any) -> str:
    return cut_utf8(clean(value), NAME_BYTES) if isinstance(value, str) else ""


def _count(value: Any) -> int:
    return min(max(value, 0), _LARGEST) if type(value) is int else 0


def _usd(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and 0 <= value < _LARGEST else None
