"""Liveness, readiness and metrics, for those who operate the server."""

from flask import Blueprint, Response

from common.db import sqlite
from common.errors import ChorusError
from common.wire import dumps
from webapp import metrics, state

blueprint = Blueprint("operations", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return _json({"status": "ok"}, 200)


@blueprint.get("/readyz")
def readyz() -> Response:
    """A workspace is open and its database can be read; `warnings` names what is not as it should be."""
    module = sqlite.library(state.current().settings.sqlite)
    try:
        with state.current().workspace.get().database.read() as reading:
            position = str(reading.position)
    except ChorusError as error:
        return _json({"status": "unready", "detail": error.message}, 503)
    return _json({"status": "ready", "position": position, "warnings": sqlite.warnings(module)}, 200)


@blueprint.get("/metrics")
def get_metrics() -> Response:
    """Prometheus text."""
    return Response(metrics.exposition(), mimetype="text/plain", content_type=metrics.CONTENT_TYPE)


def _json(body: dict[str, object], status: int) -> Response:
    return Response(dumps(body), status, mimetype="application/json", headers={"Cache-Control": "no-store"})
