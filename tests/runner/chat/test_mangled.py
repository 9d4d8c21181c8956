"""Any mangling of a valid answer is read as what was meant, or is an error in words: no traceback, no wrong call."""

import copy
import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.chat.answer import Answer
from runner.chat.failures import Failure
from runner.chat.history import repaired, sendable, spoken
from tests.helpers.completions import Json, calls, chunk, events, piece, whole
from tests.runner.chat.test_history import SYSTEM, complaints

OFFERED = ["file_read", "file_write", "help"]
Draw = Callable[..., Any]
_NAMES = st.sampled_from(OFFERED)
_TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
_ARGUMENTS = st.dictionaries(st.sampled_from(["path", "content", "n"]), _TEXTS | st.integers(-9, 9), max_size=3)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXTS, inner, max_size=2),
    max_leaves=5,
)


class Meant(NamedTuple):
    text: str
    calls: list[tuple[str, Json]]


_MEANT = st.builds(Meant, _TEXTS, st.lists(st.tuples(_NAMES, _ARGUMENTS), max_size=3))


def parts_of(draw: Draw, text: str) -> list[str]:
    at = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
    return [text[begin:end] for begin, end in zip([0, *at], [*at, len(text)], strict=True)]


def stream_of(draw: Draw, meant: Meant) -> list[Json]:
    """By the book: the text, then call after call, in pieces."""
    found = [chunk({"role": "assistant", "content": ""})]
    found += [chunk({"content": part}) for part in parts_of(draw, meant.text)]
    for n, (name, arguments) in enumerate(meant.calls):
        found.append(calls(piece(n, f"call_{n}", name, "")))
        found += [calls(piece(n, None, None, part)) for part in parts_of(draw, json.dumps(arguments))]
    found.append(chunk({}, "tool_calls" if meant.calls else "stop"))
    return [*found, {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}]


def whole_of(_: Draw, meant: Meant) -> list[Json]:
    told = [piece(None, f"call_{n}", name, json.dumps(given)) for n, (name, given) in enumerate(meant.calls)]
    message = {"content": meant.text or None} | ({"tool_calls": told} if told else {})
    return [whole(message, "tool_calls" if told else "stop", usage={"prompt_tokens": 5})]


def _pieces(documents: list[Json]) -> list[Json]:
    """All pieces of calls."""
    choices = [choice for document in documents for choice in document.get("choices", [])]
    told = [choice.get("delta", choice.get("message")) for choice in choices]
    return [each for delta in told for each in delta.get("tool_calls", [])]


# --- what servers do, and what is meant all the same ---


def keep(_: Draw, documents: list[Json]) -> list[Json]:
    return documents


def without_index(_: Draw, documents: list[Json]) -> list[Json]:
    for each in _pieces(documents):
        each.pop("index", None)
    return documents


def all_index_0(_: Draw, documents: list[Json]) -> list[Json]:
    for each in _pieces(documents):
        each["index"] = 0
    return documents


def id_in_each_piece(_: Draw, documents: list[Json]) -> list[Json]:
    now = ""
    for each in _pieces(documents):
        now = each["id"] = each.get("id") or now
    return documents


def name_in_each_piece(_: Draw, documents: list[Json]) -> list[Json]:
    now = ""
    for each in id_in_each_piece(_, documents) and _pieces(documents):
        now = each["function"]["name"] = each["function"].get("name") or now
    return documents


def null_for_missing(_: Draw, documents: list[Json]) -> list[Json]:
    for each in _pieces(documents):
        each |= {"id": each.get("id"), "index": each.get("index")}
        each["function"] = {"name": None, "arguments": None} | each["function"]
    return documents


def one_chunk(_: Draw, documents: list[Json]) -> list[Json]:
    """All pieces of calls in one chunk."""
    told, rest = _pieces(documents), [each for each in documents if not _pieces([each])]
    if documents[0].get("object") != "chat.completion.chunk" or not told:
        return documents
    *before, end, usage = rest
    return [*before, calls(*told), end, usage]


def wrapped_text(_: Draw, documents: list[Json]) -> list[Json]:
    """Content as a list of parts."""
    for document in documents:
        for choice in document.get("choices", []):
            message = choice.get("delta", choice.get("message"))
            if isinstance(message.get("content"), str):
                message["content"] = [{"type": "text", "text": message["content"]}]
    return documents


def unknown_members(draw: Draw, documents: list[Json]) -> list[Json]:
    for document in documents:
        document["x_new"] = draw(_JSON)
        for choice in document.get("choices", []):
            choice["x_new"] = draw(_JSON)
            choice.get("delta", choice.get("message"))["x_new"] = draw(_JSON)
    for each in _pieces(documents):
        each["x_new"] = draw(_JSON)
    return documents


