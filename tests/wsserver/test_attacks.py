"""What no honest client sends. Each is closed with its code, and nobody else notices."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers.raw_ws import BINARY, CONTINUATION, PING, PONG, TEXT, RawSocket, frame
from tests.helpers.sidecar import SidecarProcess, Writer
from tests.wsserver.test_streaming import subscribed

FLOODS = 12
SUBSCRIBE = b'{"type":"subscribe","protocol":1,"epoch":"e","since":0}'


@pytest.mark.parametrize(
    ("code", "attack"),
    [
        pytest.param(1009, frame(TEXT, b"x" * 16_385), id="oversize"),
        pytest.param(1009, frame(TEXT, b"x" * 40_000), id="oversize in several reads"),
        pytest.param(1009, frame(TEXT, b"x" * 9000, final=False) + frame(CONTINUATION, b"x" * 9000), id="in fragments"),
        pytest.param(1003, frame(BINARY, b"x"), id="binary"),
        pytest.param(1007, frame(TEXT, b"\xff\xfe"), id="no UTF-8"),
        pytest.param(1007, frame(TEXT, b"\xed\xa0\x80"), id="a surrogate"),
        pytest.param(1007, frame(TEXT, b"\xc3", final=False) + frame(CONTINUATION, b"("), id="no UTF-8 in fragments"),
        pytest.param(1002, frame(TEXT, SUBSCRIBE, masked=False), id="unmasked"),
        pytest.param(1002, frame(TEXT, SUBSCRIBE, reserved=4), id="compressed"),
        pytest.param(1002, frame(0x3), id="unknown opcode"),
        pytest.param(1002, frame(PING, final=False), id="fragmented ping"),
        pytest.param(1002, frame(PING, b"x" * 126), id="long ping"),
        pytest.param(1002, frame(CONTINUATION, b"x"), id="continuation of nothing"),
        pytest.param(1002, frame(TEXT, b"x", final=False) + frame(TEXT, b"x"), id="text within text"),
        pytest.param(1002, b"GET / HTTP/1.1\r\n\r\n", id="HTTP"),
        pytest.param(1002, frame(0x8, b"x"), id="half a close code"),
        pytest.param(1002, frame(TEXT, b"hello"), id="no JSON"),
        pytest.param(1002, frame(TEXT, b"[" * 16_000), id="deep JSON"),
        pytest.param(1008, frame(TEXT, SUBSCRIBE) + frame(TEXT, SUBSCRIBE), id="twice"),
        pytest.param(4506, frame(TEXT, SUBSCRIBE.replace(b"1", b"2")), id="protocol 2"),
        pytest.param(1008, frame(PING) * 300, id="pings"),
        pytest.param(1008, frame(PONG) * 300, id="pongs"),
        pytest.param(1008, frame(TEXT, b"", final=False) + frame(CONTINUATION, b"", final=False) * 300, id="fragments"),
        pytest.param(1008, frame(TEXT, b"{}") * 300, id="messages"),
        pytest.param(1008, frame(TEXT, b'{"a":"' + b"x" * 16_000 + b'"}') * 5, id="bytes"),
    ],
)
def test_each_ends_with_its_code(server: SidecarProcess, code: int, attack: bytes) -> None:
    with server.connect() as client:
        client.socket.sendall(attack)
        assert client.closed() == code
        assert client.at_end() == b""


def test_the_largest_message_is_heard(server: SidecarProcess) -> None:
    with server.connect() as client:
        client.send(TEXT, b'{"type":"' + b"x" * (16_384 - 11) + b'"}')
        client.send(PING, b"alive")
        answer = client.read_other()
        assert answer
        assert answer.opcode == PONG


# --- floods: each as fast as it can, until it is cut ---


def messages() -> bytes:
    return frame(TEXT, b'{"type":"nothing"}') * 50


def pings() -> bytes:
    return frame(PING, os.urandom(125)) * 50


def fragments() -> bytes:
    return frame(CONTINUATION, b"", final=False) * 200


def half_frames() -> bytes:
    return frame(TEXT, b"x" * 15_000, final=False)[:8000]


@pytest.mark.parametrize("burst", [messages, pings, fragments, half_frames])
def test_a_flood_leaves_others_served_and_memory_flat(
    server: SidecarProcess, writer: Writer, burst: Callable[[], bytes]
) -> None:
    with subscribed(server, writer) as witness:
        server.get("/metrics")
        before = resident_kib(server.worker)
        with flooding(server, burst, clients=4):
            worst = max(delays_until_cut(server, writer, witness, FLOODS))
        assert worst < 0.5
        assert resident_kib(server.worker) - before < 4096
    server.wait_metric("chorus_ws_connections", 0)


def delays_until_cut(server: SidecarProcess, writer: Writer, witness: RawSocket, floods: int) -> Iterator[float]:
    """How long each event takes to reach the witness, one after the other, until so many floods have been cut."""
    before, deadline = cut(server), time.monotonic() + 60
    while cut(server) < before + floods:
        assert time.monotonic() < deadline, "the floods are not cut"
        yield delay_of_an_event(writer, witness)


def cut(server: SidecarProcess) -> float:
    reasons = ("policy", "invalid_payload", "protocol_error")  # half frames make no sense together
    return sum(server.metric("chorus_ws_closes_total", reason=reason) for reason in reasons)


def delay_of_an_event(writer: Writer, witness: RawSocket) -> float:
    writer.commit()
    began = time.monotonic()
    witness.message("config_changed")
    return time.monotonic() - began


def resident_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


@contextmanager
def flooding(server: SidecarProcess, burst: Callable[[], bytes], clients: int) -> Iterator[None]:
    """So many clients that send without end, each anew as soon as it is cut."""
    over = threading.Event()

    def flood() -> None:
        while not over.is_set():
            with server.connect() as client:
                client.send(TEXT, b"x", final=False) if burst is fragments else None
                pour(client, burst(), over)

    threads = [threading.Thread(target=flood) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(10)


def pour(client: RawSocket, data: bytes, over: threading.Event) -> None:
    try:
        while not over.is_set():
            client.socket.sendall(data)
    except OSError:
        pass  # cut, as it should be


def test_a_peer_that_ignores_its_close_frame_is_cut(server: SidecarProcess) -> None:
    """It neither answers nor closes, and goes on sending."""
    with server.connect() as client:
        client.send(BINARY)
        with pytest.raises(OSError):
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline:
                client.socket.sendall(frame(PING))
                time.sleep(0.02)
    server.wait_metric("chorus_ws_connections", 0)


def test_who_is_gone_before_the_close_frame_is_no_mistake_of_ours(server: SidecarProcess) -> None:
    """Its machine answers our close frame with RST, at once: the socket is none any more when we say that we end."""
    with server.connect() as client:
        server.signal(signal.SIGSTOP, server.worker)
        client.send(BINARY)
    server.signal(signal.SIGCONT, server.worker)
    server.wait_metric("chorus_ws_connections", 0)
    assert server.metric("chorus_ws_errors_total") == 0, server.output()


def test_the_sidecar_made_no_mistake(server: SidecarProcess) -> None:
    assert server.metric("chorus_ws_errors_total") == 0, server.output()
    assert "Traceback" not in server.output(), server.output()
