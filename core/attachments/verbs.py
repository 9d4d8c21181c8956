"""Attaching, finding and removing files of tasks."""

from typing import Any, NamedTuple

import sqlalchemy as sa

from common.db import tables
from common.db.reader import Reader
from common.db.write import WriteTransaction
from common.errors import Conflict, NotFound
from core import undo
from core.attachments.names import content_type, forms
from core.tasks import history, records
from core.tasks.task import Task

ATTACHMENTS_AT_MOST = 200
_a = tables.attachments


class Attachment(NamedTuple):
    """A row; `id` is the name of its file below `uploads/<taskId>/`."""

    id: str
    filename: str
    size: int
    content_type: str


def check_room(reader: Reader, task_id: str, filename: str) -> None:
    """Raises NotFound or Conflict where an upload could not be attached: asked before its body is read."""
    task = records.load(reader, task_id)
    records.check_writable(task)
    others = [attachment for attachment in task.attachments if attachment["filename"] not in forms(filename)]
    if len(others) >= ATTACHMENTS_AT_MOST:
        raise Conflict(f"A task may have {ATTACHMENTS_AT_MOST} attachments at most. Delete some first.")


def attach(tx: WriteTransaction, task_id: str, attachment_id: str, filename: str, size: int) -> Task:
    """Adds the row of a stored file; an attachment whose name reads the same is replaced."""
    check_room(tx, task_id, filename)
    tx.execute(_of_name(sa.update(_a), task_id, filename).values(deleted_at=tx.now))
    row: dict[str, Any] = {
        "id": attachment_id,
        "task_id": task_id,
        "filename": filename,
        "size": size,
        "content_type": content_type(filename),
        "uploaded_at": tx.now,
    }
    tx.execute(sa.insert(_a), row)
    task = records.save(tx, records.load(tx, task_id), ["attachments"])
    history.append(tx, task_id, "attachment_added", filename=filename, size=size)
    return task


def find(reader: Reader, task_id: str, filename: str) -> Attachment:
    """The attachment of this name; of several that read the same, the one that is written like it. Raises NotFound."""
    records.load(reader, task_id)
    statement = sa.select(_a.c.id, _a.c.filename, _a.c.size, _a.c.content_type)
    found = [Attachment(*row) for row in reader.execute(_of_name(statement, task_id, filename))]
    if not found:
        raise NotFound("This task has no attachment of that name; it may have been deleted.")
    return max(found, key=lambda attachment: attachment.filename == filename)


def remove(tx: WriteTransaction, task_id: str, filename: str) -> tuple[Task, str]:
    """Removes an attachment; returns the task and the undo token. Its file stays until the undo has expired."""
    records.check_writable(records.load(tx, task_id))
    attachment = find(tx, task_id, filename)
    tx.execute(sa.update(_a).where(_a.c.id == attachment.id).values(deleted_at=tx.now))
    task = records.save(tx, records.load(tx, task_id), ["attachments"])
    history.append(tx, task_id, "attachment_deleted", filename=attachment.filename)
    return task, undo.remember(tx, "attachment", task_id, attachment.id)


def _of_name(statement: Any, task_id: str, filename: str) -> Any:
    return statement.where(_a.c.task_id == task_id, _a.c.filename.in_(forms(filename)), _a.c.deleted_at.is_(None))
