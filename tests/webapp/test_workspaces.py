"""Opening another workspace while the server runs, and what deleting a provider takes along."""

import contextlib
import io
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from common import queue
from common.clock import now_ms
from common.db import sqlite, tables
from common.db.home import Home, answers
from common.errors import WorkspaceSwitched
from common.events import EventType
from common.settings import load
from core import housekeeping
from core.board import commands, lifecycle, planning
from core.idempotency import KEEP_MS
from core.runs import leases
from core.runs import records as run_records
from core.workspaces import locks, opening, switching
from tests.helpers.api import Api
from tests.helpers.workspace import SOURCE, open_workspace, quickly_prepared
from tests.webapp.conftest import serving
from webapp import state
from webapp import workspaces as webworkspaces

KEY = "sk-very-secret-0123456789"
KIND = {"type": "openai-compat", "apiBaseUrl": "http://localhost:11434/v1", "defaultModel": "m"}
CONFIG = {"allowedAgentDirectories": ["/a"], "initialAgentDirectory": "/a", "systemAgentProvider": "not-configured"}
PROVIDER = {"name": "local", "providerType": KIND | {"apiKey": KEY}}


def switch(api: Api, verb: str, path: Path, **more: Any) -> Any:
    answer = api.request("POST", f"/api/config/{verb}", json={"path": str(path), **more})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


def workspaces(api: Api) -> Any:
    return api.request("GET", "/api/workspaces").get_json()


def configured(api: Api) -> None:
    """A provider that the planner and all agents use: they take the first one."""
    api.ok("POST", "/api/providers", 201, json=PROVIDER)
    config = {"allowedAgentDirectories": [], "initialAgentDirectory": "", "systemAgentProvider": "local"}
    assert api.request("PUT", "/api/config", json=config).status_code == 200


def test_the_bell_rings_for_the_recent_list(app: Flask, api: Api, tmp_path: Path) -> None:
    """As for everything else: the screens are told at once."""
    with contextlib.closing(queue.listen(queue.bell_path(state.of(app).settings.home))) as bell:
        switch(api, "create", tmp_path / "second")
        assert bell.recv(1)
        queue.drain(bell)
        token = api.request("DELETE", f"/api/workspaces?path={tmp_path}/second/chorus.json").get_json()["data"]["undo"]
        assert bell.recv(1)
        queue.drain(bell)
        api.ok("POST", f"/api/undo/{token}")
        assert bell.recv(1)


def test_created_workspace_is_open_for_everybody_and_the_first_comes_back(api: Api, tmp_path: Path) -> None:
    task = api.task("in the first")
    before = api.ok("GET", "/api/snapshot")
    made = switch(api, "create", tmp_path / "second")
    assert made["configPath"] == str(tmp_path / "second" / "chorus.json")
    inside = api.ok("GET", "/api/snapshot")
    assert inside["tasks"] == []
    assert inside["epoch"] != before["epoch"]
    api.refused("GET", f"/api/tasks/{task['id']}", 404, "NOT_FOUND")
    recent = api.request("GET", "/api/workspaces").get_json()["data"]
    assert [entry["configPath"] for entry in recent] == [made["configPath"], before["configPath"]]
    switch(api, "select", Path(before["configPath"]))
    after = api.ok("GET", "/api/snapshot")
    assert [each["id"] for each in after["tasks"]] == [task["id"]]
    assert after["epoch"] not in (before["epoch"], inside["epoch"])
    api.task("the fence is gone")


def test_existing_workspace_is_not_made_over(api: Api, tmp_path: Path) -> None:
    """(D4)"""
    switch(api, "create", tmp_path / "second")
    kept = api.task("kept")
    api.refused("POST", "/api/config/create", 409, "CONFLICT", json={"path": str(tmp_path / "second")})
    assert api.ok("GET", f"/api/tasks/{kept['id']}")["description"] == "kept"


def test_one_of_many_who_make_the_same_workspace_wins(app: Flask, tmp_path: Path) -> None:
    """(D13)"""
    statuses: list[int] = []

    def make() -> None:
        body = {"path": str(tmp_path / "same")}
        statuses.append(Api(app).request("POST", "/api/config/create", json=body).status_code)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409, 409, 409]
    Api(app).task("it works")


