"""Workspaces over HTTP: open, create, list, forget. They work without an open workspace."""

import contextlib
import hashlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Response, request

from common.clock import now_ms
from common.db import sqlite
from common.errors import ChorusError, ServiceUnavailable, ValidationFailed
from common.schemas.workspace import (
    DefaultsSchema,
    ForgottenSchema,
    OpenWorkspaceSchema,
    WorkspaceConfigSchema,
    WorkspaceEntrySchema,
)
from common.wire import dumps
from core.board import recovery
from core.config.file import CONFIG_FILE
from core.workspaces import opening, switching
from core.workspaces.current import Workspace
from core.workspaces.locks import alone
from webapp import kept, requests, state
from webapp.answers import json_response, note_change, position
from webapp.api import Api
from webapp.config import config_answer
from webapp.envelopes import DATA_ONLY, WITH_OPEN, WITH_PATH
from webapp.errors import answer as error_answer

api = Api("workspaces")
PATIENCE_S = 15.0  # for another switch; who waits holds a thread


def select_workspace() -> Response:
    """Open an existing workspace, for everybody."""
    raw, body = requests.json_body(OpenWorkspaceSchema)
    path = Path(body["path"])
    return _switch(switching.select, path.parent if path.name == CONFIG_FILE else path, raw, body)


def create_workspace() -> Response:
    """Make an empty workspace in a folder and open it."""
    raw, body = requests.json_body(OpenWorkspaceSchema)
    return _switch(switching.create, Path(body["path"]), raw, body)


def _switch(act: Any, folder: Path, raw: bytes, body: dict[str, Any]) -> Response:
    current = state.current()
    module = sqlite.library(current.settings.sqlite)
    key = requests.idempotency_request(hashlib.sha256(raw).hexdigest())
    with alone(current.home, PATIENCE_S):
        if answer := kept.first_answer(key):
            return answer
        former = current.home.open_workspace().folder
        try:
            with _noting_made(folder):
                act(current.home, module, folder, _open_workspace(), stop_runs=body["stopRuns"])
            response = _opened(former)
        except ChorusError as error:
            if error.status >= 500 or error.code == "WORKSPACE_SWITCHED":
                raise
            response = error_answer(error)
        kept.keep(key, response)
    return response


@contextlib.contextmanager
def _noting_made(folder: Path) -> Iterator[None]:
    """A workspace that was made is there, also where it could not be opened."""
    was_there = opening.holds_database(folder)
    try:
        yield
    finally:
        if opening.holds_database(folder) and not was_there:
            note_change()


def _opened(former: Path | None) -> Response:
    """What is queued in a workspace that stays open is the runner's next work."""
    current = state.current()
    note_change()
    try:
        workspace = current.workspace.get()
        recovery.recover(workspace.database, "The workspace was closed.", queued=workspace.folder != former)
    finally:
        current.bell.ring()
    return config_answer()


def _readable() -> Workspace:
    """The open workspace. Raises ServiceUnavailable where none is, or its folder is gone."""
    workspace = state.current().workspace.get()
    with workspace.database.read():
        return workspace


def _open_workspace() -> Workspace | None:
    with contextlib.suppress(ServiceUnavailable):
        return _readable()
    return None


def get_defaults() -> Response:
    """Where new workspaces go unless somebody says otherwise."""
    return json_response(dumps({"data": {"defaultWorkspacePath": str(_default_folder())}}), 200, position())


def _default_folder() -> Path:
    return state.current().settings.home / "workspaces"


def list_workspaces() -> Response:
    """Workspaces opened before, the last one first; which is open, or why none is."""
    known = state.current().home
    entries = [
        {"configPath": path, "lastOpenedAt": at} | ({} if opening.is_there(path) else {"missing": True})
        for path, at in known.recent()
    ]
    return json_response(dumps({"data": entries} | _open_or_why()), 200, position())


def _open_or_why() -> dict[str, str | None]:
    try:
        return {"open": _readable().config_path, "problem": None}
    except ServiceUnavailable as error:
        return {"open": None, "problem": error.message}


def forget_workspace() -> Response:
    """Take a workspace off the list; its folder stays as it is. `undo` brings it back within 60 s."""
    path = request.args.get("path", "")
    if not path:
        raise ValidationFailed("The query is not valid.", fields={"path": ["Missing data for required field."]})
    token = secrets.token_urlsafe(16)
    was_listed = state.current().home.forget(path, token, now_ms())
    note_change()
    state.current().bell.ring()
    return json_response(dumps({"data": {"undo": token} if was_listed else {}}), 200, position())


for _path, _view, _errors in (
    ("/api/config/select", select_workspace, (404, 409)),
    ("/api/config/create", create_workspace, (409,)),
):
    api.add(
        "POST",
        _path,
        _view,
        _view,
        answer=WorkspaceConfigSchema,
        body=OpenWorkspaceSchema,
        errors=_errors,
        envelope=WITH_PATH,
    )
api.add("GET", "/api/config/defaults", get_defaults, get_defaults, answer=DefaultsSchema, envelope=DATA_ONLY)
api.add(
    "GET",
    "/api/workspaces",
    list_workspaces,
    list_workspaces,
    answer=WorkspaceEntrySchema,
    many=True,
    envelope=WITH_OPEN,
)
api.add(
    "DELETE",
    "/api/workspaces",
    forget_workspace,
    forget_workspace,
    answer=ForgottenSchema,
    errors=(422,),
    envelope=DATA_ONLY,
)
