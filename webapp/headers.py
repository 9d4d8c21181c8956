"""Security headers on every answer."""

from flask import Flask, Response, request

from common.security import HEADERS, websocket_url
from webapp import state

# The page's scripts and styles hold no secret, are no documents, and are many: each byte counts.
_PARTS = {"text/javascript", "text/css"}
_POLICY = "Content-Security-Policy"


def install(app: Flask) -> None:
    app.after_request(_add_headers)


def _add_headers(response: Response) -> Response:
    if response.mimetype in _PARTS:
        response.headers["X-Content-Type-Options"] = HEADERS["X-Content-Type-Options"]
        return response
    own = response.headers.get(_POLICY) or (page_policy() if response.mimetype == "text/html" else HEADERS[_POLICY])
    response.headers.update({**HEADERS, _POLICY: own})
    return response


def page_policy() -> str:
    """Content Security Policy of the page: only its own files, and only its own WebSocket."""
    socket = websocket_url(state.current().settings, request.host)
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
        f"connect-src 'self' {socket}; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
