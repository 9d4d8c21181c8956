"""Conversations as the strictest server takes them, whatever came before."""

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.chat.answer import Answer
from runner.chat.history import GO_ON, INTERRUPTED, repaired, sendable, spoken
from runner.chat.request import Manner
from tests.helpers.completions import Json, calls, chunk, events, piece

OFFERED = ["file_read", "help"]
SYSTEM = {"role": "system", "content": "be good"}


def complaints(messages: Sequence[Json], offered: Sequence[str]) -> list[str]:
    """What the strictest server would say."""
    found: list[str] = []
    ids: list[str] = []
    open_calls: list[str] = []
    last = ""
    for message in messages:
        role, content = message["role"], message.get("content")
        told = message.get("tool_calls")
        found += [f"{role} after {last}"] if role == last != "tool" or (role == "user" and last == "tool") else []
        found += [f"calls {open_calls} have no result"] if open_calls and role != "tool" else []
        found += ["empty content"] if not (isinstance(content, str) and content.strip()) and not told else []
        found += ["empty list of calls"] if told is not None and not told else []
        if role == "tool":
            found += [] if message["tool_call_id"] in open_calls else ["a result without a call"]
            open_calls = [each for each in open_calls if each != message["tool_call_id"]]
        for call in told or []:
            found += [] if call["function"]["name"] in offered else [f"unknown function {call['function']['name']}"]
            found += [] if isinstance(json.loads(call["function"]["arguments"]), dict) else ["arguments"]
            open_calls.append(call["id"])
        ids += [call["id"] for call in told or []]
        last = role
    found += [f"calls {open_calls} have no result"] if open_calls else []
    found += ["an id twice"] if len(ids) != len(set(ids)) else []
    found += ["it does not begin with a user"] if [m["role"] for m in messages][1:2] != ["user"] else []
    return found + (["it ends with the model"] if last == "assistant" else [])


def call(id: Any, name: Any = "help", arguments: Any = "{}") -> Json:  # noqa: A002
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def said(*told: Json, content: Any = None, **members: Any) -> Json:
    return {"role": "assistant", "content": content, **({"tool_calls": list(told)} if told else {})} | members


def result(id: str, content: Any = "{}") -> Json:  # noqa: A002
    return {"role": "tool", "tool_call_id": id, "content": content}


TASK = {"role": "user", "content": "do it"}
KEPT: dict[str, list[Any]] = {
    "an empty answer": [SYSTEM, TASK, said(call("a")), result("a"), said()],
    "an empty text": [SYSTEM, TASK, said(content=""), TASK],
    "arguments that are none": [SYSTEM, TASK, said(call("a", arguments='{"path": ')), result("a")],
    "empty arguments": [SYSTEM, TASK, said(call("a", arguments="")), result("a")],
    "arguments as an object": [SYSTEM, TASK, said(call("a", arguments={"x": 1})), result("a")],
    "arguments encoded twice": [SYSTEM, TASK, said(call("a", arguments='"{}"')), result("a")],
    "arguments with a line break": [SYSTEM, TASK, said(call("a", arguments='{"x": "a\nb"}')), result("a")],
    "a call without a result": [SYSTEM, TASK, said(call("a"), call("b")), result("a")],
    "an earlier call without a result": [SYSTEM, TASK, said(call("a")), TASK, said(content="x"), TASK],
    "one id twice": [SYSTEM, TASK, said(call("a")), result("a"), said(call("a")), result("a")],
    "one id for two": [SYSTEM, TASK, said(call("a"), call("a")), result("a", "1"), result("a", "2")],
    "no id": [SYSTEM, TASK, said(call(""), call(None)), result("")],
    "a result without a call": [SYSTEM, TASK, result("x"), said(content="x"), TASK],
    "an empty result": [SYSTEM, TASK, said(call("a")), result("a", "")],
    "two messages in a row": [SYSTEM, TASK, TASK, said(content="x"), said(content="y"), TASK, TASK],
    "a message behind a result": [SYSTEM, TASK, said(call("a")), result("a"), TASK],
    "a tool that is gone": [
        SYSTEM,
        TASK,
        said(call("a", "gone"), call("b")),
        result("a"),
        result("b"),
        said(content="x"),
    ],
    "only a tool that is gone": [SYSTEM, TASK, said(call("a", "gone")), result("a", "no"), said(content="x"), TASK],
    "a name that is none": [SYSTEM, TASK, said(call("a", "rm -rf / \n" * 20)), result("a")],
    "the model begins": [SYSTEM, said(content="x"), TASK],
    "the model ends": [SYSTEM, TASK, said(content="x")],
    "nothing": [SYSTEM],
    "rubbish": [5, None, {"role": "x"}, {"role": "user"}, {"role": "assistant", "tool_calls": [5, {"function": 3}]}],
    "content in parts": [SYSTEM, {"role": "user", "content": [{"type": "text", "text": "do"}]}, said(content=[])],
}


