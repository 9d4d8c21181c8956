"""Making a backup while the server runs."""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import IO, NamedTuple

import sqlalchemy as sa

from common.build import VERSION
from common.clock import now_ms
from common.db import eventlog, sqlite, tables
from common.db.eventlog import Position
from common.db.home import DATABASE
from common.db.output import OUTPUT
from common.files import beside, replacing
from core import zips
from core.config.file import CONFIG_FILE
from core.workspaces.opening import UPLOADS, check_usable

FORMAT, FORMAT_VERSION = "chorus-backup", 1
MANIFEST = "backup.json"

Progress = Callable[[str, int], None]  # what is being done, and how many are done


class Made(NamedTuple):
    """What a backup holds. `missing`: ids of attachments whose file is not in the workspace's folder."""

    position: Position
    tasks: int
    attachments: int
    missing: list[str]
    size: int


def make(folder: Path, module: ModuleType, target: Path, progress: Progress = lambda _what, _count: None) -> Made:
    """Writes the backup of the workspace in `folder` to `target`, whole or not at all.

    Raises FileExistsError, UnusableWorkspace, OSError.
    """
    if target.exists():
        raise FileExistsError(f"{target} exists already. Name another file, or move it away.")
    check_usable(folder / DATABASE, module)
    copies = [beside(target) for _ in (DATABASE, OUTPUT)]
    try:
        with replacing(target, zips.PRIVATE) as file:
            made = _write(folder, module, file, copies, progress)
        return made._replace(size=target.stat().st_size)
    finally:
        for path in copies:
            path.unlink(missing_ok=True)


def _write(folder: Path, module: ModuleType, file: IO[bytes], copies: list[Path], progress: Progress) -> Made:
    """Files are never changed, only added and, some time after their row, deleted. So: the files that are there, then
    the database at one instant, then the files that have come meanwhile. Each row then has its file."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for count, path in enumerate(_files(folder / UPLOADS), 1):
            _add(archive, path, f"{UPLOADS}/{path.parent.name}/{path.name}")
            progress("attachments", count)
        progress("database", 0)
        sqlite.copy(folder / DATABASE, copies[0], module)
        made, expected = _contents(copies[0], module)
        for name in sorted(expected - set(archive.namelist())):
            _add(archive, folder / name, name)
        archive.write(copies[0], DATABASE)
        if (folder / OUTPUT).is_file():  # not every workspace has one
            sqlite.copy(folder / OUTPUT, copies[1], module)
            archive.write(copies[1], OUTPUT)
        _add(archive, folder / CONFIG_FILE, CONFIG_FILE)
        archive.writestr(MANIFEST, _manifest(made))
        missing = sorted(name.rpartition("/")[2] for name in expected - set(archive.namelist()))
    return made._replace(missing=missing)


def _files(uploads: Path) -> Iterator[Path]:
    return (path for path in uploads.glob("*/*") if path.is_file())


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    """Streams a file into the zip; one that has been deleted meanwhile is left out."""
    try:
        with open(path, "rb") as source, archive.open(name, "w") as entry:
            shutil.copyfileobj(source, entry, zips.CHUNK)
    except FileNotFoundError:
        return


def _contents(database: Path, module: ModuleType) -> tuple[Made, set[str]]:
    """What the copied database holds, and the names of the files that its rows need."""
    a, t = tables.attachments, tables.tasks
    engine = sqlite.engine(database, module, read_only=True, pool_size=1)
    try:
        with engine.begin() as connection:
            head = eventlog.head(connection)
            live = sa.select(a.c.task_id, a.c.id).where(a.c.deleted_at.is_(None))
            names = {f"{UPLOADS}/{task}/{name}" for task, name in connection.execute(live)}
            count = sa.select(sa.func.count()).select_from(t).where(t.c.deleted_at.is_(None))
            tasks = connection.execute(count).scalar_one()
    finally:
        engine.dispose()
    return Made(Position(head.epoch, head.seq), tasks, len(names), [], 0), names


def _manifest(made: Made) -> str:
    about = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "madeAt": now_ms(),
        "chorus": VERSION,
        "position": str(made.position),
        "tasks": made.tasks,
        "attachments": made.attachments,
    }
    return json.dumps(about, indent=2) + "\n"
