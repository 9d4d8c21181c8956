"""Who may talk to us: exact Host and Origin rules, shared by both servers. Pure functions and one WSGI wrapper.

A web page of any site can send requests and open WebSockets to localhost, and DNS rebinding makes a foreign name
resolve to 127.0.0.1. An exact Host list stops the second, an exact Origin list the first.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from common.errors import BadRequest, ChorusError, Forbidden, TooLarge
from common.settings import Settings, bracketed
from common.wire import dumps

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {  # of every answer that is no part of the page
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]


@dataclass(frozen=True)
class AccessRules:
    """The exact lists: `hosts` as they stand in a Host header, lower case; `origins` as `scheme://host[:port]`."""

    hosts: frozenset[str]
    origins: frozenset[str]


def _authority(scheme: str, host: str, port: int) -> str:
    name = bracketed(host)
    return name if _DEFAULT_PORTS[scheme] == port else f"{name}:{port}"


def rules_for(settings: Settings) -> AccessRules:
    """Hosts: the local names and the bound address on both ports, and the public URLs'. Origins: the page's only."""
    names = {"localhost", "127.0.0.1"}
    if settings.host not in ("0.0.0.0", "::", "::1"):
        names.add(settings.host.lower())
    programs = {"::1"} if settings.reachable_host == "::1" else set()  # no page: see Settings.local_url
    hosts = {f"{bracketed(name)}:{port}" for name in names | programs for port in (settings.port, settings.ws_port)}
    hosts |= {bracketed(name) for name in names if 80 in (settings.port, settings.ws_port)}
    origins = {f"http://{_authority('http', name, settings.port)}" for name in names}
    for url in filter(None, (settings.public_url, settings.public_ws_url)):
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
        authority = _authority(parts.scheme, parts.hostname or "", port)
        hosts |= {authority, f"{bracketed(parts.hostname or '')}:{port}"}
        if parts.scheme in ("http", "https"):
            origins.add(f"{parts.scheme}://{authority}")
    return AccessRules(frozenset(hosts), frozenset(origins))


def refusal(
    rules: AccessRules, *, method: str, host: str | None, origin: str | None, fetch_site: str | None, upgrade: bool
) -> str | None:
    """Why this request is refused, or None. `upgrade` marks a WebSocket handshake, which counts as unsafe."""
    if (host or "").lower() not in rules.hosts:
        return (
            f"The Host header {host!r} is not one of this server's names. Open the board by its own address, or set "
            "CHORUS_PUBLIC_URL to the address you use."
        )
    if method in SAFE_METHODS and not upgrade:
        return None
    if origin is not None and origin not in rules.origins:
        return (
            f"The origin {origin!r} may not use this server. If it is the board's own address behind a proxy, set "
            "CHORUS_PUBLIC_URL to it."
        )
    if origin is None and fetch_site == "cross-site":
        return "Requests from another site are refused (Sec-Fetch-Site: cross-site; see CHORUS_PUBLIC_URL)."
    return None


def websocket_url(settings: Settings, host_header: str | None) -> str:
    """The address at which a page opened under `host_header` reaches the sidecar."""
    if settings.public_ws_url:
        return settings.public_ws_url
    if settings.public_url and _is_public(settings, host_header):
        parts = urlsplit(settings.public_url)
        return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}/ws"
    name = urlsplit(f"//{host_header or settings.host}").hostname or settings.host
    return f"ws://{_authority('ws', name, settings.ws_port)}/ws"


def _is_public(settings: Settings, host_header: str | None) -> bool:
    public = urlsplit(settings.public_url or "")
    return urlsplit(f"//{host_header}").hostname == public.hostname and public.port != settings.port


class AccessGuard:
    """WSGI middleware: a refused request gets 403 in the one error shape and reaches nothing else."""

    def __init__(self, app: WsgiApp, rules: AccessRules, on_refusal: Callable[[str], None] = lambda _: None) -> None:
        self._app = app
        self._rules = rules
        self._on_refusal = on_refusal

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        reason = refusal(
            self._rules,
            method=environ["REQUEST_METHOD"],
            host=environ.get("HTTP_HOST"),
            origin=environ.get("HTTP_ORIGIN"),
            fetch_site=environ.get("HTTP_SEC_FETCH_SITE"),
            upgrade="HTTP_UPGRADE" in environ,
        )
        if reason is None:
            return self._app(environ, start_response)
        self._on_refusal(reason)
        body = dumps(Forbidden(reason).body()).encode()
        start_response("403 Forbidden", refusal_headers(body))
        return [body]


def refusal_headers(body: bytes) -> list[tuple[str, str]]:
    """Of a refusal that is given before the app is reached; the connection ends with it."""
    own = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    return list((own | HEADERS).items())


_UNREADABLE = {403: Forbidden, 414: TooLarge, 431: TooLarge, 500: ChorusError}


def unreadable(status: int, reason: str, detail: str) -> bytes:
    """The whole HTTP answer to what the HTTP parser refuses before we see it; `detail` is the parser's own words."""
    said = f"The request cannot be read: {detail or reason}."
    error = _UNREADABLE.get(status, BadRequest)("Chorus failed; the log has the details." if status == 500 else said)
    body = dumps(error.body()).encode()
    head = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in refusal_headers(body)), "", ""]
    return "\r\n".join(head).encode("latin-1") + body
