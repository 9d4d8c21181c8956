"""A model's answer, read leniently from the documents that a server sends for it: chunks, or a whole message. Pure."""

import json
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from common.output import clean
from runner.chat.calls import Call, Calls, resolved
from runner.chat.failures import Failure, told_in, words_of
from runner.chat.framing import Framing
from runner.chat.merging import merged
from runner.chat.thoughts import Kind, Piece, Splitter

Json = dict[str, Any]
_THOUGHTS = ("reasoning_content", "reasoning", "thinking", "reasoning_text", "thought", "thoughts")
_LISTED_THOUGHTS = ("reasoning_details", "thinking_blocks")
_THOUGHT_TYPES = ("thinking", "reasoning", "redacted_thinking", "thought")
_READ = {"role", "content", "tool_calls", "function_call", "refusal", "annotations", "audio", "text", "name"}
_PROSE = ("text", "content", "thinking", "reasoning", "summary", "value", "refusal", "output_text")
_INPUT = ("prompt_tokens", "input_tokens", "prompt_eval_count", "prompt_n")
_OUTPUT = ("completion_tokens", "output_tokens", "eval_count", "predicted_n")
_COST = ("cost", "total_cost", "estimated_cost", "cost_usd")
_FAILED = {"error", "network_error", "abort", "aborted", "cancelled", "canceled", "timeout", "unload", "load"}
_FAILED_INSIDE = ("error", "insufficient_system_resource", "malformed", "overloaded", "unavailable", "failed")
_CUT = {"length", "max_tokens", "model_length", "max_output_tokens", "token_limit", "max_length", "incomplete"}
_OVERFLOW = {"model_context_window_exceeded", "context_window_exceeded", "context_length_exceeded"}
_FILTERED = {
    *("content_filter", "sensitive", "safety", "recitation", "prohibited_content", "blocklist", "refusal", "spii"),
    *("content-filter", "guardrail_intervened", "content_filtered", "image_safety"),
}
_CALLING = {"tool_calls", "tool_use", "function_call", "tool_call", "tool-calls"}
MAX_ANSWER = 32 * 1024 * 1024  # characters
_MOST = 2**53 - 1
_MAX_DEPTH = 6


@dataclass
class Usage:
    """Tokens and USD; what is told again counts once."""

    input: int = 0
    output: int = 0
    cost: float | None = None

    def take(self, told: Any) -> None:
        if not isinstance(told, dict):
            return
        self.input = max(self.input, *(_count(told.get(key)) for key in _INPUT))
        self.output = max(self.output, *(_count(told.get(key)) for key in _OUTPUT))
        costs = [cost for key in _COST if (cost := _amount(told.get(key))) is not None]
        self.cost = max([*costs, *([self.cost] if self.cost is not None else [])], default=None)


