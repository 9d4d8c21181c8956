"""Answers in the forms in which servers are known to send them, whole and in pieces of any size."""

import json
from typing import Any, NamedTuple

import pytest

from runner.chat.answer import Answer
from runner.chat.failures import Failure, Meaning
from runner.chat.thoughts import Kind
from tests.helpers.completions import Json, calls, chunk, events, piece, text, whole

OFFERED = ["file_read", "help"]
ARGUMENTS = '{"path":"a"}'
CALL = [("file_read", {"path": "a"})]
HI = text(["h", "i"])
THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
DETAIL = {"type": "reasoning.text", "index": 0}


class Said(NamedTuple):
    text: str
    thoughts: str = ""
    calls: list[Any] = []  # noqa: RUF012 - never changed


def read(raw: str | bytes, size: int | None = None) -> Answer:
    """In chunks of `size` bytes."""
    answer = Answer(OFFERED)
    data = raw.encode() if isinstance(raw, str) else raw
    for at in range(0, len(data), size or len(data) or 1):
        answer.feed(data[at : at + (size or len(data))])
    answer.end()
    return answer


def said(raw: str | bytes, size: int | None = None) -> Said:
    answer = Answer(OFFERED)
    data = raw.encode() if isinstance(raw, str) else raw
    step = size or len(data)
    pieces = [each for at in range(0, len(data), step) for each in answer.feed(data[at : at + step])] + answer.end()
    thoughts = "".join(each.text for each in pieces if each.kind is Kind.THINKING)
    return Said(answer.text, thoughts, [(call.name, call.arguments) for call in answer.calls])


def lines(*documents: Json) -> str:
    return "\n".join(map(json.dumps, documents))


