"""Answers of tools fit what agent programs give to their model."""

import base64
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.answersize import MAX_BYTES, MAX_TOKENS, Room, fits, fitted, tokens
from common.wire import dumps

KINDS = {
    "digits": "0123456789",
    "cjk": "漢字仮名交文",
    "base64": base64.b64encode(random.Random(1).randbytes(3_000)).decode(),
    "escapes": '"\\\n\t\x1b',
    "emoji": "🙂",
    "prose": "The quick brown fox jumps over the lazy dog. ",
}
JSON = st.recursive(  # a number is the length of a text
    st.none() | st.booleans() | st.text(max_size=3) | st.integers(1, 60_000),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_is_cut_to_what_fits(kind: str) -> None:
    text = KINDS[kind] * (100_000 // len(KINDS[kind]))
    answer = fitted({"content": text, "hash": "h"})
    assert fits(answer)
    assert answer["hash"] == "h"
    assert answer["content"].endswith(f"of {len(text)} characters]")
    raw = dumps(answer)
    assert len(raw.encode()) > 0.9 * MAX_BYTES or tokens(raw) > 0.9 * MAX_TOKENS, "as much as there is room for"


@pytest.mark.parametrize(
    ("kind", "characters_a_token"), [("digits", 2.1), ("cjk", 0.6), ("base64", 2.5), ("prose", 4), ("emoji", 0.4)]
)
def test_tokens_are_not_underrated(kind: str, characters_a_token: float) -> None:
    text = KINDS[kind] * 100
    assert tokens(text) >= len(text) / characters_a_token


def grown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: grown(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [grown(inner) for inner in value]
    return "x" * value if type(value) is int else value


@settings(deadline=None)
@given(small=st.dictionaries(st.text(max_size=5), JSON, max_size=6))
def test_whatever_it_is_fits_and_what_fits_stays(small: dict[str, Any]) -> None:
    content = grown(small)
    answer = fitted(content)
    assert fits(answer)
    assert json.loads(dumps(answer)) == answer
    if fits(content):
        assert answer == content


def test_lists_that_are_too_long_say_so() -> None:
    answer = fitted({"data": [{"id": n, "text": "word " * 20} for n in range(5_000)]})
    assert answer["data"][0] == {"id": 0, "text": "word " * 20}
    assert answer["data"][-1] == f"[cut: {len(answer['data']) - 1} of 5000 entries]"


def test_a_very_long_line_costs_little() -> None:
    room = Room()
    assert not room.take("x" * 10_000_000)
    assert 30_000 < len(room.cut("x" * 10_000_000)) < MAX_BYTES