@pytest.mark.parametrize("content", [b"not a database", b""])
def test_broken_workspace_is_refused_and_left_alone(api: Api, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "chorus.db").write_bytes(content)
    before = api.ok("GET", "/api/snapshot")
    api.refused("POST", "/api/config/select", 409, "CONFLICT", json={"path": str(tmp_path / "broken")})
    assert (tmp_path / "broken" / "chorus.db").read_bytes() == content
    assert api.ok("GET", "/api/snapshot") == before


def test_agents_at_work_keep_the_workspace_open(api: Api, tmp_path: Path) -> None:
    """(D6)"""
    configured(api)
    task = api.task()
    api.ok("POST", f"/api/tasks/{task['id']}/plan")
    error = api.refused("POST", "/api/config/create", 409, "CONFLICT", json={"path": str(tmp_path / "second")})
    assert error["reason"] == "runs"
    assert not (tmp_path / "second").exists()
    switch(api, "create", tmp_path / "second", stopRuns=True)


def test_no_task_is_stuck_in_a_workspace_that_was_left(api: Api, app: Flask, tmp_path: Path) -> None:
    """Whether its run waited, worked, or had handed off."""
    configured(api)
    first = workspaces(api)["open"]
    database = state.of(app).workspace.get().database
    body = {"agentName": "writer", "prompt": "p", "force": True}
    ids = {name: api.task()["id"] for name in ("handed off", "at work", "queued", "planning")}
    for name in ("handed off", "at work", "queued"):
        api.ok("POST", f"/api/tasks/{ids[name]}/handoff", json=body)
        if name != "queued":
            with database.write() as tx:
                claimed = lifecycle.claim(tx)
                assert claimed
                lifecycle.mark_running(tx, claimed[0]["id"])
    with database.write() as tx:
        commands.hand_off(tx, run_records.unfinished(tx, ids["handed off"])[0], "editor", "p")
    api.ok("POST", f"/api/tasks/{ids['planning']}/plan")
    switch(api, "create", tmp_path / "second", stopRuns=True)
    switch(api, "select", Path(first))
    for name, task_id in ids.items():
        expected = "pending" if name == "planning" else "waiting"
        assert (name, api.ok("GET", f"/api/tasks/{task_id}")["status"]["type"]) == (name, expected)
        assert {run["state"] for run in api.ok("GET", f"/api/tasks/{task_id}/runs")} == {"cancelled"}
    again = api.ok("GET", f"/api/tasks/{ids['at work']}/runs")[0]["id"]
    assert api.ok("POST", f"/api/runs/{again}/resume")["status"]["type"] == "active"


def test_open_workspace_is_opened_once_more_and_its_runs_go_on(api: Api, app: Flask) -> None:
    """Two people press Open, or the answer of the first try was lost."""
    configured(api)
    tasks = [api.task()["id"] for _ in range(2)]
    for task_id in tasks:
        api.ok("POST", f"/api/tasks/{task_id}/plan")
    with state.of(app).workspace.get().database.write() as tx:
        claimed = lifecycle.claim(tx)
        assert claimed
        leases.take(tx, claimed[0]["id"], leases.this_process())
    before = api.ok("GET", "/api/snapshot")
    switch(api, "select", Path(workspaces(api)["open"]))
    after = api.ok("GET", "/api/snapshot")
    assert (after["tasks"], after["runs"]) == (before["tasks"], before["runs"])


def test_agents_are_not_stopped_for_a_workspace_that_cannot_be_opened(api: Api, tmp_path: Path) -> None:
    """Another server has it open."""
    configured(api)
    task = api.task()
    api.ok("POST", f"/api/tasks/{task['id']}/plan")
    before = api.ok("GET", "/api/snapshot")
    opening.prepare(load({"CHORUS_HOME": str(tmp_path / "other")})).close()
    with open_workspace(tmp_path / "other") as theirs:
        body = {"path": str(theirs.folder), "stopRuns": True}
        error = api.refused("POST", "/api/config/select", 409, "CONFLICT", json=body)
    assert "open in another Chorus server" in error["message"]
    assert api.ok("GET", "/api/snapshot") == before


