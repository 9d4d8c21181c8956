"""Putting deleted things back: what `POST /api/undo/:token` does."""

from dataclasses import replace

import sqlalchemy as sa

from common.db import tables
from common.db.write import WriteTransaction
from common.errors import Conflict
from common.events import EventType
from core import undo
from core.access import verbs as access
from core.agents import verbs as agents
from core.files.names import composed
from core.insights.rule import task_moved
from core.providers import verbs as providers
from core.tasks import history, queue, records
from core.tasks.task import wire_text
from core.undo import Deletion


def restore(tx: WriteTransaction, token: str) -> Deletion:
    """Undoes the deletion that `token` stands for, with its event. Raises NotFound (expired), Conflict."""
    deletion = undo.redeem(tx, token)
    _RESTORE[deletion.kind](tx, deletion)
    return deletion


def _restore_task(tx: WriteTransaction, deletion: Deletion) -> None:
    t = tables.tasks
    tx.execute(sa.update(t).where(t.c.id == deletion.task_id).values(deleted_at=None))
    task = replace(records.load(tx, deletion.task_id), seq=tx.next_seq)
    tx.count(task_moved(None, task.stored, tx.now))
    wire = wire_text(task)
    tx.execute(sa.update(t).where(t.c.id == task.id).values(seq=task.seq, wire=wire))
    if task.archived_at is None:
        tx.emit(EventType.TASK_CREATED, wire, task_id=task.id)
    else:
        tx.emit(EventType.TASK_ARCHIVED, f'{{"id":"{task.id}"}}', task_id=task.id)
    history.append(tx, task.id, "task_restored")


def _restore_attachment(tx: WriteTransaction, deletion: Deletion) -> None:
    a = tables.attachments
    task = records.load(tx, deletion.task_id)
    filename = tx.execute(sa.select(a.c.filename).where(a.c.id == deletion.row_id)).scalar_one()
    if any(composed(other["filename"]) == composed(filename) for other in task.attachments):
        raise Conflict(f"A newer file named {filename!r} has been attached since; delete or rename it first.")
    tx.execute(sa.update(a).where(a.c.id == deletion.row_id).values(deleted_at=None))
    records.save(tx, records.load(tx, deletion.task_id), ["attachments"])
    history.append(tx, deletion.task_id, "attachment_added", filename=filename)


def _restore_message(tx: WriteTransaction, deletion: Deletion) -> None:
    m = tables.messages
    records.load(tx, deletion.task_id)
    tx.execute(sa.update(m).where(m.c.id == deletion.row_id).values(deleted_at=None))
    content = tx.execute(sa.select(m.c.content).where(m.c.id == deletion.row_id)).scalar_one()
    history.append(tx, deletion.task_id, "message_queued", content=content)
    queue.emit_queue(tx, deletion.task_id)


def _restore_agent(tx: WriteTransaction, deletion: Deletion) -> None:
    agents.restore(tx, int(deletion.row_id))


def _restore_provider(tx: WriteTransaction, deletion: Deletion) -> None:
    providers.restore(tx, int(deletion.row_id), deletion.payload)


def _restore_access_token(tx: WriteTransaction, deletion: Deletion) -> None:
    access.restore(tx, int(deletion.row_id))


_RESTORE = {
    "task": _restore_task,
    "attachment": _restore_attachment,
    "message": _restore_message,
    "agent": _restore_agent,
    "provider": _restore_provider,
    "access_token": _restore_access_token,
}