def reason_stop(_: Draw, documents: list[Json]) -> list[Json]:
    for document in documents:
        for choice in document.get("choices", []):
            choice["finish_reason"] = choice["finish_reason"] and "stop"
    return documents


def usage_in_each(_: Draw, documents: list[Json]) -> list[Json]:
    return [document | {"usage": {"prompt_tokens": 5, "completion_tokens": 2}} for document in documents]


KNOWN: list[Callable[[Draw, list[Json]], list[Json]]] = [
    keep,
    without_index,
    all_index_0,
    id_in_each_piece,
    name_in_each_piece,
    null_for_missing,
    one_chunk,
    wrapped_text,
    unknown_members,
    reason_stop,
    usage_in_each,
]


def read(raw: bytes, cuts: list[int]) -> Answer:
    answer = Answer(OFFERED)
    at = [0, *sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]
    for begin, end in pairwise(at):
        answer.feed(raw[begin:end])
    answer.end()
    return answer


def read_or_words(raw: bytes, cuts: list[int]) -> Answer | None:
    """None: it was an error, in words."""
    told = ""
    try:
        return read(raw, cuts)
    except Failure as failure:
        told = str(failure)
    assert told.strip()
    return None


def framed(draw: Draw, documents: list[Json]) -> bytes:
    """As events or, where it is one document, as it stands."""
    if len(documents) == 1 and draw(st.booleans()):
        return json.dumps(documents[0], indent=draw(st.sampled_from([None, 2]))).encode()
    raw = events(*documents, done=draw(st.booleans()))
    for find, replace in draw(st.sets(st.sampled_from([("data: ", "data:"), ("\n", "\r\n"), ("\n\n", "\n\n:\n\n")]))):
        raw = raw.replace(find, replace)
    return raw.encode()


@settings(deadline=None)
@given(data=st.data(), meant=_MEANT, form=st.sampled_from([stream_of, whole_of]), how=st.sampled_from(KNOWN))
def test_what_servers_do_is_understood(data: st.DataObject, meant: Meant, form: Any, how: Any) -> None:
    documents = how(data.draw, copy.deepcopy(form(data.draw, meant)))
    answer = read(framed(data.draw, documents), data.draw(st.lists(st.integers(0, 5_000), max_size=4)))
    assert [(call.name, call.arguments) for call in answer.calls] == meant.calls
    assert answer.content == meant.text.replace("\0", "\ufffd")


# --- anything else ---

_PLACES = ["delta", "message", "choices", "content", "tool_calls", "function", "arguments", "name", "id", "index"]


def mangle(draw: Draw, value: Any) -> Any:
    """A copy in which some members are missing, null, of another type, renamed or told twice."""
    if isinstance(value, list):
        found = [mangle(draw, each) for each in value]
        return found + found[-1:] if draw(st.integers(0, 30)) == 0 else found
    if not isinstance(value, dict):
        return draw(_JSON) if draw(st.integers(0, 30)) == 0 else value
    made = {key: mangle(draw, each) for key, each in value.items() if draw(st.integers(0, 30))}
    if draw(st.integers(0, 30)) == 0:
        made[draw(st.sampled_from(_PLACES))] = draw(_JSON)
    return made


@settings(deadline=None)
@given(data=st.data(), meant=_MEANT, form=st.sampled_from([stream_of, whole_of]), cut=st.integers(0, 3_000))
def test_whatever_comes_is_an_answer_or_an_error_in_words(
    data: st.DataObject, meant: Meant, form: Any, cut: int
) -> None:
    """What is taken for an answer can be kept and sent; a call has the arguments of the server, or none."""
    documents = [mangle(data.draw, each) for each in form(data.draw, meant)]
    raw = framed(data.draw, documents) if documents else b""
    raw = raw[:cut] if data.draw(st.booleans()) else raw
    answer = read_or_words(raw, data.draw(st.lists(st.integers(0, 5_000), max_size=3)))
    if answer is None:
        return
    for call in answer.calls:
        assert call.arguments is None or isinstance(call.arguments, dict)
    kept = repaired([{"role": "user", "content": "x"}, spoken(answer, set())])
    assert complaints([SYSTEM, *sendable(kept, OFFERED)], OFFERED) == []
    json.dumps(kept, allow_nan=True).encode()


@settings(deadline=None)
@given(raw=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200), max_size=3))
def test_any_bytes(raw: bytes, cuts: list[int]) -> None:
    read_or_words(raw, cuts)
