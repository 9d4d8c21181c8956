"""Who may talk to us: Host, Origin and Sec-Fetch-Site on both ports, and the address of the WebSocket."""

import json
from typing import Any

import pytest

from common.security import HEADERS, AccessGuard, refusal, rules_for, websocket_url
from common.settings import load

LOCAL = rules_for(load({}))
PROXIED = rules_for(load({"CHORUS_PUBLIC_URL": "https://chorus.example.org"}))
GOOD_HOSTS = ["localhost:8080", "127.0.0.1:8080", "localhost:8081", "127.0.0.1:8081", "LOCALHOST:8080"]
BAD_HOSTS = [
    None,
    "",
    "localhost",
    "localhost:80",
    "localhost:8082",
    "localhost.:8080",
    "evil.example:8080",  # DNS rebinding: it resolves to 127.0.0.1
    "localhost.evil.example:8080",
    "evil-localhost:8080",
    "127.0.0.1.evil.example:8080",
    "127.0.0.1:8080@evil.example",
    "localhost:8080, evil.example",
    "[::1]:8080",
    "2130706433:8080",
]
GOOD_ORIGINS = [None, "http://localhost:8080", "http://127.0.0.1:8080"]
BAD_ORIGINS = [
    "null",
    "",
    "https://localhost:8080",  # another scheme
    "http://localhost",  # another port
    "http://localhost:8081",  # the sidecar serves no page
    "http://localhost:80800",
    "http://localhost:8080.evil.example",
    "http://localhost:8080@evil.example",
    "http://evil.example#http://localhost:8080",
    "http://evil.localhost:8080",
    "http://LOCALHOST:8080",  # browsers send it in lower case
    "http://localhost:8080/",
    "http://localhost:8080 http://evil.example",
    "ws://localhost:8080",
    "file://",
    "chrome-extension://abcdef",
]


def ask(rules: Any = LOCAL, **given: Any) -> str | None:
    usual = {"method": "POST", "host": "localhost:8080", "origin": None, "fetch_site": None, "upgrade": False}
    return refusal(rules, **(usual | given))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "BREW"])
@pytest.mark.parametrize("host", BAD_HOSTS)
def test_bad_host_is_refused_for_every_method(host: str | None, method: str) -> None:
    reason = ask(host=host, method=method)
    assert reason is not None
    assert "CHORUS_PUBLIC_URL" in reason


@pytest.mark.parametrize("origin", GOOD_ORIGINS)
@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_good_host_and_origin(host: str, origin: str | None) -> None:
    assert ask(host=host, origin=origin) is None
    assert ask(host=host, origin=origin, method="GET", upgrade=True) is None


@pytest.mark.parametrize("origin", BAD_ORIGINS)
@pytest.mark.parametrize(
    "request_", [{"method": m} for m in ("POST", "PUT", "PATCH", "DELETE", "BREW")] + [{"upgrade": True}]
)
def test_bad_origin_is_refused_where_something_could_change(origin: str, request_: dict[str, Any]) -> None:
    reason = ask(origin=origin, **({"method": "GET"} | request_))
    assert reason is not None
    assert "CHORUS_PUBLIC_URL" in reason


@pytest.mark.parametrize("origin", BAD_ORIGINS)
def test_reading_is_left_to_the_browser(origin: str) -> None:
    """The same-origin policy keeps the answer from the other page: no CORS header permits it."""
    assert ask(method="GET", origin=origin) is None


@pytest.mark.parametrize(("fetch_site", "allowed"), [("same-origin", True), ("none", True), ("cross-site", False)])
def test_fetch_site_decides_without_an_origin(fetch_site: str, allowed: bool) -> None:
    assert (ask(fetch_site=fetch_site) is None) is allowed
    assert (ask(fetch_site=fetch_site, method="GET", upgrade=True) is None) is allowed


@pytest.mark.parametrize(
    ("host", "origin", "allowed"),
    [
        ("chorus.example.org", "https://chorus.example.org", True),
        ("chorus.example.org:443", "https://chorus.example.org", True),
        ("chorus.example.org", "http://chorus.example.org", False),
        ("chorus.example.org", "https://chorus.example.org:8443", False),
        ("chorus.example.org", "https://x.chorus.example.org", False),
        ("chorus.example.org:80", "https://chorus.example.org", False),
        ("localhost:8080", "http://localhost:8080", True),
        ("evil.example", "https://chorus.example.org", False),
    ],
)
def test_public_url(host: str, origin: str, allowed: bool) -> None:
    assert (ask(PROXIED, host=host, origin=origin) is None) is allowed


@pytest.mark.parametrize(
    ("settings", "host", "url"),
    [
        ({}, "localhost:8080", "ws://localhost:8081/ws"),
        ({}, "127.0.0.1:8080", "ws://127.0.0.1:8081/ws"),
        ({}, None, "ws://127.0.0.1:8081/ws"),
        ({"CHORUS_PORT": "79"}, "localhost:79", "ws://localhost/ws"),
        ({"CHORUS_PUBLIC_URL": "https://chorus.example.org"}, "chorus.example.org", "wss://chorus.example.org/ws"),
        (
            {"CHORUS_PUBLIC_URL": "http://chorus.example.org:81"},
            "chorus.example.org:81",
            "ws://chorus.example.org:81/ws",
        ),
        ({"CHORUS_PUBLIC_URL": "https://chorus.example.org"}, "localhost:8080", "ws://localhost:8081/ws"),
        ({"CHORUS_PUBLIC_WS_URL": "wss://live.example.org/x"}, "localhost:8080", "wss://live.example.org/x"),
    ],
)
def test_websocket_url(settings: dict[str, str], host: str | None, url: str) -> None:
    assert websocket_url(load(settings), host) == url


def through_guard(**environ: str) -> tuple[str, list[tuple[str, str]], bytes, list[str]]:
    heard: list[str] = []
    answered: list[Any] = []
    guard = AccessGuard(lambda _environ, _start: [b"inside"], LOCAL, heard.append)
    body = guard({"REQUEST_METHOD": "POST", **environ}, lambda *given: answered.extend(given))
    status, headers = answered or ("", [])
    return status, headers, b"".join(body), heard


def test_guard_lets_in() -> None:
    assert through_guard(HTTP_HOST="localhost:8080") == ("", [], b"inside", [])


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"HTTP_HOST": "evil.example"},
        {"HTTP_HOST": "localhost:8080", "HTTP_ORIGIN": "null"},
        {"HTTP_HOST": "localhost:8080", "HTTP_SEC_FETCH_SITE": "cross-site"},
        {
            "HTTP_HOST": "localhost:8080",
            "HTTP_ORIGIN": "http://evil.example",
            "REQUEST_METHOD": "GET",
            "HTTP_UPGRADE": "x",
        },
    ],
)
def test_guard_refuses_in_the_one_error_shape(environ: dict[str, str]) -> None:
    status, headers, body, heard = through_guard(**environ)
    assert status == "403 Forbidden"
    assert ("Content-Type", "application/json") in headers
    assert set(HEADERS.items()) <= set(headers)
    assert json.loads(body)["error"]["code"] == "FORBIDDEN"
    assert heard == [json.loads(body)["error"]["message"]]
