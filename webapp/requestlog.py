"""One measurement a request, and one log line for those who debug."""

import logging
import time

from flask import Flask, Response, g, request

from webapp.metrics import REQUEST_SECONDS

log = logging.getLogger("chorus.http")
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


def install(app: Flask) -> None:
    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    app.after_request(_finish)


def _finish(response: Response) -> Response:
    seconds = time.perf_counter() - g.began
    route = request.url_rule.rule if request.url_rule else "none"
    method = request.method if request.method in _METHODS else "other"  # each label is kept for ever
    REQUEST_SECONDS.labels(method, route, response.status_code).observe(seconds)
    log.debug("%s %s -> %d (%.1f ms)", request.method, request.path, response.status_code, seconds * 1000)
    return response
