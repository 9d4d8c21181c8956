"""The workspace's configuration over HTTP. Its answers have `configPath` instead of `meta` (contract B 1.0)."""

import contextlib
from typing import Any

from flask import Response

from common.db.write import WriteTransaction
from common.errors import NotFound, ServiceUnavailable
from common.schemas.workspace import WorkspaceConfigSchema, WriteConfigSchema
from common.wire import dumps
from core.config import file, verbs
from webapp import state
from webapp.answers import WITH_PATH, json_response
from webapp.api import Api

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
    body = {"data": form, "configPath": workspace.config_path, "edited": file.was_edited(workspace.folder, form)}
    return json_response(dumps(body), 200, position)


api.add("GET", "/api/config", get_config, get_config, answer=WorkspaceConfigSchema, errors=(404,), envelope=WITH_PATH)


@api.write(
    "PUT", "/api/config", body=WriteConfigSchema, answer=WorkspaceConfigSchema, if_match=True, envelope=WITH_PATH
)
def put_config(tx: WriteTransaction, body: dict[str, Any], if_match: int | None) -> dict[str, Any]:
    """Replace the configuration."""
    port = verbs.read(tx)["port"]
    form = verbs.replace(tx, body, if_match)
    notice = {"notice": RESTART} if form.get("port") != port else {}
    return {"data": form, "configPath": str(file.path_of(tx.folder))} | notice
