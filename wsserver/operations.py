"""Liveness, readiness and metrics, for those who operate the sidecar."""

import time

import gevent
import sqlalchemy as sa
from flask import Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as HTTPMethodNotAllowed
from werkzeug.routing import WebsocketMismatch

from common.db import sqlite
from common.errors import BadRequest, ChorusError, MethodNotAllowed, NotFound
from common.security import HEADERS
from common.wire import dumps
from wsserver.sidecar import Sidecar

PROOF_WITHIN_S = 0.7
_POLL_S = 0.01


def install(app: Flask, sidecar: Sidecar) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        """The process answers."""
        return _json({"status": "ok"}, 200)

    @app.get("/readyz")
    def readyz() -> Response:
        """Clients are served: the newest event of the log has just reached our own client. 503 says what is not so."""
        detail = unready(sidecar)
        if detail:
            return _json({"status": "unready", "detail": detail}, 503)
        warnings = sqlite.warnings(sqlite.library(sidecar.settings.sqlite))
        return _json({"status": "ready", "detail": "", "warnings": warnings}, 200)

    @app.get("/metrics")
    def metrics() -> Response:
        """Prometheus text."""
        return Response(sidecar.metrics.text(), content_type=CONTENT_TYPE_LATEST)

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        """The one error shape for Flask's own refusals."""
        known = _known(error)
        answer = _json(known.body(), known.status)
        if isinstance(known, MethodNotAllowed):
            answer.headers["Allow"] = known.allowed
        return answer


def _known(error: HTTPException) -> ChorusError:
    if isinstance(error, HTTPMethodNotAllowed):
        return MethodNotAllowed(sorted(error.valid_methods or ()), request.method)
    if isinstance(error, WebsocketMismatch):
        return BadRequest("Open this address as a WebSocket.")
    if error.code == 500:
        return ChorusError("The sidecar failed to do this; it is our bug. The log has the details.")
    return NotFound("Nothing is served here.") if error.code == 404 else BadRequest(error.name)


def unready(sidecar: Sidecar) -> str:
    """Why clients are not served as they should be; "" once what the log holds now has reached our own client."""
    deadline = time.monotonic() + PROOF_WITHIN_S
    try:
        newest = sidecar.newest()
    except sa.exc.DBAPIError as error:
        return f"The log cannot be read: {error.orig}."
    while detail := _missing(sidecar, newest):
        if time.monotonic() > deadline:
            return detail
        gevent.sleep(_POLL_S)
    return ""


def _missing(sidecar: Sidecar, newest: int) -> str:
    if sidecar.problem:
        return sidecar.problem
    if sidecar.head < newest:
        return f"The log is at event {newest}, the sidecar at {sidecar.head}."
    if not sidecar.canary.is_well() or (sidecar.canary.seq or 0) < newest:
        return "The sidecar's own client is not served."
    return ""


def _json(body: dict[str, object], status: int) -> Response:
    return Response(dumps(body), status, mimetype="application/json", headers={"Cache-Control": "no-store"})
