"""What is asked of a server, and how much plainer where it refuses something. Pure.

A server says in words what it does not take. Where there is a plainer way to ask the same, it is tried once, and kept
for the rest of the turn.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runner.chat.failures import Failure

Json = dict[str, Any]
_REMOVABLE = ("additionalProperties", "enum", "default", "minimum", "maximum", "format", "title", "$schema", "strict")
_KNOWN = ("role", "content", "tool_calls", "tool_call_id")
_KNOWN_OF_CALL = ("id", "type", "function")
_KNOWN_OF_FUNCTION = ("name", "arguments")
_FILLER = "(calls tools)"
_BLANK = " "  # for thoughts that were none: a server that wants some takes it
_NO_SIGNATURE = "skip_thought_signature_validator"  # Google's word for a call that another model made
_REFUSES = re.compile(
    r"not (yet )?(support|enabl|permit|allow|implement|accept|avail|recogni)|unsupported|unknown|unexpected|unrecogni"
    r"|extra (input|field|propert|param)|additional propert|invalid|disallow|cannot|can't|must (not )?be|only",
    re.IGNORECASE,
)
_MISSES = re.compile(r"miss|required|must|need|absent|lack|pass(ed)? back|provide", re.IGNORECASE)
_NO_STREAM = re.compile(
    r"stream(ing|ed)?\b[^.]{0,60}(not|n't|un|must be (set to )?false|disable|only)"
    r"|(not|n't|cannot|unsupported|disable|without)[^.]{0,60}\bstream",
    re.IGNORECASE,
)
_SCHEMA = re.compile(r"schema|grammar|parameters|proto field|function_declarations", re.IGNORECASE)
_SYSTEM = re.compile(
    r"\bsystem\b[^.]{0,40}(role|message|prompt)|role[^.]{0,30}\bsystem\b|developer instruction|only user\b",
    re.IGNORECASE,
)
_IDS = re.compile(r"(tool.?call|call).?id\b", re.IGNORECASE)
_CONTENT = re.compile(r"(?<![a-z_])content\b", re.IGNORECASE)
_EMPTY = re.compile(
    r"null|none|nil|empty|blank|missing|required|valid string|non-?empty|must (contain|have|be)|expected", re.IGNORECASE
)


@dataclass(frozen=True)
class Manner:
    """How a server is asked; each member is what some refuse, or want."""

    streams: bool = True
    counts: bool = True  # asks for the usage at the end of a stream
    extras: bool = True  # members that it sent itself come back
    system_role: bool = True
    plain_ids: bool = False
    fills_content: bool = False
    blank_thoughts: bool = False
    blank_signatures: bool = False
    without: frozenset[str] = frozenset()  # keywords of schemas

    def body(self, model: str | None, messages: Sequence[Json], tools: Sequence[Json]) -> Json:
        body: Json = {"model": model, "messages": self._messages(messages), "stream": self.streams}
        if self.streams and self.counts:
            body["stream_options"] = {"include_usage": True}
        if tools:
            body["tools"] = [_without(tool, self.without) for tool in tools]
        return body

    def _messages(self, messages: Sequence[Json]) -> list[Json]:
        ids = {found: f"call{n:05d}" for n, found in enumerate(_ids(messages))} if self.plain_ids else {}
        made = [self._message(message, ids) for message in messages]
        if not self.system_role and len(made) > 1 and made[0]["role"] == "system":
            made[1] = made[1] | {"content": f"{made[0]['content']}\n\n{made[1]['content']}"}
            made = made[1:]
        return made

    def _message(self, message: Json, ids: dict[str, str]) -> Json:
        made = message if self.extras else _only(message, _KNOWN)
        if made["role"] == "tool":
            return made | {"tool_call_id": ids.get(made["tool_call_id"], made["tool_call_id"])}
        if made["role"] != "assistant":
            return made
        if self.fills_content and not made.get("content"):
            made = made | {"content": _FILLER}
        if self.blank_thoughts and not made.get("reasoning_content"):
            made = made | {"reasoning_content": _BLANK}
        calls = made.get("tool_calls") or []
        return made | ({"tool_calls": [self._call(call, ids) for call in calls]} if calls else {})

    def _call(self, call: Json, ids: dict[str, str]) -> Json:
        made = call | {"id": ids.get(call["id"], call["id"])}
        if not self.extras:
            made = _only(made, _KNOWN_OF_CALL) | {"function": _only(call["function"], _KNOWN_OF_FUNCTION)}
        if self.blank_signatures and "thought_signature" not in json.dumps(made):
            made = made | {"extra_content": {"google": {"thought_signature": _NO_SIGNATURE}}}
        return made


def plainer(manner: Manner, failure: Failure, body: Json) -> Manner | None:
    """A manner without what the server refused in this request; None: there is nothing that would help."""
    if failure.status in (401, 402, 403, 408, 413, 429):
        return None
    changed = (change(manner, failure.said, body) for change in _CHANGES)
    return next((found for found in changed if found is not None and found != manner), None)


def _about_usage(manner: Manner, said: str, _: Json) -> Manner | None:
    return replace(manner, counts=False) if re.search(r"stream_options|include_usage", said) else None


def _about_thoughts(manner: Manner, said: str, _: Json) -> Manner | None:
    wanted = re.search(r"reasoning_content|\bthinking\b", said) and _MISSES.search(said)
    return replace(manner, blank_thoughts=True) if wanted and "upport" not in said and manner.extras else None


def _about_signatures(manner: Manner, said: str, _: Json) -> Manner | None:
    return replace(manner, blank_signatures=True) if re.search(r"thought.?signature", said, re.IGNORECASE) else None


def _about_extras(manner: Manner, said: str, body: Json) -> Manner | None:
    """Named, or where it takes nothing that it does not know."""
    sent = set(_extras(body["messages"]))
    named = any(re.search(rf"\b{re.escape(name)}\b", said) for name in sent)
    strictly = re.search(r"extra (inputs|fields|properties)|additional properties|unknown field", said, re.IGNORECASE)
    plain = replace(manner, extras=False, blank_thoughts=False, blank_signatures=False)
    return plain if sent and _REFUSES.search(said) and (named or strictly) else None


def _about_stream(manner: Manner, said: str, body: Json) -> Manner | None:
    return replace(manner, streams=False) if body["stream"] and _NO_STREAM.search(said) else None


def _about_schemas(manner: Manner, said: str, body: Json) -> Manner | None:
    """Without the keyword that it names, or, where it only complains of schemas, without all that can be left out."""
    used = {key for tool in body.get("tools", []) for key in _keywords(tool)} & set(_REMOVABLE)
    named = {key for key in used if re.search(rf"(?<![\w$]){re.escape(key)}\b", said)}
    gone = named or (used if _SCHEMA.search(said) else set())
    return replace(manner, without=manner.without | gone)


def _about_system(manner: Manner, said: str, _: Json) -> Manner | None:
    return replace(manner, system_role=False) if _SYSTEM.search(said) and _REFUSES.search(said) else None


def _about_ids(manner: Manner, said: str, _: Json) -> Manner | None:
    return replace(manner, plain_ids=True) if _IDS.search(said) else None


def _about_content(manner: Manner, said: str, body: Json) -> Manner | None:
    has_none = any(m["role"] == "assistant" and not m.get("content") for m in body["messages"])
    return replace(manner, fills_content=True) if has_none and _CONTENT.search(said) and _EMPTY.search(said) else None


_CHANGES: tuple[Callable[[Manner, str, Json], Manner | None], ...] = (
    _about_usage,
    _about_thoughts,
    _about_signatures,
    _about_extras,
    _about_stream,
    _about_schemas,
    _about_system,
    _about_ids,
    _about_content,
)


def _only(found: Json, keys: Sequence[str]) -> Json:
    return {key: value for key, value in found.items() if key in keys}


def _ids(messages: Sequence[Json]) -> list[str]:
    return [call["id"] for message in messages for call in message.get("tool_calls") or []]


def _extras(messages: Sequence[Json]) -> Iterator[str]:
    for message in messages:
        yield from (key for key in message if key not in _KNOWN)
        for call in message.get("tool_calls") or []:
            yield from (key for key in call if key not in _KNOWN_OF_CALL)
            yield from (key for key in call["function"] if key not in _KNOWN_OF_FUNCTION)


def _without(value: Any, keywords: frozenset[str]) -> Any:
    """A tool or a part of it without these keywords; a property may be called so and stays."""
    if isinstance(value, list):
        return [_without(each, keywords) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {key: each for key, each in value.items() if key not in keywords}
    return {
        key: _properties(each, keywords) if key == "properties" else _without(each, keywords)
        for key, each in kept.items()
    }


def _properties(value: Json, keywords: frozenset[str]) -> Json:
    return {name: _without(each, keywords) for name, each in value.items()}


def _keywords(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _keywords(each)
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            for inner in each.values() if key == "properties" and isinstance(each, dict) else [each]:
                yield from _keywords(inner)
