"""Backup and restore: the same workspace again, while the server runs, and nothing changed where it cannot be."""

import contextlib
import json
import shutil
import sqlite3
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from websockets.sync.client import ClientConnection, connect

from cli.following import parts
from common.db import sqlite
from common.db.home import DATABASE, Home
from common.errors import BadRequest, ChorusError, Conflict
from common.events import TaskStatus
from core.attachments import verbs as attachments
from core.backup import making, restoring
from core.backup.making import MANIFEST
from core.board import moves
from core.runs import records
from core.tasks import records as task_records
from core.tasks import verbs as tasks
from core.workspaces.current import CurrentWorkspace, Workspace
from tests.cli.conftest import Chorus
from tests.helpers.disk import full, needs_root, small_disk
from tests.helpers.server import Server
from tests.helpers.workspace import SOURCE, open_workspace

MODULE = sqlite.library("bundled")


# -- with a running server


@pytest.mark.processes
def test_backup_under_load_and_restore(chorus: Chorus, server: Server, tmp_path: Path) -> None:
    """The backup is one instant of the log; after the restore every client is told, and sees just that instant."""
    with writing(server):
        for _ in range(10):
            server.json("POST", "/api/tasks", {"description": "before", "source": SOURCE})
        assert chorus("backup", "backup.zip").status == 0
    backup = tmp_path / "backup.zip"
    assert backup.stat().st_mode & 0o777 == 0o600
    epoch, seq = json.loads(zipfile.ZipFile(backup).read(MANIFEST))["position"].split(":")
    live = server.json("GET", "/api/snapshot")
    expected = live | {"tasks": tasks_at(server, epoch, int(seq)), "seq": int(seq)}
    assert live["epoch"] == epoch
    assert 0 < len(expected["tasks"]) < len(live["tasks"])

    with subscribed(server, live) as first, subscribed(server, live) as second:
        restored = chorus("restore", "backup.zip")
        assert (restored.status, restored.err) == (0, "")
        assert resynced(first) == resynced(second) == "epoch"
        snapshot = server.json("GET", "/api/snapshot")
        assert snapshot["epoch"] != epoch
        assert snapshot | {"epoch": epoch} == expected
        made = server.json("POST", "/api/tasks", {"description": "after", "source": SOURCE})
        for client in (first, second):
            subscribe(client, snapshot)
            assert [receive(client, kind)["type"] for kind in ("welcome", "task_created")]
    for task in snapshot["tasks"]:
        for attachment in task["attachments"]:
            path = f"/api/tasks/{task['id']}/attachments/{quote(attachment['filename'])}"
            assert len(server.request("GET", path)[2]) == attachment["size"]

    folder = Path(live["configPath"]).parent
    kept = next(folder.parent.glob(f"{folder.name}.replaced-*"))
    assert str(kept) in restored.out
    with sqlite3.connect(kept / DATABASE) as former:
        assert former.execute("SELECT count(*) FROM tasks").fetchone()[0] == len(live["tasks"])
        assert former.execute("SELECT 1 FROM tasks WHERE id = ?", (made["id"],)).fetchone() is None
    former.close()


def tasks_at(server: Server, epoch: str, seq: int) -> list[Any]:
    """The board as the events up to `seq` make it."""
    found: dict[str, Any] = {}
    at = 0
    while at < seq:
        for event in server.json("GET", f"/api/events?epoch={epoch}&since={at}")["events"]:
            at = event["seq"]
            changes = [part["data"] for part in parts(event)] if at <= seq else []
            found |= {task["id"]: task for task in changes if isinstance(task, dict) and "taskType" in task}
    return list(found.values())