class Answer:
    """Fed with bytes; gives pieces of text and thoughts as they come. `offered` are the names of the tools.

    Raises Failure for whatever is no answer, in the words of the server.
    """

    def __init__(self, offered: Collection[str] = ()) -> None:
        self.usage: Usage | None = None
        self.refusal = ""
        self.extras: Json = {}
        self._offered = offered
        self._framing = Framing()
        self._splitter = Splitter()
        self._calls = Calls(offered)
        self._content: list[str] = []
        self._text: list[str] = []
        self._thoughts = 0
        self._said = 0
        self._is_whole = False
        self._reasons: list[str] = []
        self._unknown = ""  # the first document that says nothing we know

    # --- what it is ---

    @property
    def text(self) -> str:
        """What the model says, without its thoughts."""
        return clean("".join(self._text))

    @property
    def content(self) -> str:
        """What it wrote, as it came: its thoughts may stand in it."""
        return clean("".join(self._content))

    @property
    def calls(self) -> list[Call]:
        """With the names that were meant. What has no name is no call."""
        found = [call for call in self._calls.all if call.name]
        for call in found:
            call.name = resolved(clean(call.name), self._offered)
        return found

    @property
    def size(self) -> int:
        """How much the model wrote, characters."""
        written = sum(len(call.written) for call in self._calls.all)
        return sum(map(len, self._content)) + self._thoughts + written

    @property
    def is_cut(self) -> bool:
        return any(reason in _CUT for reason in self._reasons)

    @property
    def is_filtered(self) -> bool:
        return any(reason in _FILTERED for reason in self._reasons)

    @property
    def announces_calls(self) -> bool:
        return any(reason in _CALLING for reason in self._reasons)

    # --- reading ---

    def feed(self, raw: bytes) -> list[Piece]:
        return [piece for document in self._framing.feed(raw) for piece in self._take_safely(document)]

    def end(self) -> list[Piece]:
        """The answer has ended. Raises Failure where that was too early, or where it was none."""
        pieces = [piece for document in self._framing.end() for piece in self._take_safely(document)]
        pieces += self._note(self._splitter.end())
        self._check()
        return pieces

    def _check(self) -> None:
        is_empty = not self.size and not self._calls.all and not self.refusal
        if is_empty and not self._reasons and (self._framing.aside or self._unknown):
            raise Failure(words_of(self._framing.aside) or self._unknown, 200, in_api=not self._framing.aside)
        if not self._reasons and not self._framing.is_done and not self._is_whole:
            raise Failure("its answer was empty" if is_empty else "the answer stopped in its middle")
        for reason in self._reasons:
            if reason in _OVERFLOW:
                raise Failure("the conversation is longer than the model's context", codes="context_length_exceeded")
            if reason in _FAILED or any(word in reason for word in _FAILED_INSIDE):
                raise Failure(f"it ended its answer with “{reason}”")

    def _take_safely(self, document: Any) -> Iterator[Piece]:
        try:
            yield from self._take(document)
        except RecursionError:
            raise Failure("a piece of its answer is nested too deeply") from None

    def _take(self, document: Any) -> Iterator[Piece]:
        if not isinstance(document, dict):
            return
        document = _unwrapped(document)
        if failure := told_in(document):
            raise failure
        self._count(document)
        choices = document.get("choices")
        if not choices and any(key in document for key in ("message", "delta")):
            choices = document  # without the list around it
        for choice in choices if isinstance(choices, list) else [choices]:
            if isinstance(choice, dict):
                yield from self._take_choice(choice, is_bare=choice is document)
        if not choices and not document.get("usage") and not self._unknown and document.get("object") is None:
            self._unknown = words_of(json.dumps(document))

    def _count(self, document: Json) -> None:
        groq = document.get("x_groq")
        places = [document.get("usage"), document.get("timings"), groq.get("usage") if isinstance(groq, dict) else None]
        if document.get("prompt_eval_count") or document.get("eval_count"):
            places.append(document)
        for told in places:
            if isinstance(told, dict) and told:
                self.usage = self.usage or Usage()
                self.usage.take(told)

    def _take_choice(self, choice: Json, *, is_bare: bool) -> Iterator[Piece]:
        if failure := told_in({"error": choice.get("error")}):
            raise failure
        self._count({"usage": choice.get("usage")})
        number = choice["index"] if isinstance(choice.get("index"), int) else 0
        delta, message = choice.get("delta"), choice.get("message")
        if isinstance(delta, str):
            delta = {"content": delta}
        if not isinstance(delta, dict) and not isinstance(message, dict) and choice.get("text"):
            delta = {"content": choice["text"]}
        if isinstance(delta, dict):
            yield from self._take_delta(delta, number)
        if isinstance(message, dict) and is_bare and not choice.get("done", True):
            yield from self._take_delta(message, number)
        elif isinstance(message, dict) and not _says(delta):
            yield from self._take_message(message, number)
            self._is_whole = self._is_whole or not isinstance(delta, dict)
        self._take_reasons(choice)

    def _take_reasons(self, choice: Json) -> None:
        for key in ("native_finish_reason", "done_reason", "finish_reason"):
            reason = str(choice.get(key) or "").strip().lower()
            if reason not in ("", "null", "none"):
                self._reasons.append(reason)

    def _take_delta(self, delta: Json, choice: int) -> Iterator[Piece]:
        yield from self._think(_thoughts_in(delta))
        yield from self._say(delta.get("content"))
        self.refusal += _text_of(delta.get("refusal"))
        if delta.get("tool_calls"):
            self._calls.add(delta["tool_calls"], choice)
        if isinstance(delta.get("function_call"), dict):
            self._calls.add({"index": "function_call", "function": delta["function_call"]}, choice)
        self.extras = merged(self.extras, {key: value for key, value in delta.items() if key not in _READ})

    def _take_message(self, message: Json, choice: int) -> Iterator[Piece]:
        """A whole message, which may repeat what came in pieces."""
        if not self._thoughts:
            yield from self._think(_thoughts_in(message))
        yield from self._say(self._new_in(message.get("content")))
        self.refusal = self.refusal or _text_of(message.get("refusal"))
        if message.get("tool_calls"):
            self._calls.add_whole(message["tool_calls"], choice)
        if isinstance(message.get("function_call"), dict):
            self._calls.add_whole({"function": message["function_call"]}, choice)
        new = {key: value for key, value in message.items() if key not in _READ and key not in self.extras}
        self.extras = merged(self.extras, new)

    def _new_in(self, content: Any) -> Any:
        """What a whole content has that has not come yet."""
        known, whole = "".join(self._content), _text_of(content)
        if not known or not whole:
            return content
        if whole.startswith(known):
            return whole[len(known) :]
        return None if known.strip().startswith(whole.strip()) else content

    def _say(self, content: Any) -> Iterator[Piece]:
        """Content: a text, or parts of which some are thoughts."""
        for part in content if isinstance(content, list) else [content]:
            if isinstance(part, dict) and (part.get("type") in _THOUGHT_TYPES or part.get("thought") is True):
                yield from self._think(_text_of(part))
            elif isinstance(part, dict) and part.get("type") == "refusal":
                self.refusal += _text_of(part)
            elif text := _text_of(part) or (json.dumps(part) if _is_data(part) else ""):
                self._content.append(text)
                self._bound(len(text))
                yield from self._note(self._splitter.feed(text))

    def _think(self, text: str) -> Iterator[Piece]:
        if text:
            self._thoughts += len(text)
            self._bound(len(text))
            yield Piece(Kind.THINKING, text)

    def _bound(self, more: int) -> None:
        self._said += more
        if self._said > MAX_ANSWER:
            raise Failure(f"its answer is longer than {MAX_ANSWER // 1024 // 1024} MiB", 200)

    def _note(self, pieces: list[Piece]) -> list[Piece]:
        for piece in pieces:
            if piece.kind is Kind.TEXT:
                self._text.append(piece.text)
            elif piece.kind is Kind.WAS_THINKING:
                self._text.clear()
        return pieces


