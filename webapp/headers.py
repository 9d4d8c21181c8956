"""Security headers on every answer."""

from flask import Flask, Response, request

from common.security import websocket_url
from webapp import state

_ALWAYS = {"X-Content-Type-Options": "nosniff"}
# For all but the page's scripts and styles: these hold no secret, are no documents, and are many, so each byte counts.
_REST = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_PARTS = {"text/javascript", "text/css"}
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"


def install(app: Flask) -> None:
    app.after_request(_add_headers)


def _add_headers(response: Response) -> Response:
    response.headers.update(_ALWAYS)
    if response.mimetype in _PARTS:
        return response
    response.headers.update(_REST)
    if "Content-Security-Policy" not in response.headers:
        is_page = response.mimetype == "text/html"
        response.headers["Content-Security-Policy"] = page_policy() if is_page else _API_POLICY
    return response


def page_policy() -> str:
    """Content Security Policy of the page: only its own files, and only its own WebSocket."""
    socket = websocket_url(state.current().settings, request.host)
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
        f"connect-src 'self' {socket}; manifest-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