@pytest.mark.parametrize("again", ["second", "first"])
def test_switch_that_ended_half_way_is_made_good(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    """A worker is killed after it has fenced the open workspace, before it has opened the other."""
    first = Path(api.ok("GET", "/api/snapshot")["configPath"]).parent
    switch(api, "create", tmp_path / "second")
    switch(api, "select", first)

    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(Home, "switch_to", killed)
        api.request("POST", "/api/config/select", json={"path": str(tmp_path / "second")})
    api.refused("POST", "/api/tasks", 409, "WORKSPACE_SWITCHED", json={"description": "late", "source": SOURCE})
    opened = {"first": first, "second": tmp_path / "second"}[again]
    assert switch(api, "select", opened)["configPath"] == str(opened / "chorus.json")
    api.task("the fence is gone")


@contextlib.contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another program holds the write lock."""
    connection = sqlite.library("bundled").connect(database, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
    finally:
        connection.close()


@pytest.mark.parametrize("name", ["chorus.db", "output.db"])
def test_workspace_that_is_locked_is_not_opened_and_left_alone(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    first = Path(workspaces(api)["open"]).parent
    switch(api, "create", tmp_path / "second")
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.01)
    before = api.ok("GET", "/api/snapshot")
    with locked(first / name):
        api.refused("POST", "/api/config/select", 503, "BUSY", json={"path": str(first)})
    assert api.ok("GET", "/api/snapshot") == before
    api.task("the former is still open")
    assert list(first.glob("*.unusable")) == []


def test_switch_does_not_wait_for_ever_for_another(
    app: Flask, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a restore that somebody has stopped at the terminal: each try would hold a thread."""
    monkeypatch.setattr(webworkspaces, "PATIENCE_S", 0.01)
    with locks.alone(state.of(app).home):
        api.refused("POST", "/api/config/create", 503, "BUSY", json={"path": str(tmp_path / "second")})
    switch(api, "create", tmp_path / "second")


def test_switch_that_home_does_not_take_leaves_the_former_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.01)
    with serving(quickly_prepared(tmp_path / "home")) as app, contextlib.ExitStack() as held:
        api = Api(app)
        first = workspaces(api)["open"]
        switch(api, "create", tmp_path / "second")
        really = Home.switch_to

        def too_late(home: Home, *arguments: Any) -> None:
            held.enter_context(locked(home.path))
            really(home, *arguments)

        with monkeypatch.context() as patched:
            patched.setattr(Home, "switch_to", too_late)
            api.refused("POST", "/api/config/select", 503, "BUSY", json={"path": first})
        api.task("the fence is gone")
        held.close()
        assert switch(api, "select", Path(first))["configPath"] == first


def test_who_is_overtaken_by_another_switch_is_told(app: Flask, api: Api, tmp_path: Path) -> None:
    """(D13) Opening what was open when one asked must not open it with its fence."""
    current = state.of(app)
    first = current.workspace.get()
    api.task("in the first")
    switch(api, "create", tmp_path / "second")
    with pytest.raises(WorkspaceSwitched):
        switching.select(current.home, sqlite.library("bundled"), first.folder, first, stop_runs=False)
    api.task("in the second")
    first.database.close()


def test_forgotten_workspace_leaves_the_list_only_and_comes_back(api: Api, tmp_path: Path) -> None:
    path = switch(api, "create", tmp_path / "second")["configPath"]
    before = workspaces(api)
    answer = api.request("DELETE", "/api/workspaces", query_string={"path": path})
    assert path not in [entry["configPath"] for entry in workspaces(api)["data"]]
    assert (tmp_path / "second" / "chorus.db").exists()
    token = answer.get_json()["data"]["undo"]
    assert api.ok("POST", f"/api/undo/{token}")["restored"] == "workspace"
    assert workspaces(api) == before
    api.refused("POST", f"/api/undo/{token}", 404, "NOT_FOUND")


def test_undo_of_a_task_waits_for_nobody_who_has_home(api: Api, app: Flask) -> None:
    token = api.ok("DELETE", f"/api/tasks/{api.task()['id']}")["undo"]
    with locked(state.of(app).home.path):
        api.ok("POST", f"/api/undo/{token}", headers={"Idempotency-Key": "k"})


