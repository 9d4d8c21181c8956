"""History of a task: what happened, in order. Entries are written with the change they tell of."""

from typing import Any

import sqlalchemy as sa

from common.db import tables
from common.db.prepared import Prepared
from common.db.reader import Reader
from common.db.write import WriteTransaction
from common.errors import NotFound
from common.schemas.history import HistoryEntrySchema
from common.wire import cut_utf8, dumps
from core.tasks import records

VALUE_BYTES = 4_096
PAGE = 1_000

_h = tables.history
_APPEND = Prepared(sa.insert(_h), [column.name for column in _h.c])
_schema = HistoryEntrySchema()


def entry_form(entry_id: int, at: int, event_type: str, data: dict[str, str]) -> dict[str, Any]:
    """An entry with all its values in full."""
    form: dict[str, Any] = _schema.dump({"id": entry_id, "timestamp": at, "eventType": event_type, "data": data})
    return form


def wire_form(form: dict[str, Any]) -> dict[str, Any]:
    """The entry with values cut at 4,096 bytes; `truncated` names them."""
    cut = {key: cut_utf8(value, VALUE_BYTES) for key, value in form["data"].items()}
    truncated = [key for key, value in cut.items() if value != form["data"][key]]
    return form | {"data": cut} | ({"truncated": truncated} if truncated else {})


def append(tx: WriteTransaction, task_id: str, event_type: str, **data: object) -> None:
    """Writes an entry and sends it along with the task's event. Values become strings, keys are sorted."""
    texts = {key: str(data[key]) for key in sorted(data)}
    entry_id = tx.next_entry_id()
    wire = dumps(wire_form(entry_form(entry_id, tx.now, event_type, texts)))
    values = {"id": entry_id, "task_id": task_id, "at": tx.now, "event_type": event_type, "data": texts, "wire": wire}
    tx.run(_APPEND, values)
    tx.add_history(task_id, wire)


def adopt(tx: WriteTransaction, task_id: str, entries: list[dict[str, Any]]) -> None:
    """Stores the entries (`timestamp`, `eventType`, `data`) of a task from elsewhere. They are read, not pushed."""
    rows = []
    for entry in entries:
        entry_id = tx.next_entry_id()
        wire = dumps(wire_form(entry_form(entry_id, entry["timestamp"], entry["eventType"], entry["data"])))
        row = {"id": entry_id, "task_id": task_id, "at": entry["timestamp"], "event_type": entry["eventType"]}
        rows.append(row | {"data": entry["data"], "wire": wire})
    if rows:
        tx.execute(sa.insert(_h), rows)


def page(reader: Reader, task_id: str, before: int | None, limit: int) -> str:
    """JSON text of the History with the newest `limit` entries older than entry `before`, oldest first."""
    records.load(reader, task_id)
    newest = sa.select(_h.c.wire).where(_h.c.task_id == task_id).order_by(_h.c.id.desc()).limit(min(limit, PAGE))
    if before is not None:
        newest = newest.where(_h.c.id < before)
    wires = [row[0] for row in reader.execute(newest)]
    return f'{{"events":[{",".join(reversed(wires))}]}}'


def entry(reader: Reader, task_id: str, entry_id: int) -> dict[str, Any]:
    """One entry in full. Raises NotFound."""
    records.load(reader, task_id)
    statement = sa.select(_h.c.id, _h.c.at, _h.c.event_type, _h.c.data)
    row = reader.execute(statement.where(_h.c.task_id == task_id, _h.c.id == entry_id)).first()
    if row is None:
        raise NotFound("There is no such history entry.")
    return entry_form(*row)
