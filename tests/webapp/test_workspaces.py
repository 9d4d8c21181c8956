"""Opening another workspace while the server runs, and what deleting a provider takes along."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from common.db import sqlite
from common.db.home import Home
from common.errors import WorkspaceSwitched
from core.workspaces import switching
from tests.helpers.api import Api
from tests.helpers.workspace import SOURCE
from webapp import state

KEY = "sk-very-secret-0123456789"
KIND = {"type": "openai-compat", "apiBaseUrl": "http://localhost:11434/v1", "defaultModel": "m"}
PROVIDER = {"name": "local", "providerType": KIND | {"apiKey": KEY}}


def switch(api: Api, verb: str, path: Path, **more: Any) -> Any:
    answer = api.request("POST", f"/api/config/{verb}", json={"path": str(path), **more})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


def configured(api: Api) -> None:
    """A provider that the planner and the writer use."""
    api.ok("POST", "/api/providers", 201, json=PROVIDER)
    writer = api.ok("GET", "/api/agents/writer")
    api.ok("PUT", "/api/agents/writer", json=writer | {"provider": "local"})
    config = {"allowedAgentDirectories": [], "initialAgentDirectory": "", "systemAgentProvider": "local"}
    assert api.request("PUT", "/api/config", json=config).status_code == 200


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
    switch(api, "create", tmp_path / "second")
    kept = api.task("kept")
    api.refused("POST", "/api/config/create", 409, "CONFLICT", json={"path": str(tmp_path / "second")})
    assert api.ok("GET", f"/api/tasks/{kept['id']}")["description"] == "kept"


def test_one_of_many_who_make_the_same_workspace_wins(app: Flask, tmp_path: Path) -> None:
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
    configured(api)
    task = api.task()
    api.ok("POST", f"/api/tasks/{task['id']}/plan")
    api.refused("POST", "/api/config/create", 409, "CONFLICT", json={"path": str(tmp_path / "second")})
    switch(api, "select", tmp_path / "second", stopRuns=True)


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


def test_who_is_overtaken_by_another_switch_is_told(app: Flask, api: Api, tmp_path: Path) -> None:
    """Opening what was open when one asked must not open it with its fence."""
    current = state.of(app)
    first = current.workspace.get()
    api.task("in the first")
    switch(api, "create", tmp_path / "second")
    with pytest.raises(WorkspaceSwitched):
        switching.select(current.home, sqlite.library("bundled"), first.folder, first, stop_runs=False)
    api.task("in the second")
    first.database.close()


def test_forgotten_workspace_leaves_the_list_only(api: Api, tmp_path: Path) -> None:
    path = switch(api, "create", tmp_path / "second")["configPath"]
    assert api.request("DELETE", "/api/workspaces", query_string={"path": path}).status_code == 200
    assert path not in json.dumps(api.request("GET", "/api/workspaces").get_json())
    assert (tmp_path / "second" / "chorus.db").exists()


def test_edited_chorus_json_is_noticed(api: Api) -> None:
    path = Path(api.request("GET", "/api/config").get_json()["configPath"])
    assert api.request("GET", "/api/config").get_json()["edited"] is False
    path.write_text("{}")
    assert api.request("GET", "/api/config").get_json()["edited"] is True


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
    before = api.seq()
    deleted = api.ok("DELETE", "/api/providers/local")
    assert deleted["affectedAgents"] == ["writer"]
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
