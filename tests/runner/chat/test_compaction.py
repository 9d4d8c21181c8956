"""A conversation that has become too long."""

import json

import pytest

from runner.chat.compaction import (
    SUMMARY_CHARACTERS,
    size,
    split,
    summary_request,
    with_short_results,
    with_short_texts,
    with_summary,
)
from runner.chat.history import sendable
from tests.helpers.completions import Json
from tests.runner.chat.test_history import SYSTEM, complaints

OFFERED = ["file_read"]


def conversation(steps: int, result: int = 2_000, arguments: int = 10) -> list[Json]:
    found: list[Json] = [{"role": "user", "content": "the task"}]
    for n in range(steps):
        call = {"name": "file_read", "arguments": json.dumps({"path": f"{n}{'x' * arguments}"})}
        told = {"id": f"call{n}", "type": "function", "function": call}
        found.append({"role": "assistant", "content": f"step {n}", "tool_calls": [told]})
        found.append({"role": "tool", "tool_call_id": f"call{n}", "content": f"{n}{'y' * result}"})
    return found


def is_valid(messages: list[Json]) -> bool:
    return complaints([SYSTEM, *sendable(messages, OFFERED)], OFFERED) == []


def test_oldest_results_go_first() -> None:
    before = conversation(10)
    after = with_short_results(before, size(before) // 2)
    lengths = [len(message["content"]) for message in after if message["role"] == "tool"]
    assert size(after) <= size(before) // 2 + 2_000
    assert max(lengths[:4]) < 400 < min(lengths[-2:])
    assert [m["role"] for m in after] == [m["role"] for m in before]
    assert is_valid(after)


@pytest.mark.parametrize("arguments", [10, 3_000])
def test_past_is_summarised(arguments: int) -> None:
    before = conversation(10, 50, arguments)
    target = size(before) // 2
    parts = split(before, target)
    assert parts.head + parts.middle + parts.tail == before
    assert parts.tail[0]["role"] == "assistant"
    after = with_summary(parts, "I read much. " * 1_000)
    assert size(after) < target + SUMMARY_CHARACTERS * 1.1
    assert "the task" in after[0]["content"]
    assert "I read much." in after[0]["content"]
    assert is_valid(after)
    assert size(summary_request(parts.middle, target)) < target + 2_000


def test_long_texts_are_cut_at_last() -> None:
    before = [*conversation(3, 50_000, 50_000), {"role": "user", "content": "z" * 100_000}]
    after = with_short_texts(before, 10_000)
    assert size(after) < 20_000
    assert is_valid(after)


@pytest.mark.parametrize("messages", [conversation(0), conversation(1), conversation(1)[:2]])
def test_little_can_be_split(messages: list[Json]) -> None:
    parts = split(messages, 1)
    assert parts.head + parts.middle + parts.tail == messages
