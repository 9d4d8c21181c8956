"""A conversation as the strictest server takes it. Pure.

What is kept is what came; what is sent is made from it anew for each request, since tools are granted and taken while
an agent works, and since files of former versions hold whatever came.
"""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from runner.chat.answer import Answer
from runner.chat.arguments import arguments_of
from runner.chat.calls import Call

Json = dict[str, Any]
INTERRUPTED = "It was interrupted."
GO_ON = "Go on with the task."
_BRIDGE = "Understood."  # some servers take no user's message right behind a tool's
_NO_WORDS = "(nothing)"
_PLAIN = ("role", "content", "tool_calls", "function_call", "refusal", "audio", "annotations", "tool_call_id")
_USABLE_ID = re.compile(r"[!-~]+")
_MAX_NAME = 40  # characters of a tool that is told in words
_MAX_QUOTE = 200


def spoken(answer: Answer, known_ids: Collection[str]) -> Json:
    """The message of an answer, with all that its server wants to see again."""
    calls = answer.calls
    message: Json = {"role": "assistant", "content": answer.content if answer.content.strip() else None}
    message |= answer.extras
    ids = set(known_ids)
    for call in calls:
        call.id = _fresh(call.id, ids)
        ids.add(call.id)
    return message | ({"tool_calls": [_called(call) for call in calls]} if calls else {})


def _called(call: Call) -> Json:
    function = call.inner | {"name": call.name, "arguments": written(call.arguments)}
    return call.extras | {"id": call.id, "type": "function", "function": function}


def written(arguments: Json | None) -> str:
    """Arguments as every server can read them again: what was no object is an empty one."""
    return json.dumps(arguments or {}, ensure_ascii=False)


def _fresh(wanted: str, known: Collection[str]) -> str:
    """An id that is not known yet; ours are nine letters and digits, which all servers take."""
    if _USABLE_ID.fullmatch(wanted) and wanted not in known:
        return wanted
    number = len(known)
    while (made := f"call{number:05d}") in known:
        number += 1
    return made


def ids_in(messages: Sequence[Json]) -> set[str]:
    return {str(call.get("id")) for message in messages for call in message.get("tool_calls") or [] if call.get("id")}


def repaired(messages: Any) -> list[Json]:
    """What was kept, without what no server takes: each call has a unique id, readable arguments and one result."""
    found: list[Json] = []
    ids: set[str] = set()
    rest = [each for each in messages if isinstance(each, dict)] if isinstance(messages, list) else []
    while rest:
        message, *rest = rest
        if message.get("role") == "assistant":
            results = _leading_results(rest)
            rest = rest[len(results) :]
            found += _repaired_turn(message, results, ids)
        elif message.get("role") in ("user", "system") and _text(message):
            found.append({"role": message["role"], "content": _text(message)})
    return found


def _leading_results(messages: Sequence[Json]) -> list[Json]:
    after = next((n for n, each in enumerate(messages) if each.get("role") != "tool"), len(messages))
    return list(messages[:after])


def _repaired_turn(message: Json, results: list[Json], ids: set[str]) -> Iterator[Json]:
    """An answer of the model with the results of its calls."""
    told = message.get("tool_calls")
    calls = [call for each in (told if isinstance(told, list) else []) if (call := _repaired_call(each)) is not None]
    answers = list(results)
    replies: list[Json] = []
    for call in calls:
        result = next((each for each in answers if each.get("tool_call_id") == call["id"]), None)
        if result is not None:
            answers.remove(result)
        call["id"] = _fresh(call["id"], ids)
        ids.add(call["id"])
        text = _text(result) if result is not None else INTERRUPTED
        replies.append({"role": "tool", "tool_call_id": call["id"], "content": text or _NO_WORDS})
    extras = {key: value for key, value in message.items() if key not in _PLAIN and value not in (None, "", [], {})}
    if calls or _text(message):
        said: Json = {"role": "assistant", "content": _text(message) or None} | extras
        yield said | ({"tool_calls": calls} if calls else {})
    yield from replies


def _repaired_call(call: Any) -> Json | None:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str) or not function["name"]:
        return None
    arguments = arguments_of([function.get("arguments")])
    call_id = call.get("id") if isinstance(call.get("id"), str) else ""
    repaired_call: Json = call
    return repaired_call | {"id": call_id, "type": "function", "function": function | {"arguments": written(arguments)}}


def _text(message: Json) -> str:
    content = message.get("content")
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        content = "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) and content.strip() else ""


def sendable(messages: Sequence[Json], offered: Collection[str]) -> list[Json]:
    """The messages for a request: calls of tools that are not offered are told in words, roles take turns."""
    found: list[Json] = []
    for message in _with_offered(messages, offered):
        last = found[-1]["role"] if found else ""
        if message["role"] == "assistant" and last in ("", "system"):
            found.append({"role": "user", "content": GO_ON})
        if message["role"] == "user" and last == "tool":
            found.append({"role": "assistant", "content": _BRIDGE})
        if found and message["role"] == last in ("user", "assistant"):
            found[-1] = _one_of(found[-1], message)
        else:
            found.append(message)
    if not found or found[-1]["role"] in ("assistant", "system"):
        found.append({"role": "user", "content": GO_ON})
    return found


def _one_of(first: Json, second: Json) -> Json:
    """Two messages of one role in a row as one."""
    texts = [message["content"] for message in (first, second) if message.get("content")]
    return first | second | {"content": "\n\n".join(texts) or None}


def _with_offered(messages: Sequence[Json], offered: Collection[str]) -> Iterator[Json]:
    names: dict[str, str] = {}  # of the calls that are told in words, by their id
    held: list[str] = []
    for message in messages:
        if message["role"] == "tool" and message["tool_call_id"] in names:
            held.append(f"{names[message['tool_call_id']]} answered: {message['content']}")
            continue
        if held and message["role"] != "tool":
            yield {"role": "user", "content": "\n\n".join(held)}
            held = []
        calls = message.get("tool_calls") or []
        strange = [call for call in calls if call["function"]["name"] not in offered]
        names |= {call["id"]: _shown(call["function"]["name"]) for call in strange}
        yield _without(message, strange) if strange else message
    if held:
        yield {"role": "user", "content": "\n\n".join(held)}


def _without(message: Json, strange: list[Json]) -> Json:
    calls = [call for call in message["tool_calls"] if call not in strange]
    told = "\n".join(f"(called {_shown(call['function']['name'])})" for call in strange)
    text = f"{message['content']}\n\n{told}" if message.get("content") else told
    rest = {key: value for key, value in message.items() if key != "tool_calls"}
    return rest | {"content": text} | ({"tool_calls": calls} if calls else {})


def _shown(name: str) -> str:
    return re.sub(r"\s+", " ", name)[:_MAX_NAME]


def quoted(call: Call) -> str:
    """The beginning of what was sent as arguments."""
    return call.written[:_MAX_QUOTE]
