"""A conversation made shorter, so that it fits into the model's context again. Pure.

First the oldest results of tools go, of which the model can ask again; then what lies between the task and the latest
steps is told in a summary; at last what is long is cut in its middle.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

Json = dict[str, Any]
KEPT_RESULTS = 2  # the latest, which the model works with
SHORT = 400  # characters: a result of this size is left as it is
SUMMARY_CHARACTERS = 4_000
_HEAD = 200
_LEAST = 300
SUMMARY_SYSTEM = (
    "You are given the beginning of an agent's work on a task. Summarise it for the agent, who will go on from your "
    "summary without seeing the original: the task and its conditions, what was found and decided, what was done "
    "(with file names), what is left to do. Be brief and exact. Write nothing else."
)
NO_SUMMARY = "(What was done before this was left out to make room. Look at what is there already.)"


class Split(NamedTuple):
    """`head`: all up to the task; `middle`: what can be summarised; `tail`: the latest steps."""

    head: list[Json]
    middle: list[Json]
    tail: list[Json]


def size(messages: Sequence[Json]) -> int:
    """Characters; a model's tokens grow with them."""
    return sum(len(json.dumps(message, ensure_ascii=False)) for message in messages)


def with_short_results(messages: Sequence[Json], target: int) -> list[Json]:
    """The oldest results of tools shortened, until the rest fits the target."""
    made = list(messages)
    results = [n for n, message in enumerate(made) if message["role"] == "tool"]
    left = size(made)
    for n in results[:-KEPT_RESULTS]:
        content = made[n]["content"]
        if left <= target:
            break
        if len(content) > SHORT:
            note = f"{content[:_HEAD]} … ({len(content) - _HEAD} characters left out to make room: call it again)"
            left -= len(content) - len(note)
            made[n] = made[n] | {"content": note}
    return made


def split(messages: Sequence[Json], target: int) -> Split:
    """Cut so that the tail has at most half of the target, and begins with an answer of the model or a new message."""
    begin = next((n for n, message in enumerate(messages) if message["role"] == "user"), 0) + 1
    at, room = len(messages), target // 2
    for n in range(len(messages) - 1, begin - 1, -1):
        room -= size(messages[n : n + 1])
        if room < 0 and at < len(messages):
            break
        if messages[n]["role"] != "tool":
            at = n
    return Split(list(messages[:begin]), list(messages[begin:at]), list(messages[at:]))


def summary_request(middle: Sequence[Json], target: int) -> list[Json]:
    """The messages that ask a model for a summary."""
    told = _middle_out("\n\n".join(map(_told, middle)), max(target, 4 * _LEAST))
    return [{"role": "system", "content": SUMMARY_SYSTEM}, {"role": "user", "content": told}]


def with_summary(parts: Split, summary: str) -> list[Json]:
    """The conversation with a summary in the place of its middle."""
    *before, task = parts.head
    told = f"{task['content']}\n\n## What was done so far\n\n{_middle_out(summary, SUMMARY_CHARACTERS)}"
    return [*before, task | {"content": told}, *parts.tail]


def with_short_texts(messages: Sequence[Json], target: int) -> list[Json]:
    """Every long text cut in its middle."""
    room = max(_LEAST, target // max(1, len(messages)))
    return [_cut(message, room) for message in messages]


def _cut(message: Json, room: int) -> Json:
    known = ("role", "content", "tool_calls", "tool_call_id")
    made = {key: value for key, value in message.items() if key in known or len(json.dumps(value)) <= room}
    if isinstance(made.get("content"), str):
        made["content"] = _middle_out(made["content"], room)
    if made.get("tool_calls"):
        made["tool_calls"] = [_cut_call(call, room) for call in made["tool_calls"]]
    return made


def _cut_call(call: Json, room: int) -> Json:
    arguments = call["function"]["arguments"]
    if len(arguments) <= room:
        return call
    return call | {"function": call["function"] | {"arguments": json.dumps({"left_out": _middle_out(arguments, room)})}}


def _middle_out(text: str, room: int) -> str:
    if len(text) <= room:
        return text
    half = room // 2
    return f"{text[:half]}\n… ({len(text) - 2 * half} characters left out) …\n{text[-half:]}"


def _told(message: Json) -> str:
    calls = [f"{call['function']['name']}({call['function']['arguments']})" for call in message.get("tool_calls") or []]
    return f"{message['role']}: " + "\n".join([message.get("content") or "", *calls]).strip()
