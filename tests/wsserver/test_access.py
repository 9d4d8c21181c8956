"""Who may open a WebSocket: decided before the upgrade, as 403 or 503 with the one error shape."""

import json
from collections.abc import Iterator

import pytest

from common.security import HEADERS
from tests.helpers.raw_ws import RawSocket
from tests.helpers.sidecar import SidecarProcess, running

PUBLIC = "https://board.example:8443"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SidecarProcess]:
    home = tmp_path_factory.mktemp("public") / "home"
    with running(home, CHORUS_PUBLIC_URL=PUBLIC, CHORUS_MAX_CONNECTIONS="3") as process:
        yield process


def answer(client: RawSocket) -> str:
    """Code of the error in a refusal's body."""
    body = client.refusal()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    return str(body["error"]["code"])


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "http://localhost:{port}",
        "http://127.0.0.1:{port}",
        PUBLIC,
    ],
)
@pytest.mark.parametrize("host", ["localhost:{ws}", "127.0.0.1:{ws}", "LOCALHOST:{ws}", "board.example:8443"])
def test_the_boards_own_pages_may(server: SidecarProcess, origin: str | None, host: str) -> None:
    with server.connect(Origin=filled(origin, server), Host=filled(host, server)) as client:
        assert client.status == 101


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://localhost",
        "http://localhost:{ws}",
        "http://localhost:1",
        "https://localhost:{port}",
        "ws://localhost:{port}",
        "http://localhost:{port}.evil.example",
        "http://evil.example/http://localhost:{port}",
        "http://localhost:{port}@evil.example",
        "http://evil-localhost:{port}",
        "http://localhost:{port}/",
        "http://LOCALHOST:{port} http://evil.example",
        "https://board.example",
        "http://board.example:8443",
        "https://evil.board.example:8443",
        "https://board.example:8443.evil.example",
    ],
)
def test_other_origins_may_not(server: SidecarProcess, origin: str) -> None:
    with server.connect(Origin=filled(origin, server)) as client:
        assert client.status == 403
        assert answer(client) == "FORBIDDEN"


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "localhost",
        "evil.example:{ws}",
        "localhost.evil.example:{ws}",
        "localhost:1",
        "board.example",
        "127.0.0.1.nip.io:{ws}",
        "[::1]:{ws}",
        "0.0.0.0:{ws}",
        "localhost:{ws}@evil.example",
    ],
)
def test_other_names_may_not(server: SidecarProcess, host: str | None) -> None:
    """DNS rebinding: a foreign name leads to 127.0.0.1, and the page's origin is that name's."""
    with server.connect(Host=filled(host, server), Origin=f"http://localhost:{server.port - 1}") as client:
        assert client.status in (400, 403)
    with server.connect(Host="evil.example", Origin="http://evil.example") as client:
        assert client.status == 403


def filled(text: str | None, server: SidecarProcess) -> str | None:
    return text and text.format(port=server.port - 1, ws=server.port)


def test_a_cross_site_request_without_origin_may_not(server: SidecarProcess) -> None:
    with server.connect(Sec_Fetch_Site="cross-site") as client:
        assert client.status == 403


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_operators_must_know_the_name_too(server: SidecarProcess, path: str) -> None:
    assert server.get(path)[0] == 200
    assert server.get(path, Host="evil.example")[0] == 403


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics", "/ws"])
@pytest.mark.parametrize("host", ["localhost:{ws}", "evil.example"])
def test_security_headers_are_on_every_answer(server: SidecarProcess, path: str, host: str) -> None:
    headers = server.headers(path, Host=str(filled(host, server)))
    assert {name: headers[name] for name in HEADERS} == HEADERS


def test_a_refused_handshake_has_them_too(server: SidecarProcess) -> None:
    for refused in ({"Origin": "null"}, {"Content_Length": "5"}, {"Sec_WebSocket_Version": "8"}):
        with server.connect(early=b"12345", **refused) as client:
            assert client.status in (400, 403)
            assert all(f"\r\n{name}: {value}".encode() in client.head for name, value in HEADERS.items()), client.head


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_WebSocket_Version": "8"},
        {"Sec_WebSocket_Version": None},
        {"Sec_WebSocket_Key": None},
        {"Connection": "keep-alive"},
        {"Content_Length": "5"},
    ],
)
def test_what_is_no_handshake_is_refused(server: SidecarProcess, headers: dict[str, str | None]) -> None:
    with server.connect(early=b"12345", **headers) as client:
        assert client.status == 400


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "says"),
    [
        ("GET", "/", 404, "NOT_FOUND", "Nothing is served here"),
        ("GET", "/ws", 400, "BAD_REQUEST", "as a WebSocket"),
        ("POST", "/ws", 405, "METHOD_NOT_ALLOWED", "GET, HEAD, OPTIONS"),
        ("PUT", "/healthz", 405, "METHOD_NOT_ALLOWED", "GET, HEAD, OPTIONS"),
    ],
)
def test_other_requests_are_told_what_is_served(
    server: SidecarProcess, method: str, path: str, status: int, code: str, says: str
) -> None:
    got, body = server.request(method, path)
    error = json.loads(body)["error"]
    assert (got, error["code"]) == (status, code)
    assert says in error["message"]


def test_one_too_many_is_told_so(server: SidecarProcess) -> None:
    server.wait_metric("chorus_ws_connections", 0)
    with server.connect(), server.connect(), server.connect() as last:
        with server.connect() as client:
            assert client.status == 503
            assert b"Retry-After" in client.head
            assert answer(client) == "SERVICE_UNAVAILABLE"
        assert server.get("/readyz")[0] == 200
        last.close()
        server.wait_metric("chorus_ws_connections", 2)
        with server.connect() as client:
            assert client.status == 101


def test_a_guessed_canary_is_a_client_like_others(server: SidecarProcess) -> None:
    server.wait_metric("chorus_ws_connections", 0)
    with server.connect(X_Chorus_Canary="guess"):
        server.wait_metric("chorus_ws_connections", 1)


def test_refusals_are_counted(server: SidecarProcess) -> None:
    before = server.metric("chorus_ws_refusals_total", reason="access")
    server.connect(Origin="null").close()
    assert server.metric("chorus_ws_refusals_total", reason="access") == before + 1


def test_the_setting_to_change_is_named(server: SidecarProcess) -> None:
    with server.connect(Origin="http://evil.example") as client:
        assert "CHORUS_PUBLIC_URL" in client.refusal()["error"]["message"]
