"""From the files of an import to what would be stored. Broken parts are told apart from what can be taken."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import marshmallow as ma

from common.entities.run import AGENT, ENDED, RunState
from common.entities.task import PLANNED, TASK
from common.errors import ValidationFailed
from common.events import TaskStatus
from common.fields.base import is_uuid
from common.schemas.transfer import (
    StoredHistorySchema,
    StoredQueueSchema,
    StoredRunSchema,
    StoredRunsSchema,
    StoredTaskSchema,
)
from core.attachments import names
from core.attachments.files import MOST_BYTES
from core.attachments.verbs import ATTACHMENTS_AT_MOST
from core.files.names import composed
from core.runs.stack import end_state
from core.tasks.task import Task
from core.transfer import layout
from core.transfer.sources import Source, Unreadable, read_json

# No process of an import works on anything any more.
_AT_REST = {TaskStatus.PLANNING: TaskStatus.PENDING, TaskStatus.ACTIVE: TaskStatus.WAITING}
_ENDED_ELSEWHERE = "Its workspace was imported."


class Upload(NamedTuple):
    """A file of a task, in the source at `path`."""

    path: str
    filename: str
    size: int
    uploaded_at: int


@dataclass
class TaskParts:
    """A task as it would be stored. `was` is the status it had in the source; `skipped` says what is left out."""

    task: Task
    was: TaskStatus
    history: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def messages_of(error: ma.ValidationError | ValidationFailed) -> str:
    """All that is wrong, in one line."""
    found = error.messages if isinstance(error, ma.ValidationError) else error.extra.get("fields", error.message)
    return "; ".join(f"{'.'.join(path)}: {text}" if path else text for path, text in _flat(found, ()))


def _flat(found: Any, path: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], str]]:
    if isinstance(found, Mapping):
        for key, value in found.items():
            yield from _flat(value, path if key == "_schema" else (*path, str(key)))
    elif isinstance(found, list):
        for value in found:
            yield from _flat(value, path)
    else:
        yield path, str(found)


def read_task(source: Source, task_id: str) -> TaskParts:
    """A task with its parts. Raises Unreadable where the task itself cannot be taken."""
    path = layout.of_task(task_id, layout.TASK)
    form = _load(source, path, StoredTaskSchema())
    if not is_uuid(form["id"]):
        raise Unreadable(f"has the id {form['id']!r}, which is no UUID")
    if form["id"] != task_id:
        raise Unreadable(f"holds task {form['id']}, and lies in the folder of another")
    parts = TaskParts(_task(form), TaskStatus(form["status_form"]["type"]))
    parts.history = _part(source, parts, layout.HISTORY, StoredHistorySchema())
    parts.messages = _part(source, parts, layout.QUEUE, StoredQueueSchema())
    _read_runs(source, parts, form)
    _find_uploads(source, parts, form["attachments"])
    return parts


def _load(source: Source, path: str, schema: ma.Schema) -> Any:
    try:
        return schema.load(read_json(source, path))
    except ma.ValidationError as error:
        raise Unreadable(f"is not valid: {messages_of(error)}") from None


def _task(form: dict[str, Any]) -> Task:
    columns = {field.name: form[field.name] for field in TASK.exported() if field.read is None}
    status = form["status_form"]
    before = TaskStatus(status["type"])
    task = Task(
        **columns
        | {
            "planned": form["task_type"] == PLANNED,
            "status_since": form["status_since"] or form["updated_at"],
            "attachments": [],
            "chain": [],
        }
    )
    return task.with_status(_AT_REST.get(before, before), agent=status["agent"], message=status["message"])


def _part(source: Source, parts: TaskParts, part: str, schema: ma.Schema) -> list[dict[str, Any]]:
    """The list in a part's file; without the file, or where it is broken, nothing."""
    path = layout.of_task(parts.task.id, part)
    if path not in source.names:
        return []
    try:
        found: list[dict[str, Any]] = next(iter(_load(source, path, schema).values()))
    except Unreadable as error:
        parts.skipped[path] = str(error)
        return []
    return found


def _read_runs(source: Source, parts: TaskParts, form: dict[str, Any]) -> None:
    if layout.of_task(parts.task.id, layout.RUNS) in source.names:
        stored = _part(source, parts, layout.RUNS, StoredRunsSchema())
        parts.runs = [_at_rest(run, parts.task) for run in stored]
    else:
        parts.runs = [_run_of(record, parts.task) for record in form["chain"]]


def _at_rest(run: dict[str, Any], task: Task) -> dict[str, Any]:
    if not is_uuid(run["id"]):
        run = run | {"id": str(uuid.uuid4())}
    if run["state"] in ENDED and run["ended_at"] is not None:
        return run
    return run | {"state": RunState.INTERRUPTED, "reason": _ENDED_ELSEWHERE, "ended_at": task.updated_at}


def _run_of(record: dict[str, Any], task: Task) -> dict[str, Any]:
    """The run that an entry of the original's `agentChain` tells of."""
    report = record["completionReport"]
    told = {
        "id": str(uuid.uuid4()),
        "agentName": record["agentName"],
        "kind": AGENT,
        "state": end_state(report and report["status"], crashed=False),
        "reason": None if report else _ENDED_ELSEWHERE,
        "queuedAt": record["startedAt"],
        "startedAt": record["startedAt"],
        "endedAt": record["completedAt"] or task.updated_at,
        "input": record["input"],
        "output": record["output"],
        "completionReport": report,
    }
    run: dict[str, Any] = StoredRunSchema().load(told)
    return run


def _find_uploads(source: Source, parts: TaskParts, listed: list[dict[str, Any]]) -> None:
    """The files of a task: those that it names. Of two whose names read the same the later one counts."""
    wanted = {composed(attachment["filename"]): attachment["uploadedAt"] for attachment in listed}
    for filename, uploaded_at in wanted.items():
        path = layout.upload(parts.task.id, filename)
        problem = _upload_problem(source, path, filename, len(parts.uploads))
        if problem:
            parts.skipped[path] = problem
        else:
            parts.uploads.append(Upload(path, filename, source.names[path], uploaded_at))
    forms = [
        {
            "filename": u.filename,
            "size": u.size,
            "contentType": names.content_type(u.filename),
            "uploadedAt": u.uploaded_at,
        }
        for u in parts.uploads
    ]
    parts.task = replace(parts.task, attachments=forms)


def _upload_problem(source: Source, path: str, filename: str, count: int) -> str | None:
    try:
        names.check_filename(filename)
    except ValidationFailed as error:
        return f"cannot have this name: {messages_of(error)}"
    if path not in source.names:
        return source.strange.get(path, "is missing, though the task names it")
    if source.names[path] > MOST_BYTES:
        return f"has more than {MOST_BYTES // 1024 // 1024} MiB"
    return f"is more than {ATTACHMENTS_AT_MOST} attachments" if count >= ATTACHMENTS_AT_MOST else None
