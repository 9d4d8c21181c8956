"""Restoring a backup, also while the server runs: built beside, checked, and put in place in one transaction.

The workspace that was there is kept beside under a dated name. The log gets a new epoch, so every open page takes a
snapshot. The database file itself stays, with a new content: a file that is open elsewhere is never moved away.
"""

import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import sqlalchemy as sa

from common.db import sqlite, tables
from common.db.home import DATABASE, Home
from common.db.output import OUTPUT
from common.db.writers import WriterQueue
from common.errors import BadRequest, ChorusError, Conflict
from common.files import sync_folder, sync_tree
from core import zips
from core.backup.making import FORMAT, FORMAT_VERSION, MANIFEST, Progress
from core.board import lifecycle
from core.config import file
from core.config import verbs as config
from core.workspaces import opening
from core.workspaces.current import Workspace
from core.workspaces.locks import alone
from core.workspaces.opening import UPLOADS, UnusableWorkspace
from core.workspaces.switching import end_runs

_LARGEST_MANIFEST = 64 * 1024
_PATIENCE_S = 10.0  # for agents that were told to stop
_INTERRUPTED = "The workspace was restored from a backup."


class Restored(NamedTuple):
    """`replaced` is where the former workspace is kept; None: there was none.

    `problems`: what could not be done after the backup had been put in place.
    """

    folder: Path
    replaced: Path | None
    tasks: int
    attachments: int
    missing: list[str]
    problems: list[str]


def restore(
    home: Home,
    module: ModuleType,
    source: Path,
    folder: Path,
    current: Workspace | None,
    *,
    stop_runs: bool,
    progress: Progress = lambda _what, _count: None,
) -> Restored:
    """Puts the backup `source` into the workspace `folder`, which is made where there is none, and opens it.

    `current` is the open workspace. Raises BadRequest (no backup, or damaged), Conflict (newer, agents at work, other
    files in the folder), Busy where a foreign program has locked a database, OSError; then the workspace is as it was,
    though its agents may have been stopped.
    """
    folder = opening.as_known(home, folder)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with zips.opened(source, folder.parent, (UPLOADS,)) as archive, _stage(folder) as stage:
        _check_manifest(archive, source)
        missing = _unpack(archive, stage, module, progress)
        restored = _finish_stage(stage, module)._replace(folder=folder, missing=missing)
        sync_tree(stage)
        progress("opening", 0)
        with alone(home):
            usable = _is_usable(folder, module)
            if usable:
                opening.check_owner(home, folder)
            else:
                _check_place(folder, current)
            if current is not None:
                end_runs(current, stop_runs)
                _wait_for_ends(current)
            replaced = _replace(stage, folder, module) if usable else _move_in(stage, folder)
            problems = list(_follow(home, stage, folder, module, usable))
    return restored._replace(replaced=replaced, problems=problems)


def _wait_for_ends(current: Workspace) -> None:
    """Agents that were told to stop write to the workspace as it is until they are gone."""
    at_work = sa.select(tables.runs.c.id).where(tables.runs.c.ended_at.is_(None)).limit(1)
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        with current.database.read() as reading:
            if reading.execute(at_work).first() is None:
                return
        time.sleep(0.1)


@contextmanager
def _stage(folder: Path) -> Iterator[Path]:
    """A folder beside the workspace, on the same disk; what is left of it in the end is deleted."""
    stage = folder.with_name(f".{folder.name}.{os.getpid()}.restoring")
    stage.mkdir(mode=0o700)
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _check_manifest(archive: zipfile.ZipFile, source: Path) -> None:
    names = set(archive.namelist())
    about: Any = None
    with suppress(KeyError, ValueError, RecursionError), archive.open(MANIFEST) as entry:
        about = json.loads(entry.read(_LARGEST_MANIFEST))
    if not isinstance(about, dict) or about.get("format") != FORMAT or DATABASE not in names:
        raise BadRequest(f"{source} is no backup of Chorus. `chorus import` takes exports. Nothing was changed.")
    if about.get("version") != FORMAT_VERSION:
        raise Conflict(f"{source} was made by a newer version of Chorus. Update Chorus to restore it.")


