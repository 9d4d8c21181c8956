"""What the declarations promise: every column is declared, and what an export writes an import reads."""

from typing import Any

import pytest
import sqlalchemy as sa

from common.db import tables
from common.entities.access_token import ACCESS_TOKEN
from common.entities.agent import AGENT
from common.entities.config import CONFIG
from common.entities.declare import Entity, Write
from common.entities.provider import PROVIDER, PROVIDER_TYPE
from common.entities.run import RUN
from common.entities.schemas import export_schema, request_schema, stored_schema
from common.entities.task import TASK
from common.errors import Stale
from core import versioned
from core.tasks.task import Task

OF_THE_DATABASE = {"id", "rank", "wire", "version", "field_versions", "deleted_at", "token_hash", "name"}
"""Columns that no declaration names: keys of rows, their wire text, and what undo and tokens need."""


@pytest.mark.parametrize(
    ("table", "entity"),
    [
        (tables.tasks, TASK),
        (tables.runs, RUN),
        (tables.agents, AGENT),
        (tables.providers, PROVIDER_TYPE),
        (tables.access_tokens, ACCESS_TOKEN),
        (tables.config, CONFIG),
    ],
)
def test_every_column_is_declared(table: sa.Table, entity: Entity) -> None:
    declared = {field.name for field in entity.stored()}
    assert {column.name for column in table.columns} - declared <= OF_THE_DATABASE
    assert declared <= {column.name for column in table.columns}


def filled_task() -> Task:
    return Task(
        id="0d22067b-9f69-4c3a-8472-798bfd7e8c4e",
        description="d",
        created_at=1,
        updated_at=2,
        session_id="s",
        source={"sourceType": "test", "userId": "u", "conversationId": "c"},
        summary="sum",
        requirements=["r"],
        acceptance_criteria=["a"],
        plan=["p"],
        questions=[{"question": "q", "answer": "a"}],
        assigned_agent="writer",
        version=7,
        archived_at=3,
        planned=True,
        status_since=4,
    )


def test_import_reads_all_that_an_export_writes_of_a_task() -> None:
    task = filled_task()
    written = export_schema(TASK)().dump(TASK.values(task, TASK.exported()))
    read = stored_schema(TASK, "")().load(written)
    for field in TASK.exported():
        if field.read is None:
            assert read[field.name] == getattr(task, field.name), field.name
            assert read[field.name] not in (None, "", [], {}) or field.name in ("attachments", "chain"), field.name


def test_import_reads_all_that_an_export_writes_of_a_run() -> None:
    report = {"status": "complete", "summary": "s", "output": "o", "blockedReason": "b"}
    texts = dict.fromkeys(("id", "task_id", "parent_id", "reason", "session_id", "output", "input"), "x")
    numbers = dict.fromkeys(("started_at", "ended_at", "queued_at", "tokens_input", "tokens_output", "version"), 5)
    run: dict[str, Any] = texts | numbers | {"agent_name": "writer", "kind": "agent", "state": "failed"}
    run |= {"cost_usd": 0.5, "allowed_tools": ["help"], "completion_report": report, "planner_output": {"a": 1}}
    read = stored_schema(RUN, "")().load(export_schema(RUN)().dump(RUN.values(run, RUN.exported())))
    assert read == {field.name: run[field.name] for field in RUN.exported()}


def test_a_variant_needs_its_fields_and_refuses_those_of_another() -> None:
    schema = request_schema(PROVIDER_TYPE, "Any", "")()
    assert schema.validate({"type": "opencode"}) == {}
    assert set(schema.validate({"type": "openai-compat"})) == {"apiBaseUrl", "defaultModel"}
    assert schema.validate({"type": "opencode", "defaultModel": "m"}) == {
        "defaultModel": ["Only openai-compat providers have this."]
    }


def test_a_key_never_leaves() -> None:
    assert "api_key" not in {field.name for field in PROVIDER_TYPE.sent(in_full=True)}
    assert "api_key" not in {field.name for field in PROVIDER_TYPE.exported()}
    assert PROVIDER["provider_type"].write is Write.REQUIRED


def test_versions_are_kept_field_by_field() -> None:
    row = {"version": 3, "field_versions": {"a": 3}}
    versioned.check("it", row, ["b"], 1, None)
    versioned.check("it", row, ["a"], 3, None)
    versioned.check("it", row, ["a"], None, None)
    with pytest.raises(Stale, match=r"changed A of it since you read it .version 2, now 3."):
        versioned.check("it", row, ["a"], 2, None, lambda names: [name.upper() for name in names])
    assert versioned.after({"a": 1, "b": 2}, ["b", "c"], 4) == {"a": 1, "b": 4, "c": 4}
