"""What a failing request says about what it has changed: nothing, or that it has, but never what is not true."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from common.db import sqlite
from common.db.database import Database
from common.errors import ServiceUnavailable
from core.board import recovery
from core.config import file
from core.tasks import queries, verbs
from core.workspaces import opening
from tests.helpers.api import Api, refused
from tests.helpers.workspace import SOURCE
from webapp import api as routes
from webapp import kept, state
from webapp.errors import NOTHING, SOMETHING
from webapp.slots import one_of

NEW = {"description": "new", "source": SOURCE}


def broken(*_: object, **__: object) -> Any:
    raise RuntimeError("a bug")


def test_bug_before_the_commit_changes_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "create", broken)
    error = api.refused("POST", "/api/tasks", 500, "INTERNAL_ERROR", json=NEW)
    assert error["message"].endswith(NOTHING)
    assert api.seq() == 0


def test_bug_after_the_commit_says_so(api: Api, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[None] = []
    monkeypatch.setattr(state.of(app).bell, "ring", lambda: rung.append(None))
    monkeypatch.setattr(routes, "json_response", broken)
    error = api.refused("POST", "/api/tasks", 500, "INTERNAL_ERROR", json=NEW)
    assert error["message"].endswith(SOMETHING)
    monkeypatch.undo()
    assert len(api.ok("GET", "/api/tasks")) == 1


def test_a_read_promises_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "board", broken)
    message = api.refused("GET", "/api/tasks", 500, "INTERNAL_ERROR")["message"]
    assert NOTHING not in message
    assert SOMETHING not in message


def test_upload_whose_row_is_not_stored_leaves_no_file(api: Api, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file came first; what fails may be as late as COMMIT."""
    task_id = api.task()["id"]
    workspace = state.of(app).workspace.get()
    whole = sqlite.transaction

    @contextmanager
    def failing(connection: sa.Connection) -> Iterator[None]:
        with whole(connection):
            yield
            raise ServiceUnavailable("The disk failed.")

    query = {"filename": "a.txt"}
    with monkeypatch.context() as patched:
        patched.setattr(sqlite, "transaction", failing)
        answer = api.request("POST", f"/api/tasks/{task_id}/attachments", query_string=query, data=b"hello")
        assert NOTHING in refused(answer, 503, "SERVICE_UNAVAILABLE")["message"]
    assert list(workspace.uploads.glob("*/*")) == []
    with monkeypatch.context() as patched:
        patched.setattr(routes, "json_response", broken)
        api.refused("POST", f"/api/tasks/{task_id}/attachments", 500, "INTERNAL_ERROR", query_string=query, data=b"1")
    [stored] = workspace.uploads.glob("*/*")
    assert stored.read_bytes() == b"1"


def test_what_follows_a_change_of_the_settings_cannot_fail_it(
    api: Api, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "follow", broken)
    body = {"allowedAgentDirectories": ["/srv"], "initialAgentDirectory": "", "systemAgentProvider": "not-configured"}
    assert api.request("PUT", "/api/config", json=body).status_code == 200
    assert [event["type"] for event in api.events()] == ["config_changed"]


def opened(api: Api) -> str:
    path: str = api.request("GET", "/api/workspaces").get_json()["open"]
    return path


def test_switch_that_fails_after_its_moment_says_so_and_rings(
    api: Api, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(state.of(app).bell, "ring", lambda: rung.append(opened(api)))

    def busy(*_: object, **__: object) -> None:
        raise ServiceUnavailable("The disk failed.")

    monkeypatch.setattr(recovery, "recover", busy)
    answer = api.request("POST", "/api/config/create", json={"path": str(tmp_path / "second")})
    assert refused(answer, 503, "SERVICE_UNAVAILABLE")["message"].endswith(SOMETHING)
    assert rung == [str(tmp_path / "second" / "chorus.json")]


def test_workspace_that_is_made_and_not_opened_is_no_nothing(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise ServiceUnavailable("The disk failed.")

    monkeypatch.setattr(opening, "switch", full)
    answer = api.request("POST", "/api/config/create", json={"path": str(tmp_path / "second")})
    assert refused(answer, 503, "SERVICE_UNAVAILABLE")["message"].endswith(SOMETHING)
    assert "default" in opened(api)


def test_answer_that_cannot_be_kept_for_a_repeat_is_given(
    api: Api, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Another program has locked home.db in that moment. What was done stands, and is answered."""
    home, module = state.of(app).home, sqlite.library(state.of(app).settings.sqlite)
    impatient = sqlite.engine(home.path, module, read_only=False, patience_s=0)
    keep = kept.keep

    def keeping(*arguments: Any) -> None:
        foreign = module.connect(home.path, isolation_level=None)
        foreign.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(home, "_writer", impatient)
        keep(*arguments)
        foreign.close()

    monkeypatch.setattr(kept, "keep", keeping)
    headers = {"Idempotency-Key": "once"}
    answer = api.request("POST", "/api/config/create", json={"path": str(tmp_path / "second")}, headers=headers)
    impatient.dispose()
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert "cannot be kept for a repeat" in caplog.text


def test_error_is_told_where_not_even_the_position_can_be_read(
    api: Api, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the answer nor its headers may fail for the same reason."""

    def unreadable(_: Database) -> Any:
        raise sa.exc.OperationalError("SELECT", None, _broken())

    monkeypatch.setattr(Database, "read", unreadable)
    answer = api.request("GET", "/api/tasks")
    assert "disk failed" in refused(answer, 503, "SERVICE_UNAVAILABLE")["message"]
    assert "X-Chorus-Seq" not in answer.headers


def _broken() -> Exception:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
    return error


def test_one_worker_keeps_house(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with one_of(tmp_path, "housekeeping", 1) as mine, one_of(tmp_path, "housekeeping", 1) as twins:
        assert (mine, twins) == (True, False)
    with one_of(tmp_path, "housekeeping", 1) as mine:
        assert mine
