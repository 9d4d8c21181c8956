"""Writing an export."""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import sqlalchemy as sa

from common.build import VERSION
from common.clock import now_ms
from common.db import tables
from common.db.database import Reading
from common.entities.run import RUN
from common.entities.task import TASK
from common.files import replacing
from common.schemas.transfer import ExportedRunSchema, ExportedTaskSchema
from core import zips
from core.agents import verbs as agents
from core.attachments import files
from core.config import verbs as config
from core.providers import verbs as providers
from core.tasks import queue, records
from core.transfer import layout
from core.workspaces.current import Workspace

Progress = Callable[[str, int], None]
_task_schema, _run_schema = ExportedTaskSchema(), ExportedRunSchema()
_t, _h, _r, _a = tables.tasks, tables.history, tables.runs, tables.attachments


class Exported(NamedTuple):
    """`missing`: attachments whose file is not in the workspace, as `<task>/<filename>`."""

    tasks: int
    attachments: int
    missing: list[str]
    size: int


def export(workspace: Workspace, target: Path, progress: Progress = lambda _what, _count: None) -> Exported:
    """Writes the workspace, as it is at one instant, to the zip `target`, whole or not at all.

    Raises FileExistsError, OSError.
    """
    if target.exists():
        raise FileExistsError(f"{target} exists already. Name another file, or move it away.")
    with replacing(target) as file, workspace.database.read() as reading:
        done = _write(reading, workspace.uploads, file, progress)
    return done._replace(size=target.stat().st_size)


def _write(reading: Reading, uploads: Path, file: IO[bytes], progress: Progress) -> Exported:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        about = {"format": layout.FORMAT, "version": layout.FORMAT_VERSION, "exportedAt": now_ms(), "chorus": VERSION}
        _add(archive, layout.MANIFEST, about | {"position": str(reading.position)})
        _add(archive, layout.CONFIG, _without(config.form(config.read(reading)), "version"))
        for name in providers.registry.names(reading):
            _add(archive, layout.provider(name), providers.get(reading, name))
        for name in agents.registry.names(reading):
            _add(archive, layout.agent(name), agents.get(reading, name))
        missing = [name for name in _attachments(archive, reading, uploads, progress) if name]
        task_ids = list(
            reading.execute(sa.select(_t.c.id).where(_t.c.deleted_at.is_(None)).order_by(_t.c.rank)).scalars()
        )
        attached = len([name for name in archive.namelist() if name.startswith("uploads/")])
        for count, task_id in enumerate(task_ids, 1):
            _add_task(archive, reading, task_id)
            progress("tasks", count)
    return Exported(len(task_ids), attached, missing, 0)


def _attachments(archive: zipfile.ZipFile, reading: Reading, uploads: Path, progress: Progress) -> Iterator[str | None]:
    """First of all, as files of deleted attachments do not stay for long; says which are missing."""
    live = sa.select(_a.c.task_id, _a.c.id, _a.c.filename).join(_t, _t.c.id == _a.c.task_id)
    statement = live.where(_a.c.deleted_at.is_(None), _t.c.deleted_at.is_(None)).order_by(_a.c.rank)
    for count, (task_id, attachment_id, filename) in enumerate(reading.execute(statement), 1):
        progress("attachments", count)
        try:
            with (
                open(files.path_of(uploads, task_id, attachment_id), "rb") as source,
                archive.open(layout.upload(task_id, filename), "w") as entry,
            ):
                shutil.copyfileobj(source, entry, zips.CHUNK)
            yield None
        except FileNotFoundError:
            yield f"{task_id}/{filename}"


def _add_task(archive: zipfile.ZipFile, reading: Reading, task_id: str) -> None:
    task = records.load(reading, task_id)
    _add(archive, layout.of_task(task_id, layout.TASK), _task_schema.dump(TASK.values(task, TASK.exported())))
    _add(archive, layout.of_task(task_id, layout.HISTORY), {"events": _history(reading, task_id)})
    _add(archive, layout.of_task(task_id, layout.QUEUE), queue.read(reading, task_id))
    rows = reading.execute(sa.select(_r).where(_r.c.task_id == task_id).order_by(_r.c.rank))
    _add(archive, layout.of_task(task_id, layout.RUNS), {"runs": [_run(row._mapping) for row in rows]})


def _history(reading: Reading, task_id: str) -> list[Any]:
    rows = reading.execute(
        sa.select(_h.c.at, _h.c.event_type, _h.c.data).where(_h.c.task_id == task_id).order_by(_h.c.id)
    )
    return [{"timestamp": row[0], "eventType": row[1], "data": row[2]} for row in rows]


def _run(row: Any) -> Any:
    return _run_schema.dump(RUN.values(row, RUN.exported()))


def _without(form: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in form.items() if key not in keys}


def _add(archive: zipfile.ZipFile, name: str, value: Any) -> None:
    archive.writestr(name, json.dumps(value, ensure_ascii=False, indent=2) + "\n")
