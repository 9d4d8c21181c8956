"""The two forms of a task: in full, and cut for the wire."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from common.entities.kinds import CUT_LIST_BYTES as LIST_BYTES
from common.entities.kinds import CUT_TEXT_BYTES as TEXT_BYTES
from common.entities.task import ATTACHMENTS, CHAIN_ENTRIES, CHAIN_TEXT_BYTES
from common.events import TaskStatus
from common.wire import cut_utf8
from core.tasks.task import Task, wire_text

BASE = Task(id="0d22067b-9f69-4c3a-8472-798bfd7e8c4e", description="", source={}, created_at=1, updated_at=1)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def task(**changes: object) -> Task:
    source = {"sourceType": "web", "userId": "u", "conversationId": None}
    return replace(BASE, source=source, **changes)  # type: ignore[arg-type]


@given(TEXT, st.integers(0, 50))
def test_cut_is_the_longest_prefix_within_the_limit(text: str, limit: int) -> None:
    cut = cut_utf8(text, limit)
    assert text.startswith(cut)
    assert len(cut.encode()) <= limit
    assert cut == text or len(text[: len(cut) + 1].encode()) > limit


def test_short_task_is_the_same_in_both_forms() -> None:
    short = task(description="Write a story", planned=True, plan=["a"], summary="s")
    assert json.loads(wire_text(short)) == short.full_form
    assert short.full_form["truncated"] == []


def test_description_only_task_has_no_planning_keys() -> None:
    form = task(description="x").full_form
    assert form["taskType"] == "descriptionOnly"
    assert not {"summary", "requirements", "acceptanceCriteria", "plan", "questions", "assignedAgent"} & form.keys()


def test_long_texts_are_cut_and_named() -> None:
    long = task(
        description="ä" * 4000,
        planned=True,
        summary="s" * 5000,
        plan=["p" * 2000] * 200,
        status=TaskStatus.FAILED,
        status_message="m" * 9000,
        attachments=[{"filename": str(n), "size": 1, "contentType": "text/plain", "uploadedAt": n} for n in range(150)],
    )
    wire = json.loads(wire_text(long))
    assert len(wire["description"].encode()) == TEXT_BYTES
    assert sum(map(len, wire["plan"])) <= LIST_BYTES
    assert len(wire["attachments"]) == ATTACHMENTS
    assert wire["attachments"][-1]["filename"] == "149"
    assert wire["attachmentCount"] == 150
    assert set(wire["truncated"]) == {"description", "status", "attachments", "summary", "plan"}
    assert len(wire_text(long).encode()) < 64 * 1024


def test_chain_keeps_the_last_entries_with_short_texts() -> None:
    report = {"status": "complete", "summary": "r" * 900, "output": "o", "blockedReason": None}
    entry = {
        "runId": "r",
        "agentName": "writer",
        "startedAt": 1,
        "completedAt": 2,
        "input": "i" * 900,
        "output": "o" * 900,
    }
    chain = [entry | {"startedAt": n, "completionReport": report} for n in range(60)]
    wire = json.loads(wire_text(task(chain=chain)))
    assert [record["startedAt"] for record in wire["agentChain"]] == list(range(60 - CHAIN_ENTRIES, 60))
    assert wire["chainCount"] == 60
    last = wire["agentChain"][-1]
    assert {len(last["input"]), len(last["output"]), len(last["completionReport"]["summary"])} == {CHAIN_TEXT_BYTES}


@given(TEXT, st.lists(TEXT, max_size=5))
def test_wire_text_is_one_line_of_json_that_parses_back(description: str, plan: list[str]) -> None:
    text = wire_text(task(description=description, planned=True, plan=plan))
    assert "\n" not in text
    assert json.loads(text)["id"] == BASE.id
