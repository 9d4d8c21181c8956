"""A task as the verbs see it, and its two forms as data: in full, and cut for the wire. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from common.events import TaskStatus
from common.schemas.task import TaskSchema
from common.wire import cut_utf8, dumps
from core.insights.rule import Place

TEXT_BYTES = 2_000
CHAIN_TEXT_BYTES = 500
LIST_BYTES = 8_000  # of one list of texts in the wire form
CHAIN_ENTRIES = 50
ATTACHMENTS = 100

_schema = TaskSchema()
_CARRIES_AGENT = {TaskStatus.PLANNING, TaskStatus.ACTIVE, TaskStatus.WAITING}


@dataclass(frozen=True)
class Task:
    """One task in full. Times in ms; `field_versions` maps a wire field to the version of its last change.

    `stored` is where its row has it, while `status` may be about to change.
    """

    id: str
    description: str
    source: dict[str, Any]
    created_at: int
    updated_at: int
    version: int = 1
    field_versions: dict[str, int] = field(default_factory=dict)
    seq: int = 0
    planned: bool = False
    status: TaskStatus = TaskStatus.PENDING
    status_since: int = 0
    status_agent: str | None = None
    status_message: str | None = None
    session_id: str | None = None
    summary: str = ""
    requirements: list[str] = field(default_factory=list)
    acceptance_criteria: list[str] = field(default_factory=list)
    plan: list[str] = field(default_factory=list)
    questions: list[dict[str, Any]] = field(default_factory=list)
    assigned_agent: str | None = None
    archived_at: int | None = None
    deleted_at: int | None = None
    attachments: list[dict[str, Any]] = field(default_factory=list)
    chain: list[dict[str, Any]] = field(default_factory=list)
    stored: Place | None = None

    @cached_property
    def full_form(self) -> dict[str, Any]:
        """The wire Task with every text in full (contract B 2.1), as data for JSON."""
        return _full_form(self)

    def place(self, now: int) -> Place:
        """Where it is once it is stored at `now`."""
        stays = self.stored is not None and self.stored.status is self.status
        return Place(self.status, self.status_since if stays else now, self.archived_at is None)

    @property
    def has_plan(self) -> bool:
        return self.planned and bool(self.plan)

    def with_status(self, status: TaskStatus, *, agent: str | None = None, message: str | None = None) -> "Task":
        """The task in another state; an agent or message the state does not carry is dropped."""
        return replace(
            self,
            status=status,
            status_agent=agent if status in _CARRIES_AGENT else None,
            status_message=(message or "") if status is TaskStatus.FAILED else None,
        )


def _full_form(task: Task) -> dict[str, Any]:
    form: dict[str, Any] = _schema.dump(
        {
            "taskType": "planned" if task.planned else "descriptionOnly",
            "id": task.id,
            "description": task.description,
            "status": _status(task),
            "createdAt": task.created_at,
            "updatedAt": task.updated_at,
            "sessionId": task.session_id,
            "source": task.source,
            "attachments": task.attachments,
            "attachmentCount": len(task.attachments),
            "agentChain": task.chain,
            "chainCount": len(task.chain),
            "summary": task.summary,
            "requirements": task.requirements,
            "acceptanceCriteria": task.acceptance_criteria,
            "plan": task.plan,
            "questions": task.questions,
            "assignedAgent": task.assigned_agent,
            "version": task.version,
            "seq": task.seq,
            "archivedAt": task.archived_at,
            "truncated": [],
        }
    )
    return form


def _status(task: Task) -> dict[str, str]:
    status: dict[str, str] = {"type": task.status}
    if task.status in _CARRIES_AGENT:
        status["agent"] = task.status_agent or ""
    if task.status is TaskStatus.FAILED:
        status["message"] = task.status_message or ""
    return status


def wire_text(task: Task) -> str:
    """The task as it is listed and pushed: JSON text with long texts cut and the cut fields named in `truncated`."""
    form = task.full_form
    cut = {key: _CUTS[key](value) for key, value in form.items() if key in _CUTS}
    truncated = [key for key, value in cut.items() if value != form[key]]
    return dumps(form | cut | {"truncated": truncated})


def _cut_text(text: str) -> str:
    return cut_utf8(text, TEXT_BYTES)


def _cut_list(texts: list[str]) -> list[str]:
    kept, left = [], LIST_BYTES
    for text in map(_cut_text, texts):
        left -= len(text.encode())
        if left < 0:
            break
        kept.append(text)
    return kept


def _cut_status(status: dict[str, str]) -> dict[str, str]:
    return {key: _cut_text(value) for key, value in status.items()}


def _cut_questions(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = _cut_list([question["question"] for question in questions])
    return [
        {"question": text, "answer": question["answer"] and _cut_text(question["answer"])}
        for text, question in zip(kept, questions, strict=False)
    ]


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


_CUTS: dict[str, Callable[[Any], Any]] = {
    "description": _cut_text,
    "status": _cut_status,
    "attachments": lambda attachments: attachments[-ATTACHMENTS:],
    "agentChain": _cut_chain,
    "summary": _cut_text,
    "requirements": _cut_list,
    "acceptanceCriteria": _cut_list,
    "plan": _cut_list,
    "questions": _cut_questions,
}