def _unwrapped(document: Json) -> Json:
    """Some gateways put the answer into a member of theirs."""
    for key in ("data", "result", "output", "response"):
        inner = document.get(key)
        if not document.get("choices") and isinstance(inner, dict) and inner.get("choices"):
            return document | inner
    return document


def _says(delta: Any) -> bool:
    """Whether there is anything in it but a role."""
    return isinstance(delta, dict) and any(value for key, value in delta.items() if key not in ("role", "name"))


def _thoughts_in(delta: Json) -> str:
    """The thoughts in a delta; servers tell them under two names at once."""
    told = (_text_of(delta.get(key)) for key in (*_THOUGHTS, *_LISTED_THOUGHTS))
    return next(filter(None, told), "")


def _is_data(part: Any) -> bool:
    """An object that is no part of a message but the answer itself, which a server parsed."""
    return isinstance(part, dict) and bool(part) and "type" not in part


def _text_of(value: Any, depth: int = 0) -> str:
    """The text in whatever stands for a text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return "" if isinstance(value, bool) else json.dumps(value)
    if isinstance(value, list) and depth < _MAX_DEPTH:
        return "".join(_text_of(each, depth + 1) for each in value)
    if isinstance(value, dict) and depth < _MAX_DEPTH:
        return next(filter(None, (_text_of(value.get(key), depth + 1) for key in _PROSE)), "")
    return ""


def _count(value: Any) -> int:
    number = _amount(value)
    return min(int(number), _MOST) if number is not None else 0


def _amount(value: Any) -> float | None:
    """A number that is none is not told."""
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and math.isfinite(number) and 0 <= number <= _MOST else None