def test_repeated_undo_of_a_forgotten_workspace_gets_the_first_answer(api: Api, tmp_path: Path) -> None:
    """A page whose answer was lost tries again with the same key."""
    path = switch(api, "create", tmp_path / "second")["configPath"]
    token = api.request("DELETE", "/api/workspaces", query_string={"path": path}).get_json()["data"]["undo"]
    first, again = (api.request("POST", f"/api/undo/{token}", headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, again.status_code, again.data) == (200, 200, first.data)


def test_workspace_is_known_by_its_other_names(api: Api, tmp_path: Path) -> None:
    """It must not be fenced as the former workspace of itself, nor be listed twice."""
    first = switch(api, "select", Path(workspaces(api)["open"]))["configPath"]
    task = api.task()
    epoch = api.ok("GET", "/api/snapshot")["epoch"]
    (tmp_path / "link").symlink_to(Path(first).parent)
    assert switch(api, "select", tmp_path / "link" / "chorus.json")["configPath"] == first
    assert api.ok("GET", "/api/snapshot")["epoch"] == epoch
    api.ok("PATCH", f"/api/tasks/{task['id']}", json={"description": "still written"})
    assert [entry["configPath"] for entry in workspaces(api)["data"]] == [first]
    second = switch(api, "create", tmp_path / "second")["configPath"]
    assert switch(api, "select", tmp_path / "link")["configPath"] == first
    assert [entry["configPath"] for entry in workspaces(api)["data"]] == [first, second]


def test_list_says_which_is_open_what_is_missing_and_why_none_is(api: Api, app: Flask, tmp_path: Path) -> None:
    first = workspaces(api)["open"]
    second = switch(api, "create", tmp_path / "second")["configPath"]
    assert (workspaces(api)["open"], workspaces(api)["problem"]) == (second, None)
    switch(api, "select", Path(first))
    shutil.rmtree(tmp_path / "second")
    listed = workspaces(api)["data"]
    assert [(entry["configPath"], entry.get("missing", False)) for entry in listed] == [(first, False), (second, True)]
    api.refused("POST", "/api/config/select", 404, "NOT_FOUND", json={"path": second})
    state.of(app).home.switch_to(None, 0, problem="The disk is gone.")
    told = workspaces(api)
    assert told["open"] is None
    assert "The disk is gone." in told["problem"]
    switch(api, "select", Path(first))
    api.task("open again")


def test_another_one_is_opened_after_the_folder_is_lost(api: Api, tmp_path: Path) -> None:
    """Nothing empty is put in its place, and the same folder opens again once it is back."""
    folder = Path(switch(api, "create", tmp_path / "second")["configPath"]).parent
    task = api.task("kept")
    before = api.ok("GET", "/api/snapshot")["epoch"]
    folder.rename(tmp_path / "lost")
    error = api.refused("GET", "/api/snapshot", 503, "SERVICE_UNAVAILABLE")
    assert workspaces(api)["problem"] == error["message"]
    assert not folder.exists()
    switch(api, "select", tmp_path / "lost")
    assert [each["id"] for each in api.ok("GET", "/api/tasks")] == [task["id"]]
    assert api.ok("GET", "/api/snapshot")["epoch"] != before
    api.task("it can be written")
    (tmp_path / "lost").rename(folder)
    switch(api, "select", folder)
    api.task("as before")


def test_answers_of_openings_are_kept_for_a_day(app: Flask, api: Api) -> None:
    body = {"path": workspaces(api)["open"]}
    known = state.of(app).home
    api.request("POST", "/api/config/select", json=body, headers={"Idempotency-Key": "old"})
    with known.writing() as connection:
        connection.execute(sa.update(answers).values(at=now_ms() - KEEP_MS - 1))
    api.request("POST", "/api/config/select", json=body, headers={"Idempotency-Key": "new"})
    with known.reading() as connection:
        assert [name.split()[0] for name in connection.execute(sa.select(answers.c.request)).scalars()] == ["new"]


def test_repeated_key_opens_a_workspace_once(api: Api, tmp_path: Path) -> None:
    first = workspaces(api)["open"]
    body, headers = {"path": str(tmp_path / "second")}, {"Idempotency-Key": "k"}
    made = api.request("POST", "/api/config/create", json=body, headers=headers)
    switch(api, "select", Path(first))
    again = api.request("POST", "/api/config/create", json=body, headers=headers)
    assert (again.status_code, again.data, again.headers["X-Chorus-Seq"]) == (
        made.status_code,
        made.data,
        made.headers["X-Chorus-Seq"],
    )
    assert workspaces(api)["open"] == first
    other = {"path": str(tmp_path / "third")}
    api.refused("POST", "/api/config/create", 422, "KEY_REUSED", json=other, headers=headers)
    missing = {"path": str(tmp_path / "fourth")}
    refusal = [
        api.request("POST", "/api/config/select", json=missing, headers={"Idempotency-Key": "l"}) for _ in range(2)
    ]
    assert [answer.status_code for answer in refusal] == [404, 404]
    assert refusal[0].data == refusal[1].data


def test_change_made_for_another_workspace_is_refused(api: Api, tmp_path: Path) -> None:
    """A page that has not heard of the switch yet must not write what belongs to the former workspace."""
    epoch = api.ok("GET", "/api/snapshot")["epoch"]
    writer = api.ok("GET", "/api/agents/writer") | {"instructions": "of the first"}
    first = switch(api, "create", tmp_path / "second") and workspaces(api)["data"][1]["configPath"]
    headers = {"X-Chorus-Epoch": epoch, "Idempotency-Key": "k"}
    before = api.seq()
    task = {"description": "of the first", "source": SOURCE}
    api.refused("POST", "/api/tasks", 409, "WORKSPACE_SWITCHED", json=task, headers=headers)
    api.refused("PUT", "/api/agents/writer", 409, "WORKSPACE_SWITCHED", json=writer, headers=headers)
    assert api.seq() == before
    headers["X-Chorus-Epoch"] = api.ok("GET", "/api/snapshot")["epoch"]
    api.ok("POST", "/api/tasks", 201, json=task, headers=headers)  # the refusal was not kept under its key
    switch(api, "select", Path(first))
    assert api.ok("GET", "/api/tasks") == []


class OnFirstRead(io.BytesIO):
    """A body during whose upload something happens."""

    def __init__(self, content: bytes, happens: Callable[[], object]) -> None:
        super().__init__(content)
        self._happens: Callable[[], object] | None = happens

    def readinto(self, buffer: Any, /) -> int:
        if self._happens:
            happens, self._happens = self._happens, None
            happens()
        return super().readinto(buffer)


def test_upload_under_a_switch_attaches_nothing(api: Api, tmp_path: Path) -> None:
    """Not even where the other workspace is a copy, which knows the task: the file lies in the first one."""
    path = f"/api/tasks/{api.task()['id']}/attachments"
    first = Path(workspaces(api)["open"]).parent
    shutil.copytree(first, tmp_path / "copy", ignore=shutil.ignore_patterns("*.owner"))
    body = OnFirstRead(b"hello", lambda: switch(api, "select", tmp_path / "copy"))
    api.refused("POST", f"{path}?filename=a.txt", 409, "WORKSPACE_SWITCHED", input_stream=body, content_length=5)
    api.refused("GET", f"{path}/a.txt", 404, "NOT_FOUND")
    assert list(first.rglob("uploads/*/*")) == []


def test_folder_of_the_original_is_to_be_imported(api: Api, tmp_path: Path) -> None:
    """It has a chorus.json and no database: neither verb sends people to the other one."""
    (tmp_path / "chorus.json").write_text(json.dumps(CONFIG))
    body = {"path": str(tmp_path)}
    told = api.refused("POST", "/api/config/select", 404, "NOT_FOUND", json=body)
    assert "./chorus import" in told["message"]
    assert api.refused("POST", "/api/config/create", 409, "CONFLICT", json=body)["message"] == told["message"]


def test_folder_that_cannot_be_made(api: Api, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    error = api.refused("POST", "/api/config/create", 400, "BAD_REQUEST", json={"path": str(tmp_path / "file" / "x")})
    assert "Not a directory" in error["message"]


def config(api: Api) -> Any:
    return api.request("GET", "/api/config").get_json()


def test_edited_chorus_json_is_noticed_and_survives_other_changes(api: Api) -> None:
    path = Path(config(api)["configPath"])
    assert config(api).keys() == {"data", "configPath", "edited"}
    edited = json.dumps(CONFIG | {"port": 9090})
    path.write_text(edited)
    assert config(api)["edited"] is True
    assert config(api)["file"] == CONFIG | {"port": 9090}
    assert api.request("PUT", "/api/config", json=CONFIG | {"archiveDays": 3}).status_code == 200
    assert path.read_text() == edited
    assert config(api)["edited"] is True


def test_edited_chorus_json_is_imported_in_one_event(api: Api) -> None:
    path = Path(config(api)["configPath"])
    path.write_text(json.dumps(CONFIG | {"port": 9090, "archiveDays": 3}))
    before = api.seq()
    answer = api.request("POST", "/api/config/import")
    assert answer.get_json()["notice"]
    [event] = api.events(before)
    assert event["type"] == "config_changed"
    assert (event["data"]["config"]["port"], event["data"]["config"]["archiveDays"]) == (9090, 3)
    assert answer.headers["X-Chorus-Seq"].endswith(f":{event['seq']}")
    assert config(api)["edited"] is False


def test_edited_chorus_json_is_overwritten(api: Api) -> None:
    path = Path(config(api)["configPath"])
    written = path.read_text()
    for text in ("{}", None):
        path.write_text(text) if text else path.unlink()
        assert config(api)["edited"] is True
        assert api.request("POST", "/api/config/overwrite").status_code == 200
        assert path.read_text() == written
    assert [event["type"] for event in api.events()] == ["config_changed"] * 2


def test_chorus_json_that_cannot_be_written_is_no_change(api: Api) -> None:
    path = Path(config(api)["configPath"])
    path.unlink()
    path.mkdir()
    api.refused("POST", "/api/config/overwrite", 503, "SERVICE_UNAVAILABLE")
    assert api.seq() == 0
    assert list(path.parent.glob("chorus.json.*")) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[]", "is no configuration"),
        (b" " * 1_048_577, "larger than 1 MiB"),
        (json.dumps(CONFIG | {"port": "x"}).encode(), "is no configuration"),
        (json.dumps(CONFIG | {"systemAgentProvider": "gone"}).encode(), "Some fields"),
        (None, "cannot be read"),
    ],
)
def test_malformed_chorus_json_is_refused_and_nothing_is_lost(api: Api, content: bytes | None, says: str) -> None:
    path = Path(config(api)["configPath"])
    path.write_bytes(content) if content else path.unlink()
    before = config(api)
    error = api.refused("POST", "/api/config/import", 422, "VALIDATION_ERROR")
    assert says in error["message"]
    assert config(api) == before
    assert api.seq() == 0
    assert not content or path.read_bytes() == content
    switch(api, "select", path)  # the database is the truth: it opens


