"""Chat completions as servers send them: chunks, events and whole answers, to be bent by tests."""

import json
from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]
DONE = "data: [DONE]\n\n"


def chunk(delta: Any, finish: Any = None, **members: Any) -> Json:
    """One chunk with one choice; `members` are of the choice."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish} | members
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def piece(index: Any = None, id: Any = None, name: Any = None, arguments: Any = None, **members: Any) -> Json:  # noqa: A002
    """A piece of a tool call, without the members that are None."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    told = {key: value for key, value in (("index", index), ("id", id)) if value is not None}
    return told | {"type": "function", "function": function} | members


def calls(*pieces: Json, finish: Any = None) -> Json:
    """A chunk with pieces of calls."""
    return chunk({"tool_calls": list(pieces)}, finish)


def events(*documents: Any, done: bool = True) -> str:
    """A stream of events; a text stands for itself."""
    told = [document if isinstance(document, str) else json.dumps(document) for document in documents]
    return "".join(f"data: {text}\n\n" for text in told) + (DONE if done else "")


def whole(message: Json, finish: Any = "stop", **members: Any) -> Json:
    """A whole answer; `members` are of the document."""
    choice = {"index": 0, "message": {"role": "assistant"} | message, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]} | members


def text(words: Sequence[str], finish: str = "stop") -> list[Json]:
    """The chunks of an answer in words."""
    return [*(chunk({"content": word}) for word in words), chunk({}, finish)]
