"""Every failure in the one error envelope: ours, Flask's, and our bugs."""

import contextlib
import logging

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from common.db import sqlite
from common.errors import BadRequest, ChorusError, MethodNotAllowed, NotFound, NotRecorded
from common.wire import dumps
from webapp.answers import has_changed, json_response, position

log = logging.getLogger(__name__)
PAGE = "pages.page"
_READS = {"GET", "HEAD", "OPTIONS"}
NOTHING = "Nothing was changed."
SOMETHING = "A change had been stored before that: look at it before you try again."


def install(app: Flask) -> None:
    app.register_error_handler(ChorusError, answer)
    app.register_error_handler(HTTPException, lambda error: answer(_from_http(error)))
    app.register_error_handler(Exception, _from_bug)


def answer(error: ChorusError) -> Response:
    """The error as a response. A failure of ours also says whether the request has changed anything."""
    at = position() if request.path.startswith("/api/") else ""
    body = error.body()
    if error.status >= 500 and not isinstance(error, NotRecorded) and request.method not in _READS:
        body["error"]["message"] += f" {SOMETHING if has_changed() else NOTHING}"
    response = json_response(dumps(body), error.status, at)
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = error.allowed
    return response


def _from_http(error: HTTPException) -> ChorusError:
    if error.code == 404 or _only_the_page_is_here(error):
        return NotFound("There is nothing at this address.")
    if error.code == 405:
        return MethodNotAllowed(sorted(getattr(error, "valid_methods", None) or ()), request.method)
    return BadRequest(error.description or "The request is malformed.")


def _only_the_page_is_here(error: HTTPException) -> bool:
    """A 405 below /api/ where no route stands: only the page's catch-all for GET matched."""
    if error.code != 405 or not request.path.startswith("/api/"):
        return False
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None
    with contextlib.suppress(HTTPException):
        return bool(adapter.match(method="GET")[0] == PAGE)
    return False


def _from_bug(error: Exception) -> Response:
    if refusal := sqlite.refusal(error):  # of home.db, or while a workspace is opened
        log.warning("%s %s failed: %s", request.method, request.path, str(error))
        return answer(refusal)
    log.exception("%s %s failed", request.method, request.path, exc_info=error)
    return answer(ChorusError("Chorus failed to do this; it is our bug. The log has the details."))