def test_workspace_says_when_its_tasks_are_archived(api: Api, app: Flask) -> None:
    task_id = api.task()["id"]
    api.ok("PUT", f"/api/tasks/{task_id}/status", json={"status": "failed"})
    workspace = state.of(app).workspace.get()
    with workspace.database.write() as tx:
        tx.execute(sa.update(tables.tasks).values(updated_at=now_ms() - 2 * 24 * 3600 * 1000))
        tx.emit(EventType.RESET, "{}")
    housekeeping.run(workspace.database, workspace.uploads, 7)
    assert len(api.ok("GET", "/api/tasks")) == 1
    assert api.request("PUT", "/api/config", json=CONFIG | {"archiveDays": 1}).status_code == 200
    housekeeping.run(workspace.database, workspace.uploads, 7)
    assert api.ok("GET", "/api/tasks") == []


def test_key_is_never_shown_and_stays_without_being_sent(api: Api) -> None:
    """(S6)"""
    configured(api)
    changed = api.ok("PUT", "/api/providers/local", json={"name": "local", "providerType": KIND})
    assert changed["providerType"]["apiKeyHint"] == KEY[-4:]
    told = json.dumps([api.events(), api.ok("GET", "/api/snapshot"), api.ok("GET", "/api/providers")])
    assert KEY not in told


