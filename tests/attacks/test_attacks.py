"""What a hostile web page, a rebinding name or a broken client may try, against both ports of a real server."""

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.helpers.server import Server, running
from tests.helpers.workspace import SOURCE

pytestmark = pytest.mark.processes

CREATE = json.dumps({"description": "from afar", "source": SOURCE})
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("attacks") / "home", CHORUS_LOG_LEVEL="warn") as started:
        yield started


@pytest.fixture(autouse=True)
def _nothing_was_changed(server: Server) -> Iterator[None]:
    before = server.json("GET", "/api/snapshot")
    yield
    assert server.json("GET", "/api/snapshot") == before


def ask(port: int, method: str, path: str, body: bytes | str | None = None, **headers: str) -> tuple[int, bytes]:
    """One request with exactly these headers (underscores are hyphens), and what came back."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        raw = body.encode() if isinstance(body, str) else body
        if raw is not None:
            connection.putheader("Content-Length", str(len(raw)))
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(raw)
        answer = connection.getresponse()
        return answer.status, b"" if answer.status == 101 else answer.read()
    finally:
        connection.close()


def foreign_origins(port: int) -> list[str]:
    return [
        "null",
        "https://evil.example",
        f"https://localhost:{port}",
        f"http://localhost:{port + 1}",
        f"http://localhost:{port}.evil.example",
        f"http://evil.example:{port}",
        f"http://localhost.evil.example:{port}",
        f"http://127.0.0.1.evil.example:{port}",
        f"http://evil.example#localhost:{port}",
        f"http://localhost:{port}@evil.example",
        f"http://localhost:{port}/",
        f"http://[::1]:{port}",
        "http://localhost",
        "file://",
        "",
    ]


def foreign_hosts(port: int) -> list[str]:
    return [
        "evil.example",
        f"evil.example:{port}",
        f"localhost:{port}.evil.example",
        f"localhost.evil.example:{port}",
        f"127.0.0.1.nip.io:{port}",
        f"0.0.0.0:{port}",
        f"2130706433:{port}",
        f"0x7f.1:{port}",
        f"localhost.:{port}",
        f"localhost:{port + 7}",
        "localhost",
    ]


def refused(status: int, raw: bytes) -> bool:
    """Refused in the one error shape, naming the setting, or by the HTTP parser itself."""
    message = json.loads(raw)["error"]["message"]
    return status == 400 or (status == 403 and "CHORUS_PUBLIC_URL" in message)


def test_foreign_origins_change_nothing(server: Server) -> None:
    """(S2)"""
    for origin in foreign_origins(server.port):
        for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
            headers = {"Host": f"localhost:{server.port}", "Origin": origin, "Content_Type": content_type}
            status, raw = ask(server.port, "POST", "/api/tasks", CREATE, **headers)
            assert refused(status, raw), (origin, content_type, status, raw)


def test_foreign_origins_get_no_websocket(server: Server) -> None:
    """(S8)"""
    for origin in foreign_origins(server.port):
        headers = HANDSHAKE | {"Host": f"localhost:{server.ws_port}", "Origin": origin}
        status, raw = ask(server.ws_port, "GET", "/ws", **{k.replace("-", "_"): v for k, v in headers.items()})
        assert refused(status, raw), (origin, status, raw)


def test_own_origin_and_programs_without_one_get_a_websocket(server: Server) -> None:
    for origin in ({"Origin": f"http://localhost:{server.port}"}, {"Origin": f"http://127.0.0.1:{server.port}"}, {}):
        headers = HANDSHAKE | {"Host": f"127.0.0.1:{server.ws_port}"} | origin
        status, raw = ask(server.ws_port, "GET", "/ws", **{k.replace("-", "_"): v for k, v in headers.items()})
        assert status == 101, raw


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_rebinding_names_get_nothing_on_either_port(server: Server, method: str) -> None:
    """(S2)"""
    for port in (server.port, server.ws_port):
        for host in foreign_hosts(port):
            status, raw = ask(port, method, "/api/snapshot", Host=host)
            assert refused(status, raw), (port, host, status, raw)


def test_an_origin_that_equals_a_rebinding_host_is_no_passport(server: Server) -> None:
    """(S2, S8)"""
    for host in foreign_hosts(server.port):
        headers = {"Host": host, "Origin": f"http://{host}"}
        status, raw = ask(server.port, "POST", "/api/tasks", CREATE, Content_Type="application/json", **headers)
        assert refused(status, raw), (host, status, raw)
        for offered in (headers, headers | {"Origin": f"http://localhost:{server.port}"}):
            handshake = {name.replace("-", "_"): value for name, value in (HANDSHAKE | offered).items()}
            status, raw = ask(server.ws_port, "GET", "/ws", **handshake)
            assert refused(status, raw), (offered, status, raw)


def test_requests_without_a_host_get_nothing(server: Server) -> None:
    for port in (server.port, server.ws_port):
        status, raw = ask(port, "GET", "/")
        assert refused(status, raw), (port, status, raw)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_forms_cannot_pose_as_json(server: Server, content_type: str) -> None:
    """(S2)"""
    host = f"localhost:{server.port}"
    status, _ = ask(server.port, "POST", "/api/tasks", CREATE, Host=host, Content_Type=content_type)
    assert status == 415


def test_cross_site_without_origin_is_refused(server: Server) -> None:
    headers = {"Host": f"localhost:{server.port}", "Content_Type": "application/json", "Sec_Fetch_Site": "cross-site"}
    status, raw = ask(server.port, "POST", "/api/tasks", CREATE, **headers)
    assert refused(status, raw)


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/..%2f..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/js/..%5c..%5cwsgi.py",
        "//etc/passwd",
    ],
)
def test_no_file_outside_the_page_is_served(server: Server, path: str) -> None:
    """(S3)"""
    _, raw = ask(server.port, "GET", path, Host=f"localhost:{server.port}")
    assert b"root:" not in raw
    assert b"create_app" not in raw


def test_oversized_bodies_are_refused_before_they_are_read(server: Server) -> None:
    """(S12)"""
    headers = {"Host": f"localhost:{server.port}", "Content-Type": "application/json"}
    status, body = declared(server.port, "/api/tasks", 10**9, headers)
    assert (status, body["error"]["code"]) == (413, "TOO_LARGE")


def declared(port: int, path: str, length: int, headers: dict[str, str]) -> tuple[int, Any]:
    """The answer to a body that is only announced."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest("POST", path, skip_host=True)
        for name, value in (headers | {"Content-Length": str(length)}).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_chunked_bodies_have_the_same_limit(server: Server) -> None:
    head = f"POST /api/tasks HTTP/1.1\r\nHost: localhost:{server.port}\r\nContent-Type: application/json\r\n"
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(40):
                raw.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            return  # it stopped reading: just as well
        raw.sendall(b"0\r\n\r\n")
        assert b" 413 " in raw.recv(4096)


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        (b"GET / HTTP/9.9\r\n\r\n", b"400", "BAD_REQUEST"),
        (b"GET /LONG", b"414", "TOO_LARGE"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 8_200 + b"\r\n\r\n", b"431", "TOO_LARGE"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\xff<b>\r\n\r\n", b"400", "BAD_REQUEST"),
    ],
    ids=["version", "long line", "long header", "no header"],
)
def test_what_the_http_parser_refuses_has_the_one_error_shape(
    server: Server, text: bytes, status: bytes, code: str
) -> None:
    """A line is just too long: what the server leaves unread may make the system drop the answer."""
    for port, most in ((server.port, 8_188), (server.ws_port, 4_092)):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as raw, raw.makefile("rb") as answer:
            raw.sendall(text.replace(b"LONG", b"a" * most))
            head, _, body = answer.read().partition(b"\r\n\r\n")
        assert head.split()[1] == status
        assert b"Content-Type: application/json" in head
        assert b"X-Frame-Options: DENY" in head
        error = json.loads(body)["error"]
        assert (error["code"], error["message"][-1]) == (code, ".")


