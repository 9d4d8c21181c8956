"""Tasks over HTTP: list, read, create, edit, move, delete."""

from typing import Any

from marshmallow import Schema, fields, validate

from common.db.database import Reading
from common.db.write import WriteTransaction
from common.events import TaskStatus
from common.schemas.task import (
    ChangeStatusSchema,
    CreateTaskSchema,
    DeletedSchema,
    EditTaskSchema,
    PlanningSchema,
    TaskSchema,
)
from core.board import commands
from core.tasks import queries, records, verbs
from webapp.api import Api

api = Api("tasks")
Body = dict[str, Any]


class TaskQuery(Schema):
    """Filters of the task list; `before` and `limit` page through archived tasks."""

    status = fields.String(validate=validate.OneOf(list(TaskStatus)))
    archived = fields.Boolean(load_default=False)
    q = fields.String(validate=validate.Length(max=500))
    before = fields.String()
    limit = fields.Integer(load_default=queries.PAGE, validate=validate.Range(1, queries.PAGE))


@api.read("/api/tasks", answer=TaskSchema, many=True, query=TaskQuery, errors=(404,))
def list_tasks(reading: Reading, query: Body) -> str:
    """Tasks in creation order; with `archived=true` the archived ones, last archived first."""
    status = TaskStatus(query["status"]) if "status" in query else None
    search = query.get("q")
    if query["archived"]:
        return queries.archived(reading, status, search, query.get("before"), query["limit"])
    return queries.board(reading, status, search)


@api.read("/api/tasks/<task_id>", answer=TaskSchema, errors=(404,))
def get_task(reading: Reading, task_id: str) -> Body:
    """One task with all its texts in full."""
    return records.load(reading, task_id).full_form


@api.write("POST", "/api/tasks", body=CreateTaskSchema, answer=TaskSchema, status=201)
def create_task(tx: WriteTransaction, body: Body) -> Body:
    """Create a pending task."""
    return verbs.create(tx, **body).full_form


@api.write("PATCH", "/api/tasks/<task_id>", body=EditTaskSchema, answer=TaskSchema, if_match=True, errors=(404, 409))
def edit_task(tx: WriteTransaction, body: Body, if_match: int | None, task_id: str) -> Body:
    """Replace the description."""
    return verbs.edit(tx, task_id, body, if_match).full_form


@api.write(
    "PUT", "/api/tasks/<task_id>/status", body=ChangeStatusSchema, answer=TaskSchema, if_match=True, errors=(404, 409)
)
def change_status(tx: WriteTransaction, body: Body, if_match: int | None, task_id: str) -> Body:
    """Move the task by hand, where the state table has such a move."""
    status = body["status"]
    return commands.change_status(tx, task_id, TaskStatus(status["type"]), status.get("message"), if_match).full_form


@api.write(
    "PUT", "/api/tasks/<task_id>/planning", body=PlanningSchema, answer=TaskSchema, if_match=True, errors=(404, 409)
)
def edit_planning(tx: WriteTransaction, body: Body, if_match: int | None, task_id: str) -> Body:
    """Replace the given planning fields; absent ones stay."""
    return verbs.edit_planning(tx, task_id, body, if_match).full_form


@api.write("DELETE", "/api/tasks/<task_id>", answer=DeletedSchema, errors=(404, 409))
def delete_task(tx: WriteTransaction, task_id: str) -> Body:
    """Delete the task; `undo` brings it back within 60 s."""
    return {"deleted": task_id, "undo": verbs.delete(tx, task_id)}
