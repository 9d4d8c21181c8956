"""The ports, the running servers, and the reverse proxy in front of them."""

import errno
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException
from websockets.sync.client import connect
from websockets.typing import Origin

from cli.checks import Finding, ok, problem, warning
from cli.client import Client
from cli.problem import Problem
from common.settings import Settings

TIMEOUT_S = 5.0
PROXY = "See deploy/nginx.conf."
_LOGIN = {401, 302, 303, 307}  # a password is asked for, or the page of a login is elsewhere
_HOST = "the proxy changes the Host header; it must pass it on (nginx: proxy_set_header Host $http_host)."


def check_ports(settings: Settings, served: bool) -> Iterator[Finding]:
    """`served`: a server of this CHORUS_HOME runs, on these ports."""
    for port, name in ((settings.port, "HTTP"), (settings.ws_port, "WebSocket")):
        used = _is_used(settings.host, port)
        if used and served and _answers(settings, port):
            yield ok("ports", f"{port} ({name}) is used by this server")
        elif used:
            yield problem("ports", f"{port} ({name}) is used by another program. Choose another one with CHORUS_PORT.")
        elif served:
            yield problem("ports", f"nothing listens on {port} ({name}), though a server runs. Its log says why.")
        else:
            yield ok("ports", f"{port} ({name}) is free")


def _is_used(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def _answers(settings: Settings, port: int) -> bool:
    connection = http.client.HTTPConnection(settings.reachable_host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/healthz", headers={"Host": f"127.0.0.1:{port}"})
        return bool(json.loads(connection.getresponse().read(65_536)) == {"status": "ok"})
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()


def check_server(url: str) -> Iterator[Finding]:
    """The running server at its own address: is it ready, and can a page be live?"""
    client = Client(url)
    try:
        live = client.get("/api/live")
        status, raw = client.raw("GET", "/readyz")
    except (Problem, OSError, http.client.HTTPException) as error:
        yield problem("server", str(getattr(error, "message", None) or error))
        return
    ready = json.loads(raw)
    if status != 200:
        yield problem("server", ready.get("detail", f"/readyz answers {status}."))
    yield from (warning("server", text) for text in ready.get("warnings", []))
    sidecar = live["sidecar"]
    if sidecar["state"] != "ready":
        yield problem("live", f"the sidecar is {sidecar['state']}: {sidecar['detail']}")
        return
    local = f"ws://{urlsplit(url).hostname}:{(urlsplit(url).port or 80) + 1}/ws"
    yield handshake("live", local, url)


def check_proxy(public_url: str) -> Iterator[Finding]:
    """What a browser at the public address meets."""
    try:
        status, raw = Client(public_url).raw("GET", "/api/live")
    except (OSError, http.client.HTTPException) as error:
        yield problem(
            "proxy", f"{public_url} does not answer ({error}). Does the proxy run, and does its name resolve?"
        )
        return
    finding, live = _page(public_url, status, raw)
    yield finding
    if live:
        yield handshake("proxy", live["webSocketUrl"], public_url)


def _page(public_url: str, status: int, raw: bytes) -> tuple[Finding, Any]:
    try:
        answer = json.loads(raw)
        if status == 200:
            return ok("proxy", f"{public_url} reaches the HTTP server"), answer["data"]
        message = answer["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return _not_chorus(public_url, status), None
    if status == 403 and "Host header" in message:
        return problem("proxy", f"{_HOST} {message}"), None
    return problem("proxy", f"{public_url} answers {status}: {message}"), None


def _not_chorus(public_url: str, status: int) -> Finding:
    if status in _LOGIN:
        text = f"{public_url} answers {status}: its login lets this check see nothing. Look at the badge in a browser."
        return warning("proxy", text)
    text = f"{public_url} answers {status}, and not Chorus: the proxy must send all but /ws to the HTTP port. {PROXY}"
    return problem("proxy", text)


def handshake(subject: str, url: str, page: str) -> Finding:
    """Opens the WebSocket as a page of the address `page` does."""
    parts = urlsplit(page)
    origin = Origin(f"{parts.scheme}://{parts.netloc}")
    try:
        with connect(url, origin=origin, compression=None, open_timeout=TIMEOUT_S, close_timeout=1, proxy=None):
            return ok(subject, f"{url} opens for pages of {origin}")
    except InvalidStatus as error:
        return problem(subject, refused(url, error.response.status_code, bytes(error.response.body or b"")))
    except (InvalidHandshake, WebSocketException, OSError, TimeoutError) as error:
        return problem(subject, f"{url} cannot be opened ({error}). Is /ws sent to the WebSocket port? {PROXY}")


def refused(url: str, status: int, body: bytes) -> str:
    """Why a handshake ended with an HTTP status, and which header or setting is to blame."""
    try:
        message = str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = ""
    if status == 403 and "Host header" in message:
        return f"{url}: {_HOST} {message}"
    if status == 403:
        return f"{url}: {message or 'refused with 403.'}"
    if status in (400, 426):
        return (
            f"{url} answers {status}: the headers Upgrade and Connection are missing. The proxy must pass them on "
            f"(nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; Connection upgrade). {PROXY}"
        )
    if status == 503:
        return f"{url} answers 503: {message or 'the sidecar is not ready.'}"
    return f"{url} answers {status}: /ws must be sent to the WebSocket port, the HTTP port + 1. {PROXY}"