@contextlib.contextmanager
def writing(server: Server) -> Iterator[None]:
    """Tasks and attachments come in all the while."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            task = server.json("POST", "/api/tasks", {"description": "load", "source": SOURCE})
            server.json("POST", f"/api/tasks/{task['id']}/attachments?filename=a", b"x" * 20_000)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@contextlib.contextmanager
def subscribed(server: Server, snapshot: Any) -> Iterator[ClientConnection]:
    with connect(server.ws_url, compression=None, proxy=None) as client:
        subscribe(client, snapshot)
        receive(client, "welcome")
        yield client


def subscribe(client: ClientConnection, snapshot: Any) -> None:
    client.send(json.dumps({"type": "subscribe", "protocol": 1, "epoch": snapshot["epoch"], "since": snapshot["seq"]}))


def receive(client: ClientConnection, kind: str) -> Any:
    while (message := json.loads(client.recv(10)))["type"] != kind:
        assert message["type"] in ("heartbeat", "task_created", "task_updated", "workspaces_changed")
    return message


def resynced(client: ClientConnection) -> Any:
    return receive(client, "resync")["reason"]


# -- without one


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def backup(workspace: Workspace, tmp_path: Path) -> Path:
    with workspace.database.write() as tx:
        tasks.create(tx, "kept", SOURCE)
    making.make(workspace.folder, MODULE, tmp_path / "backup.zip")
    return tmp_path / "backup.zip"


def restore(tmp_path: Path, source: Path, folder: Path, *, stop_runs: bool = False) -> restoring.Restored:
    home = Home(tmp_path / "home", MODULE)
    current = CurrentWorkspace(home, MODULE, lambda: None)
    opened = None
    with contextlib.suppress(ChorusError):
        opened = current.get()
    try:
        return restoring.restore(home, MODULE, source, folder, opened, stop_runs=stop_runs)
    finally:
        current.close()


def rewritten(source: Path, **changes: bytes | None) -> Path:
    """A copy of a zip with other entries; None leaves one out. `__` in a name stands for `.`, `_s_` for `/`."""
    target = source.with_name("rewritten.zip")
    named = {name.replace("_s_", "/").replace("__", "."): raw for name, raw in changes.items()}
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        entries = {name: old.read(name) for name in old.namelist()} | named
        for name, raw in entries.items():
            if raw is not None:
                new.writestr(name, raw)
    return target


def descriptions(tmp_path: Path) -> list[str]:
    with open_workspace(tmp_path / "home") as opened, opened.database.read() as reading:
        return [row[0] for row in reading.connection.exec_driver_sql("SELECT description FROM tasks ORDER BY rank")]


def manifest(**changes: object) -> bytes:
    return json.dumps({"format": "chorus-backup", "version": 1} | changes).encode()


@pytest.mark.parametrize(
    ("changes", "kind", "says"),
    [
        ({"backup__json": None}, BadRequest, "no backup"),
        ({"backup__json": b"[" * 70_000}, BadRequest, "no backup"),
        ({"chorus__db": None}, BadRequest, "no backup"),
        ({"backup__json": manifest(version=2)}, Conflict, "newer version"),
        ({"chorus__db": b"not a database" * 1000}, BadRequest, "damaged"),
        ({".._s_outside": b"x"}, BadRequest, "points outside"),
    ],
)
def test_refused_backups(
    backup: Path, tmp_path: Path, workspace: Workspace, changes: Any, kind: type[ChorusError], says: str
) -> None:
    with workspace.database.write() as tx:
        tasks.create(tx, "since", SOURCE)
    with pytest.raises(kind, match=says):
        restore(tmp_path, rewritten(backup, **changes), workspace.folder)
    assert descriptions(tmp_path) == ["kept", "since"]
    assert [path.name for path in workspace.folder.parent.iterdir()] == ["default"]


def test_truncated_zip(backup: Path, tmp_path: Path, workspace: Workspace) -> None:
    cut = tmp_path / "cut.zip"
    cut.write_bytes(backup.read_bytes()[:-200])
    with pytest.raises(BadRequest, match="damaged or no zip"):
        restore(tmp_path, cut, workspace.folder)


def test_database_of_a_newer_version(backup: Path, tmp_path: Path, workspace: Workspace) -> None:
    newer = tmp_path / "newer.db"
    newer.write_bytes(zipfile.ZipFile(backup).read(DATABASE))
    with contextlib.closing(sqlite3.connect(newer)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    with pytest.raises(Conflict, match="newer version of Chorus"):
        restore(tmp_path, rewritten(backup, chorus__db=newer.read_bytes()), workspace.folder)


def test_restore_into_a_new_folder(backup: Path, tmp_path: Path) -> None:
    done = restore(tmp_path, backup, tmp_path / "new")
    assert (done.folder, done.replaced, done.tasks) == (tmp_path / "new", None, 1)
    assert descriptions(tmp_path) == ["kept"]
    assert [path.name for path in tmp_path.rglob("*.db") if path.stat().st_mode & 0o077] == []  # they hold keys


def test_folder_with_other_files_is_left_alone(backup: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(Conflict, match="holds other files"):
        restore(tmp_path, backup, tmp_path / "other")
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["file"]


def test_damaged_workspace_is_moved_aside(backup: Path, tmp_path: Path, workspace: Workspace) -> None:
    workspace.close()
    (workspace.folder / DATABASE).write_bytes(b"broken" * 1000)
    home = Home(tmp_path / "home", MODULE)
    home.switch_to(None, 1)
    home.close()
    done = restore(tmp_path, backup, workspace.folder)
    assert done.replaced is not None
    assert (done.replaced / DATABASE).read_bytes() == b"broken" * 1000
    assert descriptions(tmp_path) == ["kept"]


def test_vanished_workspace_comes_back(backup: Path, tmp_path: Path, workspace: Workspace) -> None:
    workspace.close()
    shutil.rmtree(workspace.folder)
    assert restore(tmp_path, backup, workspace.folder).replaced is None
    assert descriptions(tmp_path) == ["kept"]


def test_runs_of_the_backup_are_interrupted_and_those_at_work_stop(tmp_path: Path, workspace: Workspace) -> None:
    with workspace.database.write() as tx:
        task = tasks.create(tx, "at work", SOURCE)
        run = records.insert(tx, task.id, "writer", "agent", "Do it", tools=[], parent=None)
        moves.move(tx, task, TaskStatus.ACTIVE, agent="writer")
    making.make(workspace.folder, MODULE, tmp_path / "backup.zip")
    with pytest.raises(Conflict, match="Agents work"):
        restore(tmp_path, tmp_path / "backup.zip", workspace.folder)
    restore(tmp_path, tmp_path / "backup.zip", workspace.folder, stop_runs=True)
    with open_workspace(tmp_path / "home") as opened, opened.database.read() as reading:
        assert records.load(reading, run["id"])["state"] == "interrupted"
        assert task_records.load(reading, task.id).status == "waiting"


def test_restore_over_locked_output_ends_and_loses_nothing(
    backup: Path, tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A foreign program has it. It comes last, when the rest is in place: that is told, and is no failure."""
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.01)
    with workspace.database.write() as tx:
        tasks.create(tx, "since", SOURCE)
    foreign = MODULE.connect(workspace.folder / "output.db", isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    [problem] = restore(tmp_path, backup, workspace.folder).problems
    assert problem.startswith("What agents said is not in place: The database is locked")
    foreign.close()
    [kept] = workspace.folder.parent.glob("default.replaced-*")
    for folder, expected in ((workspace.folder, ["kept"]), (kept, ["kept", "since"])):
        with contextlib.closing(MODULE.connect(folder / DATABASE)) as found:
            assert [row[0] for row in found.execute("SELECT description FROM tasks ORDER BY rank")] == expected


@needs_root
def test_backup_to_a_full_disk_leaves_nothing(tmp_path: Path, workspace: Workspace) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        with full(disk), pytest.raises((OSError, MODULE.DatabaseError)):
            making.make(workspace.folder, MODULE, disk / "backup.zip")
        assert list(disk.iterdir()) == []


def test_backup_says_which_files_are_missing(tmp_path: Path, workspace: Workspace) -> None:
    with workspace.database.write() as tx:
        task = tasks.create(tx, "x", SOURCE)
        attachments.attach(tx, task.id, "no-such-file", "a.txt", 3)
    made = making.make(workspace.folder, MODULE, tmp_path / "backup.zip")
    assert made.missing == ["no-such-file"]
    assert restore(tmp_path, tmp_path / "backup.zip", tmp_path / "new").missing == ["no-such-file"]


def test_backup_replaces_nothing(tmp_path: Path, workspace: Workspace) -> None:
    target = tmp_path / "kept.zip"
    target.write_bytes(b"of yesterday")
    with pytest.raises(FileExistsError, match="exists already"):
        making.make(workspace.folder, MODULE, target)
    assert target.read_bytes() == b"of yesterday"
