"""Workspaces over HTTP: open, create, list, forget. They work without an open workspace."""

import contextlib
from pathlib import Path
from typing import Any

from flask import Response, request

from common.db import sqlite
from common.errors import ServiceUnavailable, ValidationFailed
from common.schemas.workspace import (
    DefaultsSchema,
    EmptySchema,
    OpenWorkspaceSchema,
    WorkspaceConfigSchema,
    WorkspaceEntrySchema,
)
from common.wire import dumps
from core.config.file import CONFIG_FILE
from core.workspaces import switching
from core.workspaces.current import Workspace
from webapp import requests, state
from webapp.answers import DATA_ONLY, WITH_PATH, json_response, position
from webapp.api import Api
from webapp.config import config_answer

api = Api("workspaces")


def select_workspace() -> Response:
    """Open an existing workspace, for everybody."""
    _, body = requests.json_body(OpenWorkspaceSchema)
    path = Path(body["path"])
    return _switch(switching.select, path.parent if path.name == CONFIG_FILE else path, body)


def create_workspace() -> Response:
    """Make an empty workspace in a folder and open it."""
    _, body = requests.json_body(OpenWorkspaceSchema)
    return _switch(switching.create, Path(body["path"]), body)


def _switch(act: Any, folder: Path, body: dict[str, Any]) -> Response:
    current = state.current()
    module = sqlite.library(current.settings.sqlite)
    act(current.home, module, folder, _open_workspace(), stop_runs=body["stopRuns"])
    return config_answer()


def _open_workspace() -> Workspace | None:
    with contextlib.suppress(ServiceUnavailable):
        return state.current().workspace.get()
    return None


def get_defaults() -> Response:
    """Where new workspaces go unless somebody says otherwise."""
    return json_response(dumps({"data": {"defaultWorkspacePath": str(_default_folder())}}), 200, position())


def _default_folder() -> Path:
    return state.current().settings.home / "workspaces"


def list_workspaces() -> Response:
    """Workspaces opened before, the last one first."""
    entries = [{"configPath": path, "lastOpenedAt": at} for path, at in state.current().home.recent_workspaces()]
    return json_response(dumps({"data": entries}), 200, position())


def forget_workspace() -> Response:
    """Take a workspace off the list; its folder stays as it is."""
    path = request.args.get("path", "")
    if not path:
        raise ValidationFailed("The query is not valid.", fields={"path": ["Missing data for required field."]})
    state.current().home.forget(path)
    return json_response(dumps({"data": {}}), 200, position())


for _path, _view in (("/api/config/select", select_workspace), ("/api/config/create", create_workspace)):
    api.add(
        "POST",
        _path,
        _view,
        _view,
        answer=WorkspaceConfigSchema,
        body=OpenWorkspaceSchema,
        errors=(404, 409),
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
    envelope=DATA_ONLY,
)
api.add(
    "DELETE",
    "/api/workspaces",
    forget_workspace,
    forget_workspace,
    answer=EmptySchema,
    errors=(422,),
    envelope=DATA_ONLY,
)