def _unpack(archive: zipfile.ZipFile, stage: Path, module: ModuleType, progress: Progress) -> list[str]:
    """Unpacks what the database names, and nothing else; returns the ids of attachments without a file."""
    names = set(archive.namelist())
    for name in {DATABASE, OUTPUT} & names:
        zips.extract(archive, name, stage / name)
        check_sound(stage / name, module)
    try:
        opening.check_usable(stage / DATABASE, module)
    except UnusableWorkspace as error:
        raise Conflict(str(error).replace(str(stage / DATABASE), "The database in the backup")) from None
    (stage / UPLOADS).mkdir(mode=0o700)
    missing = []
    for count, (task_id, attachment_id) in enumerate(_attachments(stage / DATABASE, module), 1):
        name = f"{UPLOADS}/{task_id}/{attachment_id}"
        if name in names:
            zips.extract(archive, name, stage / name)
        else:
            missing.append(attachment_id)
        progress("attachments", count)
    return missing


def check_sound(database: Path, module: ModuleType) -> None:
    """Raises BadRequest where SQLite finds the database damaged."""
    problems = sqlite.problems(database, module)
    if problems:
        raise BadRequest(f"{database.name} is damaged: {problems[0]}. Nothing was changed.")


def _attachments(database: Path, module: ModuleType) -> list[tuple[str, str]]:
    engine = sqlite.engine(database, module, read_only=True, pool_size=1)
    try:
        with engine.begin() as connection:
            a = tables.attachments
            return [(row[0], row[1]) for row in connection.execute(sa.select(a.c.task_id, a.c.id))]
    finally:
        engine.dispose()


def _finish_stage(stage: Path, module: ModuleType) -> Restored:
    """Migrates the database, gives its log a new name, ends runs whose processes are long gone, writes chorus.json."""
    opening.renew(stage / DATABASE, module)
    workspace = Workspace(stage, module, lambda _: None)
    try:
        with workspace.database.read() as reading:
            r = tables.runs
            lost = list(
                reading.execute(sa.select(r.c.id).where(r.c.ended_at.is_(None)).order_by(r.c.rank.desc())).scalars()
            )
            live = tables.tasks.c.deleted_at.is_(None)
            tasks = reading.execute(sa.select(sa.func.count()).select_from(tables.tasks).where(live)).scalar_one()
            file.write(stage, config.form(config.read(reading)))
        for run_id in lost:
            with workspace.database.write() as tx:
                lifecycle.interrupt(tx, run_id, _INTERRUPTED)
        with workspace.database.read() as reading:
            kept = reading.execute(
                sa.select(sa.func.count())
                .select_from(tables.attachments)
                .where(tables.attachments.c.deleted_at.is_(None))
            ).scalar_one()
    finally:
        workspace.close()
    return Restored(stage, None, tasks, kept, [], [])


def _is_usable(folder: Path, module: ModuleType) -> bool:
    try:
        opening.check_usable(folder / DATABASE, module)
    except UnusableWorkspace:
        return False
    return not sqlite.problems(folder / DATABASE, module)


def _replace(stage: Path, folder: Path, module: ModuleType) -> Path:
    """Keeps what is there, then replaces it: files first, the rows that name them second. Writers wait meanwhile."""
    kept = dated(folder, "replaced")
    queue = WriterQueue(folder / DATABASE)
    try:
        with queue.turn():
            _keep(folder, kept, module)
            for path in (stage / UPLOADS).glob("*/*"):
                (folder / UPLOADS / path.parent.name).mkdir(mode=0o700, parents=True, exist_ok=True)
                os.utime(path)  # young: the sweep of files without a row must not take it
                path.replace(folder / UPLOADS / path.parent.name / path.name)
            sync_tree(folder / UPLOADS)
            _replace_database(stage / DATABASE, folder / DATABASE, module)
    except BaseException:
        shutil.rmtree(kept, ignore_errors=True)
        raise
    finally:
        queue.close()
    return kept