@pytest.mark.parametrize("form", KEPT)
def test_what_was_kept_can_be_sent(form: str) -> None:
    kept = repaired([message for message in KEPT[form] if message != SYSTEM])
    assert complaints([SYSTEM, *sendable(kept, OFFERED)], OFFERED) == []
    assert repaired(kept) == kept, "what is right stays"


def test_nothing_is_lost() -> None:
    kept = repaired(KEPT["an earlier call without a result"][1:])
    assert [message["content"] for message in kept] == ["do it", None, INTERRUPTED, "do it", "x", "do it"]
    pairs = repaired(KEPT["one id for two"][1:])
    assert [message["content"] for message in pairs if message["role"] == "tool"] == ["1", "2"]
    gone = sendable(repaired(KEPT["only a tool that is gone"][1:]), OFFERED)
    assert "gone" in gone[1]["content"]
    assert gone[2] == {"role": "user", "content": "gone answered: no"}
    assert sendable([], OFFERED) == [{"role": "user", "content": GO_ON}]


def test_answer_is_kept_as_it_came() -> None:
    """With the members that the server wants to see again."""
    answer = Answer(OFFERED)
    signed = {"google": {"thought_signature": "S"}}
    told = [
        chunk({"reasoning_content": "hm"}),
        calls(piece(0, "a", "functions.file_read", '{"path":', extra_content=signed)),
        calls(piece(0, None, None, ' "a"}'), piece(1, "a", "help", "")),
        chunk({"content": ""}, "tool_calls"),
    ]
    answer.feed(events(*told).encode())
    answer.end()
    first = call("a", "file_read", '{"path": "a"}') | {"extra_content": signed}
    assert spoken(answer, set()) == said(first, call("call00001"), reasoning_content="hm")
    assert spoken(answer, {"a", "call00001"})["tool_calls"][0]["id"] not in ("a", "call00001")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=6,
)
_IDS = st.sampled_from(["a", "b", "", "\n", "é", "call00000"]) | _JSON
_CALLS = st.builds(call, _IDS, st.sampled_from(["help", "gone", ""]) | _JSON, st.sampled_from(["{}", "", "{"]) | _JSON)
_MESSAGES = st.lists(
    st.builds(lambda role, content: {"role": role, "content": content}, st.sampled_from(["user", "system"]), _JSON)
    | st.builds(lambda told, content: said(*told, content=content), st.lists(_CALLS, max_size=3), _JSON)
    | st.builds(lambda told: said(told), st.lists(_JSON, max_size=2))
    | st.builds(result, st.sampled_from(["a", "b", ""]), _JSON)
    | _JSON,
    max_size=8,
)


@settings(deadline=None)
@given(messages=_MESSAGES)
def test_whatever_was_kept_can_be_sent(messages: list[Any]) -> None:
    kept = repaired(messages)
    sent = Manner().body("m", [SYSTEM, *sendable([m for m in kept if m["role"] != "system"], OFFERED)], [])["messages"]
    assert complaints(sent, OFFERED) == []
    assert all(re.fullmatch(r"[!-~]+", each["id"]) for message in sent for each in message.get("tool_calls", []))