@pytest.mark.parametrize(
    "text",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ids=["version", "tls", "long line", "many headers", "two lengths"],
)
def test_malformed_http_ends_only_its_own_connection(server: Server, text: bytes) -> None:
    for port in (server.port, server.ws_port):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
            raw.sendall(text)
            with contextlib.suppress(OSError):  # it may have hung up already
                raw.shutdown(socket.SHUT_WR)
                assert b" 200 " not in raw.recv(65_536)
        server.wait_ready(port)


def test_stalled_requests_give_their_threads_back(server: Server) -> None:
    """More half-sent requests than the server has threads: the API answers again once they are given up."""
    head = f"POST /api/tasks HTTP/1.1\r\nHost: localhost:{server.port}\r\nContent-Type: application/json\r\n"
    stalled = []
    try:
        for _ in range(20):
            raw = socket.create_connection(("127.0.0.1", server.port), timeout=40)
            raw.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
            stalled.append(raw)
        status, _ = ask(server.port, "GET", "/api/snapshot", Host=f"localhost:{server.port}")
        assert status == 200
        assert b" 400 " in stalled[0].recv(65_536)
    finally:
        for raw in stalled:
            raw.close()


def test_silent_connections_hold_no_threads(server: Server) -> None:
    """More connections that send nothing than the server has threads: browsers open them ahead of need."""
    silent = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(40)]
    try:
        began = time.monotonic()
        server.json("GET", "/api/snapshot")
        assert time.monotonic() - began < 8  # a thread that was held would be free after 10
    finally:
        for raw in silent:
            raw.close()


def test_stored_files_stay_private(server: Server) -> None:
    """What Chorus stores is readable by its user only."""
    for path in (server.home, server.home / "run"):
        assert path.stat().st_mode & 0o077 == 0, path