def test_deleted_provider_is_taken_from_agents_and_planner_in_one_event_and_given_back(api: Api) -> None:
    """(D10)"""
    configured(api)
    everybody = [agent["name"] for agent in api.ok("GET", "/api/agents") if agent["type"] != "internal"]
    before = api.seq()
    deleted = api.ok("DELETE", "/api/providers/local")
    assert deleted["affectedAgents"] == everybody
    [event] = api.events(before)
    assert [part["type"] for part in event["data"]] == ["providers_changed", "agents_changed", "config_changed"]
    assert api.ok("GET", "/api/agents/writer")["isValid"] is False
    api.ok("POST", f"/api/undo/{deleted['undo']}")
    assert api.ok("GET", "/api/agents/writer")["provider"] == "local"
    assert api.request("GET", "/api/config").get_json()["data"]["systemAgentProvider"] == "local"


def test_two_people_change_one_agent(api: Api) -> None:
    agent = api.ok("GET", "/api/agents/editor")
    headers = {"If-Match": f'"{agent["version"]}"'}
    api.ok("PUT", "/api/agents/editor", json=agent | {"instructions": "by one"}, headers=headers)
    body = agent | {"instructions": "by two"}
    error = api.refused("PUT", "/api/agents/editor", 412, "STALE", json=body, headers=headers)
    assert error["current"]["instructions"] == "by one"