FORMS: dict[str, tuple[str, Said]] = {
    "by the book": (events(*HI), Said("hi")),
    "no space behind the colon": (events(*HI).replace("data: ", "data:"), Said("hi")),
    "CRLF": (events(*HI).replace("\n", "\r\n"), Said("hi")),
    "CR": (events(*HI).replace("\n", "\r"), Said("hi")),
    "byte-order mark": ("\ufeff" + events(*HI), Said("hi")),
    "no [DONE]": (events(*HI, done=False), Said("hi")),
    "no end of the last event": (events(*HI, done=False).rstrip(), Said("hi")),
    "no reason": (events(*HI[:2]), Said("hi")),
    "comments": (": OPENROUTER PROCESSING\n\n" + events(*HI).replace("\n\n", "\n\n: keep-alive\n\n"), Said("hi")),
    "event names": (events(*HI).replace("data:", "event: message\nid: 1\ndata:"), Said("hi")),
    "no blank lines": (events(*HI).replace("\n\n", "\n"), Said("hi")),
    "the field's name twice": (events(*HI).replace("data: ", "data: data: "), Said("hi")),
    "a raw line break": (events(chunk({"content": "a\nb"}, "stop")).replace("\\n", "\n"), Said("a\nb")),
    "an event on two lines": (events(*HI).replace('"index"', '\ndata: "index"'), Said("hi")),
    "two chunks in one event": ("data: " + "".join(map(json.dumps, HI)) + "\n\n", Said("hi")),
    "lines of JSON": (lines(*HI), Said("hi")),
    "a list": (json.dumps(HI), Said("hi")),
    "a list on lines": (json.dumps(HI, indent=1), Said("hi")),
    "whole": (json.dumps(whole({"content": "hi"})), Said("hi")),
    "whole, on lines": (json.dumps(whole({"content": "hi"}), indent=2), Said("hi")),
    "whole, as an event": (events(whole({"content": "hi"})), Said("hi")),
    "whole, without a reason": (json.dumps(whole({"content": "hi"}, None)), Said("hi")),
    "whole, wrapped": (json.dumps({"success": True, "result": whole({"content": "hi"})}), Said("hi")),
    "whole, with an empty error": (
        json.dumps(whole({"content": "hi"}, error=None, base_resp={"status_code": 0})),
        Said("hi"),
    ),
    "the whole again at the end": (events(*HI[:2], whole({"content": "hi"})), Said("hi")),
    "the whole so far with each piece": (
        events(*(chunk({"content": w}, message={"content": "aa"[: n + 1]}) for n, w in enumerate("aa")), HI[2]),
        Said("aa"),
    ),
    "messages in pieces": (
        lines(
            {"message": {"role": "assistant", "content": "a"}, "done": False},
            {"message": {"content": "a", "thinking": "hm"}, "done": False},
            {"message": {"content": ""}, "done": True, "done_reason": "stop"},
        ),
        Said("aa", "hm"),
    ),
    "text of a choice": (
        events({"choices": [{"text": "h"}]}, {"choices": [{"text": "i", "finish_reason": "stop"}]}),
        Said("hi"),
    ),
    "delta is a text": (events(chunk("h"), chunk("i", "stop")), Said("hi")),
    "null everywhere": (
        events(
            "null",
            {"choices": None},
            {"choices": [None], "usage": None},
            {"choices": [{"delta": None, "finish_reason": None}]},
            chunk({"role": None, "content": None, "tool_calls": None, "refusal": None, "reasoning": None}),
            *HI,
        ),
        Said("hi"),
    ),
    "other types": (
        events(chunk({"content": 5}), chunk({"content": [7, {"type": "image_url"}]}), chunk({}, "stop")),
        Said("57"),
    ),
    "unknown documents": (
        events({"type": "ping"}, {"id": "x", "object": "chat.completion.chunk", "choices": []}, *HI),
        Said("hi"),
    ),
    "an empty reason in each chunk": (events(chunk({"content": "hi"}, ""), chunk({}, "")), Said("hi")),
    "a line separator in a text": (
        events(chunk({"content": "a\u2028b"}, "stop")).replace("\\u2028", "\u2028"),
        Said("a\u2028b"),
    ),
    "parts with thoughts": (
        events(chunk({"content": [THINKING, {"type": "text", "text": "ok"}]}), HI[2]),
        Said("ok", "hm"),
    ),
    "reasoning": (events(chunk({"reasoning": "hm"}), *HI), Said("hi", "hm")),
    "reasoning_content": (events(chunk({"reasoning_content": "hm"}), *HI), Said("hi", "hm")),
    "reasoning under two names": (events(chunk({"reasoning_content": "hm", "reasoning": "hm"}), *HI), Said("hi", "hm")),
    "reasoning_details": (events(chunk({"reasoning_details": [DETAIL | {"text": "hm"}]}), *HI), Said("hi", "hm")),
    "whole, with reasoning": (json.dumps(whole({"content": "hi", "reasoning_content": "hm"})), Said("hi", "hm")),
    "tags": (events(*text(["<th", "ink>h", "m</thi", "nk>\n", "hi"])), Said("hi", "hm")),
    "a call, reason stop": (
        events(calls(piece(0, "a", "file_read", ARGUMENTS)), chunk({}, "stop")),
        Said("", "", CALL),
    ),
    "a call in a whole answer": (
        json.dumps(whole({"content": None, "tool_calls": [piece(None, "a", "file_read", ARGUMENTS)]})),
        Said("", "", CALL),
    ),
    "a call in the message at the end": (
        events(
            *HI[:2], whole({"content": "hi", "tool_calls": [piece(None, "a", "file_read", ARGUMENTS)]}, "tool_calls")
        ),
        Said("hi", "", CALL),
    ),
    "function_call": (
        events(
            chunk({"function_call": {"name": "file_read", "arguments": ""}}),
            chunk({"function_call": {"arguments": ARGUMENTS}}),
            chunk({}, "function_call"),
        ),
        Said("", "", CALL),
    ),
    "choices that share an answer": (
        json.dumps(
            {
                "choices": [
                    {"message": {"content": "hi"}, "finish_reason": "tool_calls"},
                    {
                        "message": {"tool_calls": [piece(None, "a", "file_read", ARGUMENTS)]},
                        "finish_reason": "tool_calls",
                    },
                ]
            }
        ),
        Said("hi", "", CALL),
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_form(form: str) -> None:
    raw, meant = FORMS[form]
    assert said(raw) == meant
    assert [said(raw, size) for size in (1, 2, 7, 100)] == [meant] * 4


@pytest.mark.parametrize(
    ("raw", "words", "meaning"),
    [
        ("", "its answer was empty", Meaning.PASSING),
        (events(*HI[:2], done=False), "stopped in its middle", Meaning.PASSING),
        (events(*HI)[:60], "cannot be read", Meaning.PASSING),
        (events(HI[0], "{not json", *HI[1:]), "cannot be read: {not json", Meaning.PASSING),
        (events(HI[0], {"error": {"message": "boom", "code": 502}}), "boom", Meaning.PASSING),
        (events(HI[0], {"error": "boom"}), "boom", Meaning.PASSING),
        (events(HI[0], done=False) + 'event: error\ndata: {"message": "boom"}\n\n', "boom", Meaning.PASSING),
        (events(HI[0], done=False) + "event: error\ndata: boom\n\n", "boom", Meaning.PASSING),
        ('error: {"code": 500, "message": "Context size has been exceeded."}\n\n', "Context size", Meaning.OVERFLOW),
        (events({"object": "error", "message": "bad", "code": 400}), "bad", Meaning.REFUSED),
        ('data: {"choices": [{"delta\n{"error": {"message": "cut in"}}\n\n', "cut in", Meaning.PASSING),
        (json.dumps([{"error": {"message": "key", "code": 401}}]), "key", Meaning.REFUSED),
        (
            json.dumps({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}),
            "insufficient",
            Meaning.UNPAID,
        ),
        (
            json.dumps({"detail": [{"loc": ["body", "tools"], "msg": "no list"}]}),
            "body.tools: no list",
            Meaning.PASSING,
        ),
        (json.dumps({"hello": "world"}), '{"hello": "world"}', Meaning.REFUSED),
        ("<!DOCTYPE html><html><head><title>Log in</title></head><body>x</body></html>", "Log in", Meaning.REFUSED),
        ("upstream connect error", "upstream connect error", Meaning.REFUSED),
        (events(chunk({"content": "half"}), chunk({"content": ""}, "error")), "“error”", Meaning.PASSING),
        (
            events(chunk({"content": "x"}, "stop", native_finish_reason="network_error")),
            "network_error",
            Meaning.PASSING,
        ),
        (events(chunk({}, "stop", native_finish_reason="MALFORMED_FUNCTION_CALL")), "malformed", Meaning.PASSING),
        (
            events(chunk({"content": "x"}, "model_context_window_exceeded")),
            "longer than the model's context",
            Meaning.OVERFLOW,
        ),
        (events(chunk({}, None, error={"message": "provider down", "code": 503})), "provider down", Meaning.PASSING),
        ("data: " + '{"a":' * 100_000 + "\n\n", "cannot be read", Meaning.PASSING),
    ],
)
def test_no_answer(raw: str, words: str, meaning: Meaning) -> None:
    """It is told in the words of the server, and never taken for an answer."""
    for size in (None, 3):
        with pytest.raises(Failure) as caught:
            read(raw, size)
        assert words in str(caught.value)
        assert caught.value.meaning is meaning


@pytest.mark.parametrize(
    "documents",
    [
        [{"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2, "cost": 0.5}}],
        [{"choices": [], "usage": {"prompt_tokens": "7", "completion_tokens": 2.0, "total_cost": "0.5"}}],
        [{"usage": {"input_tokens": 7, "output_tokens": 2, "cost": 0.5}}],
        [{"usage": {"prompt_tokens": n, "completion_tokens": n // 3, "cost": n / 14}} for n in (3, 7)],
        [{"usage": {"prompt_tokens": 7, "completion_tokens": 2, "cost": 0.5}}, {"usage": {}}, {"usage": None}],
        [{"x_groq": {"usage": {"prompt_tokens": 7, "completion_tokens": 2, "cost": 0.5}}}],
        [{"timings": {"prompt_n": 7, "predicted_n": 2}, "usage": {"cost": 0.5}}],
        [{"choices": [{"delta": {}, "usage": {"prompt_tokens": 7, "completion_tokens": 2, "cost": 0.5}}]}],
        [{"prompt_eval_count": 7, "eval_count": 2, "usage": {"cost": 0.5}}],
        [{"usage": {"prompt_tokens": 7, "completion_tokens": 2, "cost": 0.5}}, {"usage": {"prompt_tokens": -1}}],
        [{"usage": {"prompt_tokens": 7, "completion_tokens": 2, "cost": 0.5}}, {"usage": {"prompt_tokens": 10**400}}],
        [{"usage": {"prompt_tokens": 7, "completion_tokens": 2, "cost": 0.5}}, {"usage": {"cost": {"x": 1}}}],
    ],
)
def test_usage(documents: list[Json]) -> None:
    usage = read(events(*HI, *documents)).usage
    assert usage is not None
    assert (usage.input, usage.output, usage.cost) == (7, 2, 0.5)


def test_members_that_come_back() -> None:
    """Reasoning with its signature, and what stands beside a call."""
    signed = {"google": {"thought_signature": "SIG"}}
    answer = read(
        events(
            chunk({"reasoning_content": "I ", "reasoning_details": [DETAIL | {"text": "I "}]}),
            chunk({"reasoning_content": "think", "reasoning_details": [DETAIL | {"text": "think", "signature": "S"}]}),
            calls(piece(0, "a", "file_read", "", extra_content=signed)),
            calls(piece(0, None, None, ARGUMENTS, extra_content=signed)),
            chunk({}, "tool_calls"),
        )
    )
    detail = DETAIL | {"text": "I think", "signature": "S"}
    assert answer.extras == {"reasoning_content": "I think", "reasoning_details": [detail]}
    assert [call.extras for call in answer.calls] == [{"extra_content": signed}]


@pytest.mark.parametrize("reason", ["length", "max_tokens", "MAX_TOKENS", "model_length"])
def test_cut(reason: str) -> None:
    assert read(events(chunk({"content": "half"}, reason))).is_cut


@pytest.mark.parametrize("reason", ["content_filter", "SAFETY", "sensitive", "refusal"])
def test_filtered(reason: str) -> None:
    assert read(events(chunk({"content": ""}, reason))).is_filtered


def test_character_that_came_in_halves_is_whole() -> None:
    """Servers in JavaScript cut a text between the two halves of an emoji; all cut bytes anywhere."""
    halves = events(chunk({"content": "\ud83d"}), chunk({"content": "\ude00"}, "stop"))
    assert read(halves).text == "😀"
    raw = events(chunk({"content": "😀"}, "stop")).encode().replace(rb"\ud83d\ude00", "😀".encode())
    assert read(raw, 1).text == "😀"


def test_endless_answer_ends() -> None:
    answer = Answer()
    with pytest.raises(Failure, match="MiB"):
        for _ in range(40):
            answer.feed(b"x" * 1024 * 1024)
    answer = Answer()
    with pytest.raises(Failure, match="MiB"):
        for _ in range(40):
            answer.feed(events(chunk({"content": "x" * 1024 * 1024}), done=False).encode())