def _follow(home: Home, stage: Path, folder: Path, module: ModuleType, usable: bool) -> Iterator[str]:
    """What follows once the backup is in place: nothing undoes that any more, so it says what has failed.

    `usable`: there was a workspace, of which only the database is replaced so far.
    """
    if usable:
        yield from _problem("What agents said is not in place", lambda: _replace_output(stage, folder, module))
        made = stage / file.CONFIG_FILE
        yield from _problem(f"{file.CONFIG_FILE} is not in place", lambda: made.replace(file.path_of(folder)))
    reopen = _reopen if usable else opening.switch
    yield from _problem(f"{folder} is not open", lambda: reopen(home, folder, module))


def _problem(what: str, act: Callable[[], object]) -> Iterator[str]:
    try:
        act()
    except (OSError, ChorusError, UnusableWorkspace, sa.exc.DBAPIError) as error:
        yield f"{what}: {error}"


def _replace_output(stage: Path, folder: Path, module: ModuleType) -> None:
    _replace_database(stage / OUTPUT, folder / OUTPUT, module)


def _replace_database(source: Path, target: Path, module: ModuleType) -> None:
    if source.exists() and target.exists():
        sqlite.overwrite(target, source, module)
    elif source.exists():
        source.replace(target)


def _keep(folder: Path, kept: Path, module: ModuleType) -> None:
    """The workspace as it is now, in a folder of its own; files of attachments are shared, as nobody changes them."""
    kept.mkdir(mode=0o700)
    for name in (DATABASE, OUTPUT):
        if (folder / name).exists():
            sqlite.copy(folder / name, kept / name, module)
    if file.path_of(folder).exists():
        shutil.copy2(file.path_of(folder), kept)
    (kept / UPLOADS).mkdir(mode=0o700)
    if (folder / UPLOADS).exists():
        shutil.copytree(folder / UPLOADS, kept / UPLOADS, copy_function=_link, dirs_exist_ok=True)
    sync_tree(kept)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:  # swept just now
        return
    except OSError:  # a disk without hard links
        shutil.copy2(source, target)


def _check_place(folder: Path, current: Workspace | None) -> None:
    """Whether the new folder may stand where no usable workspace is. Raises Conflict."""
    if _is_free(folder):
        return
    if not (folder / DATABASE).exists():
        raise Conflict(f"{folder} holds other files, and no workspace. Name another folder. Nothing was changed.")
    if current is not None and current.folder == folder:
        raise Conflict(
            f"The database in {folder} is damaged and in use. Stop Chorus, then restore. Nothing was changed."
        )


def _is_free(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def _move_in(stage: Path, folder: Path) -> Path | None:
    """Puts the new folder in place; what is there is moved aside."""
    kept = None
    if not _is_free(folder):
        kept = dated(folder, "damaged")
        folder.rename(kept)
    try:
        stage.rename(folder)  # also onto an empty folder
    except OSError:
        if kept is not None:
            kept.rename(folder)
        raise
    with suppress(OSError):
        sync_folder(folder.parent)
    return kept


def dated(folder: Path, word: str) -> Path:
    """A free name beside `folder`: `default.replaced-20261123-220545`."""
    stem = f"{folder.name}.{word}-{time.strftime('%Y%m%d-%H%M%S')}"
    names = [stem, *(f"{stem}-{number}" for number in range(2, 100))]
    return next(path for name in names if not (path := folder.with_name(name)).exists())


def _reopen(home: Home, folder: Path, module: ModuleType) -> None:
    """The new log's name is known, and the workspace is the open one."""
    if home.open_workspace().folder == folder:
        opening.record(home, folder, module)
    else:
        opening.switch(home, folder, module)
