"""From an HTTP request to a `Connection`: how flask-sock's handshake is used without its thread and its sending.

simple-websocket checks the handshake and answers it; everything after that is ours, because its `send` ignores how much
a socket has taken, its reader buffers without bound and needs a thread, and it forces compression (+93 KiB a client).
"""

from collections.abc import Iterable
from socket import IPPROTO_TCP, SO_SNDBUF, SOL_SOCKET, TCP_NODELAY

from flask import Flask, Response, request
from flask_sock import Sock
from simple_websocket import Server  # type: ignore[import-untyped]
from wsproto.utilities import RemoteProtocolError

from common.errors import BadRequest, ChorusError, ServiceUnavailable
from common.security import Environ, StartResponse, WsgiApp, refusal_headers
from common.wire import dumps
from wsserver.canary import HEADER, PATH
from wsserver.sidecar import Sidecar

SEND_BUFFER_BYTES = 256 * 1024
CANARY_HEADER = "HTTP_" + HEADER.upper().replace("-", "_")
_SOCKET = "gunicorn.socket"
_HANDOVER = "chorus.handover"


class NoThread:
    """simple-websocket wants a thread that reads. Ours does not start."""

    name = ""

    def __init__(self, target: object) -> None:
        pass

    def start(self) -> None:
        pass


class Handover:
    """Stands in for the request's socket: what is sent through it only gathers, until `take`."""

    def __init__(self, environ: Environ) -> None:
        self._socket = environ[_SOCKET]
        self._body = environ["wsgi.input"]
        self.gathered = b""

    def fileno(self) -> int:
        return int(self._socket.fileno())

    def send(self, data: bytes) -> int:
        self.gathered += data
        return len(data)

    def recv(self, size: int) -> bytes:
        raise AssertionError("only the connection reads")

    def close(self) -> None:
        pass

    def take(self) -> tuple[int, bytes]:
        """The descriptor, which is now the caller's, and the bytes that gunicorn has read beyond the request.

        Detached, not duplicated: where gunicorn had to wait for the request, the closed original of a duplicate stays
        in the kernel's epoll set, and libev rebuilds the whole set at that client's first message: with 400 clients
        318 rebuilds and 61,538 calls of epoll_ctl, against 726 and none.
        """
        self._socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self._socket.setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES)
        early = self._body.reader.unreader.take_buffered()
        return self._socket.detach(), early


class UpgradeGate:
    """WSGI middleware before Flask: refuses upgrades that cannot be served, and prepares the others."""

    def __init__(self, app: WsgiApp, sidecar: Sidecar) -> None:
        self._app = app
        self._sidecar = sidecar

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_UPGRADE", "").lower() != "websocket":
            return self._app(environ, start_response)
        refusal = self._refusal(environ)
        if refusal:
            return _refuse(refusal, start_response)
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)  # compression for each client would cost 93 KiB of memory
        environ[_SOCKET] = environ[_HANDOVER] = Handover(environ)
        return self._app(environ, start_response)

    def _refusal(self, environ: Environ) -> ChorusError | None:
        if environ.get("CONTENT_LENGTH", "0") != "0" or "HTTP_TRANSFER_ENCODING" in environ:
            self._sidecar.metrics.refusals.labels("body").inc()
            return BadRequest("A WebSocket handshake has no body.")
        if self._sidecar.refusal:
            self._sidecar.metrics.refusals.labels("unready").inc()
            return ServiceUnavailable(self._sidecar.refusal)
        if self._sidecar.is_full and not self._sidecar.is_canary(environ.get(CANARY_HEADER)):
            self._sidecar.metrics.refusals.labels("full").inc()
            most = self._sidecar.settings.max_connections
            return ServiceUnavailable(f"All {most} connections are taken (CHORUS_MAX_CONNECTIONS).")
        return None


def _refuse(error: ChorusError, start_response: StartResponse) -> Iterable[bytes]:
    body = dumps(error.body()).encode()
    headers = refusal_headers(body)
    if error.retry_after_s:
        headers.append(("Retry-After", str(error.retry_after_s)))
    words = {400: "400 Bad Request", 503: "503 Service Unavailable"}
    start_response(words[error.status], headers)
    return [body]


def install(app: Flask, sidecar: Sidecar) -> None:
    """Routes /ws, and puts the gate before everything that is installed so far."""
    app.config["SOCK_SERVER_OPTIONS"] = {"thread_class": NoThread}

    def websocket(server: Server) -> None:
        handover: Handover = request.environ[_HANDOVER]
        hidden = sidecar.is_canary(request.environ.get(CANARY_HEADER))
        server.connected = False  # flask-sock's own close does nothing then
        descriptor, early = handover.take()
        sidecar.adopt(descriptor, handover.gathered, early, hidden=hidden)

    Sock(app).route(PATH)(websocket)

    @app.errorhandler(RemoteProtocolError)
    def refused(error: RemoteProtocolError) -> Response:
        """A handshake that is none (RFC 6455 section 4.2.1)."""
        sidecar.metrics.refusals.labels("handshake").inc()
        body = dumps(BadRequest(f"This is no WebSocket handshake: {error}.").body())
        return Response(body, 400, {"Sec-WebSocket-Version": "13"}, mimetype="application/json")

    app.wsgi_app = UpgradeGate(app.wsgi_app, sidecar)  # type: ignore[method-assign]