def test_deletion_under_an_edit_does_not_bring_the_agent_back(api: Api) -> None:
    agent = api.ok("GET", "/api/agents/editor")
    api.ok("DELETE", "/api/agents/editor")
    headers = {"If-Match": f'"{agent["version"]}"'}
    api.refused("PUT", "/api/agents/editor", 404, "NOT_FOUND", json=agent, headers=headers)
    api.ok("PUT", "/api/agents/editor", json=agent)


def test_agent_at_work_is_not_deleted(api: Api) -> None:
    configured(api)
    task = api.task()
    api.ok("POST", f"/api/tasks/{task['id']}/handoff", json={"agentName": "writer", "prompt": "p", "force": True})
    error = api.refused("DELETE", "/api/agents/writer", 409, "CONFLICT")
    assert "works on a task" in error["message"]


def test_agent_deleted_under_a_plan(api: Api, app: Flask) -> None:
    """The plan still names it; starting it says that it is gone, and changes nothing."""
    configured(api)
    task_id = api.task()["id"]
    workspace = state.of(app).workspace.get()
    with workspace.database.write() as tx:
        planning.plan(tx, task_id)
        planner = run_records.unfinished(tx, task_id)[0]
        output = {
            "summary": "s",
            "requirements": [],
            "acceptanceCriteria": [],
            "plan": ["x"],
            "assignedAgent": "writer",
        }
        planning.take_plan(tx, planner, {"type": "plan"} | output)
        lifecycle.end(tx, planner["id"], "", crashed=False)
    api.ok("DELETE", "/api/agents/writer")
    before = api.ok("GET", f"/api/tasks/{task_id}")
    assert (before["assignedAgent"], before["status"]["type"]) == ("writer", "planned")
    handoff = {"agentName": "writer", "prompt": "p"}
    api.refused("POST", f"/api/tasks/{task_id}/handoff", 404, "NOT_FOUND", json=handoff)
    assert api.ok("GET", f"/api/tasks/{task_id}") == before


def test_provider_deleted_under_a_deleted_agent_is_not_given_back(api: Api) -> None:
    configured(api)
    token = api.ok("DELETE", "/api/agents/writer")["undo"]
    api.ok("DELETE", "/api/providers/local")
    api.ok("POST", f"/api/undo/{token}")
    assert api.ok("GET", "/api/agents/writer")["provider"] == "not-configured"
    task = api.task()["id"]
    api.refused("POST", f"/api/tasks/{task}/plan", 409, "CONFLICT")


def test_name_that_was_given_away_cannot_be_undone(api: Api) -> None:
    configured(api)
    token = api.ok("DELETE", "/api/providers/local")["undo"]
    api.ok("POST", "/api/providers", 201, json={"name": "local", "providerType": {"type": "opencode"}})
    api.refused("POST", f"/api/undo/{token}", 409, "CONFLICT")
