"""The bytes of an answer as JSON documents: a stream of events, lines of JSON, or one document. Pure.

What it is, is seen from the bytes: servers answer a request for a stream with a whole document, and announce either as
the other. Lines end at CR, LF or both, and nowhere else.
"""

import codecs
import json
import re
from typing import Any

from runner.chat.failures import Failure, readable

MAX_PENDING = 32 * 1024 * 1024  # characters of a line, an event or a document
_LINE_END = re.compile(r"\r\n|\n|\r")
_FIELD = re.compile(r"(data|event|error|id|retry) ?:[ \t]?(.*)\Z", re.DOTALL)
_DATA_AGAIN = re.compile(r"(?:\s|data:)*")  # some gateways put the field's name twice
_DECODER = json.JSONDecoder(strict=False)
_MAX_ASIDE = 2_000


class Framing:
    """Fed with bytes; gives documents. `is_done`: the server said that the stream is over.

    `aside` is the beginning of what is no JSON, such as a page of HTML. Raises Failure for JSON that is broken: a piece
    of an answer is missing then.
    """

    def __init__(self) -> None:
        self.is_done = False
        self.aside = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line: list[str] = []  # the line that has not ended yet, in pieces
        self._held = ""  # a CR, of which the LF may come
        self._size = 0
        self._data: list[str] = []  # of the event that is being read
        self._is_error = False
        self._document: list[str] = []  # lines of a document that is not in an event

    def feed(self, raw: bytes) -> list[Any]:
        return self._take(self._decoder.decode(raw))

    def end(self) -> list[Any]:
        """The answer has ended: what is pending is all there is of it."""
        found = self._take(self._decoder.decode(b"", final=True) + "\n")
        found += self._dispatch()
        document, self._document = "\n".join(self._document), []
        return found + (self._documents(document) if document.strip() else [])

    def _take(self, text: str) -> list[Any]:
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        first, *lines = _LINE_END.split(text.removesuffix("\r"))
        self._line.append(first)
        self._bound(len(first))
        found: list[Any] = []
        for following in lines:
            found += self._read("".join(self._line))
            self._line = [following]
            self._bound(len(following))
        return found

    def _bound(self, more: int) -> None:
        self._size += more
        if self._size > MAX_PENDING:
            raise Failure(f"a piece of its answer is larger than {MAX_PENDING // 1024 // 1024} MiB", in_api=False)

    def _read(self, line: str) -> list[Any]:
        line = line.lstrip("\ufeff")
        if self._document:
            self._document.append(line)
            return []
        if not line.strip():
            return self._dispatch()
        if field := _FIELD.match(line):
            return self._take_field(field[1], field[2])
        if line.startswith(":"):
            return []
        if self._data:  # a raw line break in its JSON, or an error that was put into its middle
            self._data.append(line)
            return []
        self._size = 0
        if line.lstrip().startswith(("{", "[")):
            return self._begin_document(line)
        self._put_aside(line)
        return []

    def _take_field(self, name: str, value: str) -> list[Any]:
        found: list[Any] = []
        begins = name == "event" or (name in ("data", "error") and value.lstrip().startswith(("{", "[")))
        if begins and self._data and _is_whole("\n".join(self._data)):
            found = self._dispatch()  # nothing stands between two events
        if name in ("data", "error"):
            self._data.append(value)
        if name in ("event", "error"):
            self._is_error = name == "error" or value.strip() == "error"
        return found

    def _dispatch(self) -> list[Any]:
        data, is_error = "\n".join(self._data), self._is_error
        self._data, self._is_error, self._size = [], False, 0
        if not is_error:
            return self._documents(data)
        found = self._documents(data, strictly=False)
        told = [each if isinstance(each, dict) and each.get("error") else {"error": each} for each in found]
        return told or ([{"error": data}] if data.strip() else [])

    def _begin_document(self, line: str) -> list[Any]:
        """A line of its own, or the first of a document over many lines."""
        try:
            value = json.loads(line, strict=False)
            return value if isinstance(value, list) else [value]
        except (ValueError, RecursionError):
            self._document = [line]
            return []

    def _documents(self, text: str, *, strictly: bool = True) -> list[Any]:
        """The documents that follow one another in a text. Raises Failure where one is broken."""
        found: list[Any] = []
        at = _after(text, 0)
        while at < len(text):
            if text.startswith(('"[DONE]"', "[DONE]"), at):
                self.is_done, at = True, text.index("]", at) + (2 if text[at] == '"' else 1)
            elif text[at] in "{[":
                try:
                    value, at = _DECODER.raw_decode(text, at)
                except (ValueError, RecursionError):
                    return found + (_errors_among(text, at) if strictly else [])
                found += value if isinstance(value, list) else [value]
            else:
                self._put_aside(text[at:])
                break
            at = _after(text, at)
        return found

    def _put_aside(self, text: str) -> None:
        if len(self.aside) < _MAX_ASIDE and text.strip() not in ("null", "ping"):
            self.aside += text[:_MAX_ASIDE] + "\n"


def _is_whole(text: str) -> bool:
    try:
        json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def _after(text: str, at: int) -> int:
    found = _DATA_AGAIN.match(text, at)
    return found.end() if found else at


def _errors_among(text: str, at: int) -> list[Any]:
    """The errors that stand on lines of their own in a broken text: a gateway put them into the middle of an event.

    Raises Failure where there are none.
    """
    found: list[Any] = []
    for line in text[at:].split("\n"):
        try:
            value = json.loads(line, strict=False)
        except (ValueError, RecursionError):
            continue
        found += [value] if isinstance(value, dict) and value.get("error") else []
    if not found:
        raise Failure(f"a piece of its answer cannot be read: {readable(text[at : at + 200])}")
    return found
