"""Task."""

from dataclasses import dataclass
from typing import Any, ClassVar

from marshmallow import fields

from common.entities import kinds
from common.entities.declare import Entity, Sent, Write, declare, derive
from common.events import TaskStatus
from common.fields.base import DESCRIPTION_BYTES
from common.fields.parts import (
    WITH_AGENT,
    AttachmentSchema,
    HandoffRecordSchema,
    QuestionSchema,
    SourceSchema,
    StatusSchema,
    StoredAttachmentSchema,
    StoredQuestionSchema,
    StoredRecordSchema,
    StoredSourceSchema,
    StoredStatusSchema,
)
from common.wire import cut_utf8

DESCRIBED, PLANNED = "descriptionOnly", "planned"
CHAIN_TEXT_BYTES = 500
CHAIN_ENTRIES = 50
ATTACHMENTS = 100
UNKNOWN_SOURCE = {"sourceType": "web", "userId": "anonymous", "conversationId": None}


def _status(task: Any) -> dict[str, str]:
    status: dict[str, str] = {"type": task.status}
    if task.status in WITH_AGENT:
        status["agent"] = task.status_agent or ""
    if task.status is TaskStatus.FAILED:
        status["message"] = task.status_message or ""
    return status


def _cut_status(status: dict[str, str]) -> dict[str, str]:
    return {key: kinds.cut_text(value) for key, value in status.items()}


def _cut_questions(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = kinds.cut_texts([question["question"] for question in questions])
    return [
        {"question": text, "answer": question["answer"] and kinds.cut_text(question["answer"])}
        for text, question in zip(kept, questions, strict=False)
    ]


def _cut_attachments(attachments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return attachments[-ATTACHMENTS:]


def _cut_chain(chain: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_cut_record(record) for record in chain[-CHAIN_ENTRIES:]]


def _cut_record(record: dict[str, Any]) -> dict[str, Any]:
    report = record["completionReport"]
    return record | {
        "input": cut_utf8(record["input"], CHAIN_TEXT_BYTES),
        "output": cut_utf8(record["output"], CHAIN_TEXT_BYTES),
        "completionReport": report
        and {key: value and cut_utf8(value, CHAIN_TEXT_BYTES) for key, value in report.items()},
    }


def _names(**options: Any) -> fields.Field[Any]:
    return fields.List(fields.String(), **options)


_TEXT = kinds.text(max_bytes=DESCRIPTION_BYTES, cut=True)
_ID = kinds.text()
_NAMES = kinds.Kind(kinds.Storage.JSON, _names, _names, _names)
_WHOLE = kinds.whole(1)
_SOURCE = kinds.record(SourceSchema, stored=StoredSourceSchema)
_PLAN = {"variants": (PLANNED,), "write": Write.OPTIONAL}
_HIDDEN = {"sent": Sent.NEVER, "exported": False}


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task. `descriptionOnly` tasks lack the planning keys; `truncated` names the fields cut in the wire form."""

    task_type: ClassVar[Any] = derive(
        kinds.one_of((DESCRIBED, PLANNED)), lambda task: PLANNED if task.planned else DESCRIBED, missing=DESCRIBED
    )
    id: str = declare(_ID)
    description: str = declare(_TEXT, write=Write.REQUIRED)
    status_form: ClassVar[Any] = derive(
        kinds.record(StatusSchema, stored=StoredStatusSchema, cut=_cut_status), _status, key="status"
    )
    created_at: int = declare(kinds.time())
    updated_at: int = declare(kinds.time())
    session_id: str | None = declare(_ID, default=None, nullable=True, missing=None)
    source: dict[str, Any] = declare(_SOURCE, write=Write.REQUIRED, missing=lambda: dict(UNKNOWN_SOURCE))
    attachments: list[dict[str, Any]] = declare(
        kinds.record(AttachmentSchema, stored=StoredAttachmentSchema, many=True, cut=_cut_attachments),
        default_factory=list,
        column=False,
        missing=list,
    )
    attachment_count: ClassVar[Any] = derive(_WHOLE, lambda task: len(task.attachments), exported=False)
    chain: list[dict[str, Any]] = declare(
        kinds.record(HandoffRecordSchema, stored=StoredRecordSchema, many=True, cut=_cut_chain),
        default_factory=list,
        key="agentChain",
        column=False,
        missing=list,
    )
    chain_count: ClassVar[Any] = derive(_WHOLE, lambda task: len(task.chain), exported=False)
    summary: str = declare(_TEXT, default="", missing="", **_PLAN)
    requirements: list[str] = declare(kinds.texts(), default_factory=list, missing=list, **_PLAN)
    acceptance_criteria: list[str] = declare(kinds.texts(), default_factory=list, missing=list, **_PLAN)
    plan: list[str] = declare(kinds.texts(), default_factory=list, missing=list, **_PLAN)
    questions: list[dict[str, Any]] = declare(
        kinds.record(QuestionSchema, stored=StoredQuestionSchema, many=True, cut=_cut_questions),
        default_factory=list,
        variants=(PLANNED,),
        missing=list,
    )
    assigned_agent: str | None = declare(_ID, default=None, nullable=True, variants=(PLANNED,), missing=None)
    version: int = declare(_WHOLE, default=1, missing=1, about="+1 with each change; for If-Match")
    seq: int = declare(_WHOLE, default=0, exported=False, about="log number of the last change")
    archived_at: int | None = declare(kinds.time(), default=None, nullable=True, missing=None)
    truncated: ClassVar[Any] = derive(_NAMES, lambda task: [], exported=False)
    planned: bool = declare(kinds.flag(), default=False, **_HIDDEN)
    status: TaskStatus = declare(kinds.one_of(list(TaskStatus)), default=TaskStatus.PENDING, **_HIDDEN)
    status_since: int = declare(kinds.time(), default=0, sent=Sent.NEVER, missing=None)
    status_agent: str | None = declare(_ID, default=None, nullable=True, **_HIDDEN)
    status_message: str | None = declare(_ID, default=None, nullable=True, **_HIDDEN)
    field_versions: dict[str, int] = declare(kinds.document(), default_factory=dict, **_HIDDEN)
    deleted_at: int | None = declare(kinds.time(), default=None, nullable=True, **_HIDDEN)


TASK = Entity(Task, tag="task_type")
