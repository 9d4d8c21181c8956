"""Sweeping holds the right to write for a bounded number of rows at a time, however much there is to sweep."""

import os
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from common.db import tables
from common.db.database import Database
from common.errors import Busy
from core import housekeeping, idempotency
from core.attachments import files
from core.tasks import history, verbs
from core.workspaces.current import Workspace
from tests.helpers.agents import do
from tests.helpers.workspace import SOURCE

_a = tables.attachments
LONG_AGO = 1
STEPS = 100  # of SQLite's virtual machine: between two looks of the measurement


def attach(workspace: Workspace, task_id: str, count: int, deleted_at: int | None) -> list[str]:
    """Rows of attachments, old enough to be swept; a tenth of them have their file."""
    names = [str(uuid.uuid4()) for _ in range(count)]
    common = {"task_id": task_id, "size": 0, "content_type": "", "uploaded_at": 1, "deleted_at": deleted_at}
    with workspace.database.sweep() as connection:
        connection.execute(sa.insert(_a), [common | {"id": name, "filename": name} for name in names])
    with_files = names[::10]
    leave_files(workspace, task_id, with_files)
    return with_files


def leave_files(workspace: Workspace, task_id: str, names: list[str]) -> None:
    for name in names:
        path = files.path_of(workspace.uploads, task_id, name)
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, (LONG_AGO, LONG_AGO))


def present(workspace: Workspace) -> set[str]:
    return {path.name for path in workspace.uploads.glob("*/*")}


def keep_house(workspace: Workspace) -> None:
    housekeeping.run(workspace.database, workspace.uploads, 7)


class Measured:
    """What each transaction of a sweep did: rows it changed, and steps of SQLite it took to find them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows: list[int] = []
        self.steps: list[int] = []
        self._held = False
        sweep = Database.sweep

        @contextmanager
        def measured(database: Database) -> Iterator[sa.Connection]:
            with sweep(database) as connection:
                driver: Any = connection.connection.dbapi_connection
                before = driver.total_changes
                self.steps.append(0)
                driver.set_progress_handler(self._step, STEPS)
                self._held = True
                try:
                    yield connection
                finally:
                    self._held = False
                    driver.set_progress_handler(None, 0)
                self.rows.append(driver.total_changes - before)

        monkeypatch.setattr(Database, "sweep", measured)

    def _step(self) -> int:
        self.steps[-1] += STEPS
        return 0


def test_sweep_of_twenty_thousand_attachments(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of them are due; the others, and files without a row, lie among them."""
    task = do(workspace, verbs.create, "many", SOURCE)
    most: list[int] = []
    for count in (1_000, 20_000):
        attach(workspace, task.id, count // 2, deleted_at=LONG_AGO)
        kept = attach(workspace, task.id, count // 2, deleted_at=None)
        leave_files(workspace, task.id, [str(uuid.uuid4()) for _ in range(100)])
        with monkeypatch.context() as patched:
            measured = Measured(patched)
            keep_house(workspace)
        assert sum(measured.rows) == count // 2
        assert max(measured.rows) <= housekeeping.MAX_ROWS
        most.append(max(measured.steps))
        assert present(workspace) >= set(kept)
        with workspace.database.read() as reading:
            assert present(workspace) <= set(reading.execute(sa.select(_a.c.id)).scalars())
    assert most[1] <= 2 * most[0], "what a writer waits for does not grow with the number of attachments"


def test_writers_have_their_turn_while_files_are_removed(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the deletion of rows happens in the writers' turn: a write of the sweep's own thread gets one."""
    task = do(workspace, verbs.create, "many", SOURCE)
    attach(workspace, task.id, 300, deleted_at=LONG_AGO)
    leave_files(workspace, task.id, [str(uuid.uuid4()) for _ in range(300)])
    drop, looked = files.drop, files.old
    written: list[str] = []

    def writing(what: str) -> None:
        do(workspace, verbs.edit, task.id, {"description": what}, None)
        written.append(what)

    def dropping(path: Path) -> None:
        if len(written) < 5:
            writing("dropping")
        drop(path)

    def looking(*arguments: Any) -> Iterator[Path]:
        writing("looking")
        yield from looked(*arguments)

    monkeypatch.setattr(files, "drop", dropping)
    monkeypatch.setattr(files, "old", looking)
    keep_house(workspace)
    assert {"dropping", "looking"} <= set(written)
    assert present(workspace) == set()


def test_everything_of_a_task_goes_in_bounded_steps(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long history, keys and tokens too. The task goes last, when nothing of it is left that would go with it."""
    task = do(workspace, verbs.create, "long", SOURCE)
    attach(workspace, task.id, 250, deleted_at=None)
    with workspace.database.write() as tx:
        for _ in range(450):
            history.append(tx, task.id, "status_changed")
    with workspace.database.write(lambda: LONG_AGO) as tx:
        for number in range(450):
            idempotency.keep(tx, idempotency.Request(str(number), ""), idempotency.Answer(200, "{}", ""))
        verbs.delete(tx, task.id)
    measured = Measured(monkeypatch)
    forgotten: list[str] = []

    def forget(tasks: list[str]) -> None:
        """Before the rows that lead to it: should this fail, the next round finds them."""
        with workspace.database.read() as reading:
            rows = reading.execute(sa.select(tables.tasks.c.id).where(tables.tasks.c.id.in_(tasks))).scalars()
            assert list(rows) == tasks
        forgotten.extend(tasks)

    housekeeping.run(workspace.database, workspace.uploads, 7, forget=forget)
    assert forgotten == [task.id]
    assert max(measured.rows) <= housekeeping.MAX_ROWS
    with workspace.database.read() as reading:
        left = {
            table.name: reading.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (tables.tasks, tables.history, _a, tables.idempotency_keys, tables.undo_tokens)
        }
    assert set(left.values()) == {0}, left
    assert present(workspace) == set()


def test_twins_do_no_harm(workspace: Workspace) -> None:
    """Each removes what the other one is about to look at."""
    task = do(workspace, verbs.create, "many", SOURCE)
    kept = attach(workspace, task.id, 10, deleted_at=None)
    attach(workspace, task.id, 700, deleted_at=LONG_AGO)
    leave_files(workspace, task.id, [str(uuid.uuid4()) for _ in range(700)])
    with ThreadPoolExecutor(3) as twins:
        list(twins.map(keep_house, [workspace] * 3))  # raises what one of them raised
    assert present(workspace) == set(kept)


def test_sweep_that_meets_a_lock_is_told_as_one(workspace: Workspace) -> None:
    """It is `Busy`, and the next round does it: not an error of the driver."""
    task = do(workspace, verbs.create, "many", SOURCE)
    attach(workspace, task.id, 3, deleted_at=LONG_AGO)
    connection = workspace.database._immediate
    with connection() as ours:
        ours.exec_driver_sql("PRAGMA busy_timeout=0")
    foreign = workspace._module.connect(workspace.database.path, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy), workspace.database.sweep():
        pass
    foreign.close()
    keep_house(workspace)
    assert present(workspace) == set()


def test_round_ends_when_it_is_told_to(workspace: Workspace) -> None:
    task = do(workspace, verbs.create, "many", SOURCE)
    attach(workspace, task.id, 500, deleted_at=LONG_AGO)
    looks = iter([False, True])
    housekeeping.run(workspace.database, workspace.uploads, 7, thorough=False, stopped=lambda: next(looks))
    assert len(present(workspace)) == (500 - housekeeping.MAX_ROWS) / 10
