"""What is asked of a server that refuses something: the same, plainer."""

import json
from typing import Any

import pytest

from core.tools import catalogue
from runner.chat.failures import Failure
from runner.chat.request import Manner, plainer
from runner.toolcalls import functions

TOOLS = functions(catalogue.described(catalogue.TABLE))
CALL = {
    "id": "functions.help:0",
    "type": "function",
    "function": {"name": "help", "arguments": "{}"},
    "extra_content": {"x": 1},
}
MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": "be good"},
    {"role": "user", "content": "do it"},
    {"role": "assistant", "content": None, "reasoning": "hm", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "functions.help:0", "content": "{}"},
]


def body_after(words: str, status: int | None = 400, manner: Manner | None = None) -> dict[str, Any] | None:
    before = manner or Manner()
    body = before.body("m", MESSAGES, TOOLS)
    found = plainer(before, Failure(words, status), body)
    if found is None:
        return None
    after = found.body("m", MESSAGES, TOOLS)
    assert after != body, "it changes what is sent"
    assert found != plainer(found, Failure(words, status), after), "and is tried once"
    return after


def test_as_it_is_asked_at_first() -> None:
    body = Manner().body("m", MESSAGES, TOOLS)
    assert (body["model"], body["stream"], body["stream_options"]) == ("m", True, {"include_usage": True})
    assert body["messages"] == MESSAGES
    assert body["tools"] == TOOLS
    assert "tools" not in Manner().body("m", MESSAGES, [])


@pytest.mark.parametrize(
    "words",
    ["Unrecognized request argument supplied: stream_options", "body.stream_options: Extra inputs are not permitted"],
)
def test_without_usage(words: str) -> None:
    after = body_after(words)
    assert after is not None
    assert "stream_options" not in after
    assert after["stream"]


@pytest.mark.parametrize(
    "words",
    [
        "Streaming is not supported with tools",
        "this server cannot stream",
        "tools can only be used with stream: must be false",
    ],
)
def test_without_a_stream(words: str) -> None:
    after = body_after(words)
    assert after is not None
    assert not after["stream"]
    assert "stream_options" not in after


@pytest.mark.parametrize(
    "words",
    [
        "'messages.2' : for 'role:assistant' the following must be satisfied[('messages.2' : property 'reasoning' is "
        "unsupported)]",
        "body.messages.2.assistant.extra_content: Extra inputs are not permitted",
        "Extra inputs are not permitted",
    ],
)
def test_without_members_that_it_does_not_know(words: str) -> None:
    after = body_after(words, 422)
    assert after is not None
    plain = {key: CALL[key] for key in ("id", "type", "function")}
    assert after["messages"][2] == {"role": "assistant", "content": None, "tool_calls": [plain]}


@pytest.mark.parametrize("words", ["stream reasoning content schema system tool_call_id null missing unsupported", ""])
def test_it_ends(words: str) -> None:
    """Whatever a server says, for ever."""
    manner: Manner | None = Manner()
    for _ in range(20):
        manner = manner and plainer(manner, Failure(words, 400), manner.body("m", MESSAGES, TOOLS))
    assert manner is None


def test_with_thoughts_that_it_misses() -> None:
    after = body_after("thinking is enabled but reasoning_content is missing in assistant tool call message at index 2")
    assert after is not None
    assert after["messages"][2]["reasoning_content"] == " "


def test_with_signatures_that_it_misses() -> None:
    after = body_after("Function call is missing a thought_signature in functionCall parts.")
    assert after is not None
    assert "thought_signature" in json.dumps(after["messages"][2]["tool_calls"])


@pytest.mark.parametrize(
    "words", ['Unknown name "enum" at tools[0]', "Failed to parse grammar", "Invalid schema for function"]
)
def test_with_plainer_schemas(words: str) -> None:
    after = body_after(words)
    assert after is not None
    assert '"enum":' not in json.dumps(after["tools"])
    assert after["tools"][0]["function"]["parameters"]["properties"], "its arguments stay"


@pytest.mark.parametrize(
    "words",
    [
        "System role not supported",
        "messages[0].role: unknown role 'system'",
        "Developer instruction is not enabled for models/gemma-3-27b-it",
        "Only user, assistant and tool roles are supported",
    ],
)
def test_without_a_system_message(words: str) -> None:
    after = body_after(words)
    assert after is not None
    assert after["messages"][0] == {"role": "user", "content": "be good\n\ndo it"}


def test_with_ids_that_it_takes() -> None:
    after = body_after("Tool call id was functions.help:0 but must be a-z, A-Z, 0-9, with a length of 9.")
    assert after is not None
    [call] = after["messages"][2]["tool_calls"]
    assert len(call["id"]) == 9
    assert call["id"].isalnum()
    assert after["messages"][3]["tool_call_id"] == call["id"]


def test_with_content_beside_calls() -> None:
    after = body_after("messages[2].content: none is not an allowed value")
    assert after is not None
    assert after["messages"][2]["content"].strip()


@pytest.mark.parametrize(
    ("words", "status"),
    [("Invalid API key", 401), ("stream_options", 401), ("Rate limit: streaming is not supported", 429), ("bad", 400)],
)
def test_what_nothing_would_help(words: str, status: int) -> None:
    assert body_after(words, status) is None
