"""The workspace's configuration over HTTP. Its answers have `configPath` instead of `meta` (contract B 1.0)."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Response

from common.db.write import WriteTransaction
from common.entities.config import CONFIG
from common.errors import NotFound, ServiceUnavailable, ValidationFailed
from common.schemas.workspace import WorkspaceConfigSchema, WriteConfigSchema
from common.wire import dumps
from core.config import file, verbs
from webapp import state
from webapp.answers import json_response
from webapp.api import Api
from webapp.envelopes import WITH_PATH

api = Api("config")
RESTART = "The port takes effect at the next start."


def get_config() -> Response:
    """The configuration of the open workspace."""
    with contextlib.suppress(ServiceUnavailable):
        return config_answer()
    raise NotFound("No workspace is open.")


def config_answer() -> Response:
    """The configuration as it stands; `edited` where somebody has changed chorus.json by hand."""
    workspace = state.current().workspace.get()
    with workspace.database.read() as reading:
        form = verbs.form(verbs.read(reading))
        position = str(reading.position)
    edited = file.was_edited(workspace.folder, form)
    body = {"data": form, "configPath": workspace.config_path, "edited": edited}
    return json_response(dumps(body | (_in_file(workspace.folder) if edited else {})), 200, position)


def _in_file(folder: Path) -> dict[str, Any]:
    """What chorus.json holds, or why that is no configuration."""
    try:
        form = verbs.form(CONFIG.with_defaults(file.read(folder)) | {"version": 0})
        return {"file": {key: value for key, value in form.items() if key != "version"}}
    except ValidationFailed as error:
        details = [f"{field}: {messages}" for field, messages in error.extra.get("fields", {}).items()]
        return {"fileProblem": " ".join([error.message, *details])}


api.add("GET", "/api/config", get_config, get_config, answer=WorkspaceConfigSchema, errors=(404,), envelope=WITH_PATH)


@api.write(
    "PUT", "/api/config", body=WriteConfigSchema, answer=WorkspaceConfigSchema, if_match=True, envelope=WITH_PATH
)
def put_config(tx: WriteTransaction, body: dict[str, Any], if_match: int | None) -> dict[str, Any]:
    """Replace the configuration."""
    return _changed(tx, lambda: verbs.replace(tx, body, if_match))


@api.write("POST", "/api/config/import", answer=WorkspaceConfigSchema, envelope=WITH_PATH)
def import_config(tx: WriteTransaction) -> dict[str, Any]:
    """Take over chorus.json as somebody has edited it; 422 says what is wrong with it."""
    return _changed(tx, lambda: verbs.import_file(tx))


@api.write("POST", "/api/config/overwrite", answer=WorkspaceConfigSchema, envelope=WITH_PATH)
def overwrite_config(tx: WriteTransaction) -> dict[str, Any]:
    """Write chorus.json anew, whatever somebody has put into it."""
    return _changed(tx, lambda: verbs.overwrite_file(tx))


def _changed(tx: WriteTransaction, change: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    port = verbs.read(tx)["port"]
    form = change()
    notice = {"notice": RESTART} if form.get("port") != port else {}
    return {"data": form, "configPath": str(file.path_of(tx.folder))} | notice
