"""A disk that is full, read-only or gone: a clear answer, nothing lost, and all is well once it is repaired."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from common.db import sqlite
from common.db.home import Home
from common.errors import ServiceUnavailable
from common.settings import load
from core.workspaces import opening
from core.workspaces.current import CurrentWorkspace
from tests.helpers.disk import full, make_read_only, needs_root, small_disk
from tests.helpers.privileges import HELD_BACK
from tests.helpers.server import Server, prepare_server, running
from tests.helpers.workspace import SOURCE, open_workspace

MODULE = sqlite.library("bundled")
CONFIG = {  # large: a small change may fit into what a checkpoint has left of the WAL
    "allowedAgentDirectories": [f"/srv/{number}/{'x' * 240}/{'y' * 240}" for number in range(100)],
    "initialAgentDirectory": "",
    "systemAgentProvider": "not-configured",
}


def refusal(server: Server, method: str, path: str, body: Any) -> tuple[int, str]:
    status, _, raw = server.request(method, path, body)
    return status, json.loads(raw)["error"]["code"]


@needs_root
@pytest.mark.processes
def test_full_disk_and_vanished_folder(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 24) as disk, running(disk / "home") as server:
        task = server.json("POST", "/api/tasks", {"description": "first", "source": SOURCE})
        attachments = f"/api/tasks/{task['id']}/attachments"
        workers = server.workers("webapp")
        large = {"description": "x" * 60_000, "source": SOURCE}
        with full(disk):
            for _ in range(4):  # each worker
                assert refusal(server, "POST", "/api/tasks", large) == (507, "STORAGE_FULL")
            assert refusal(server, "POST", f"{attachments}?filename=a", b"x" * 9_000_000) == (507, "STORAGE_FULL")
            assert refusal(server, "PUT", "/api/config", CONFIG) == (507, "STORAGE_FULL")
            assert [task["description"] for task in server.json("GET", "/api/tasks")] == ["first"]
        server.json("POST", "/api/tasks", large)
        server.json("POST", f"{attachments}?filename=a", b"x" * 5_000_000)
        server.json("PUT", "/api/config", CONFIG)
        assert set(workers) <= set(server.workers("webapp"))

        workspace = disk / "home" / "workspaces" / "default"
        workspace.rename(workspace.with_name("away"))
        assert refusal(server, "POST", "/api/tasks", large) == (503, "SERVICE_UNAVAILABLE")
        assert refusal(server, "POST", f"{attachments}?filename=b", b"x") == (503, "SERVICE_UNAVAILABLE")
        assert server.request("GET", "/readyz")[0] == 503
        workspace.with_name("away").rename(workspace)
        server.json("POST", "/api/tasks", large)
        assert len(server.json("GET", "/api/tasks")) == 3


@needs_root
def test_read_only_workspace_is_not_opened(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 8) as disk:
        opening.create(disk / "workspace", MODULE)
        make_read_only(disk)
        settings = load(
            {"CHORUS_HOME": str(tmp_path / "home"), "CHORUS_CONFIG": str(disk / "workspace" / "chorus.json")}
        )
        home = opening.prepare(settings)
        state = home.open_workspace()
        home.close()
    assert state.folder is None
    assert "read-only" in (state.problem or "")


@pytest.mark.processes
def test_workspace_becomes_read_only_while_open(tmp_path: Path) -> None:
    """A process that has the files open goes on as before, another one refuses; what is acknowledged is not lost."""
    server = prepare_server(tmp_path / "home")
    server.wrapper = HELD_BACK
    folder = server.home / "workspaces" / "default"
    try:
        server.start()
        task = server.json("POST", "/api/tasks", {"description": "before", "source": SOURCE})
        attachments = f"/api/tasks/{task['id']}/attachments"
        server.json("POST", f"{attachments}?filename=a", b"kept")
        with read_only(folder):
            assert refusal(server, "POST", f"{attachments}?filename=b", b"x") == (503, "SERVICE_UNAVAILABLE")
            stored = {"before"}
            for number in range(10):  # both workers
                if change(server, task["id"], f"change {number}"):
                    stored = {f"change {number}"}
            told = {server.request("GET", f"{attachments}/a")[0] for _ in range(10)}
            assert told <= {200, 503}
        server.json("POST", f"{attachments}?filename=b", b"x")
        assert {task["description"] for task in server.json("GET", "/api/tasks")} == stored
        assert server.request("GET", f"{attachments}/a")[2] == b"kept"
        assert all(change(server, task["id"], f"again {number}") for number in range(10))
        server.stop_all()
    finally:
        server.kill_all()


def change(server: Server, task_id: str, description: str) -> bool:
    """True where it was acknowledged; otherwise it must be refused for the folder or, logged, for the disk."""
    status, _, raw = server.request("PATCH", f"/api/tasks/{task_id}", {"description": description})
    if status == 200:
        return True
    assert status == 503, raw
    assert b"cannot be written" in raw or "The disk failed: disk I/O error (SQLITE_IOERR" in server.output, raw
    return False


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """All below `folder`, for everybody."""
    paths = [folder, *folder.rglob("*")]
    modes = [path.stat().st_mode for path in paths]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield
    finally:
        for path, mode in zip(paths, modes, strict=True):
            path.chmod(mode)


def test_another_server_has_the_workspace_open(tmp_path: Path) -> None:
    opening.prepare(load({"CHORUS_HOME": str(tmp_path / "first")})).close()
    with open_workspace(tmp_path / "first") as workspace:
        state = prepared(tmp_path / "second", workspace.folder)
        assert state.folder is None
        assert f"CHORUS_HOME={tmp_path / 'first'}" in (state.problem or "")
    assert prepared(tmp_path / "second", workspace.folder).folder == workspace.folder


def prepared(home: Path, folder: Path) -> Any:
    opened = opening.prepare(load({"CHORUS_HOME": str(home), "CHORUS_CONFIG": str(folder / "chorus.json")}))
    state = opened.open_workspace()
    opened.close()
    return state


def test_workspace_that_is_gone_when_a_process_opens_it(tmp_path: Path) -> None:
    with open_workspace(tmp_path) as workspace:
        folder = workspace.folder
    folder.rename(tmp_path / "away")
    current = CurrentWorkspace(Home(tmp_path, MODULE), MODULE, lambda: None)
    with pytest.raises(ServiceUnavailable):
        current.get()
    (tmp_path / "away").rename(folder)
    with current.get().database.read() as reading:
        assert reading.position.seq == 0
    current.close()
