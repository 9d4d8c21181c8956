"""Our own mistakes, ordered from the sidecar that tests may probe; and what may not be left behind."""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.helpers.processes import wait_for
from tests.helpers.raw_ws import CLOSE, TEXT
from tests.helpers.sidecar import BOMB, PROBING, SidecarProcess, Writer, running
from tests.wsserver.test_streaming import subscribed

VISITS = 2000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SidecarProcess]:
    with running(tmp_path_factory.mktemp("probing") / "home", app=PROBING) as process:
        yield process


def test_an_exception_closes_with_1011_and_writes_no_http(server: SidecarProcess, writer: Writer) -> None:
    with subscribed(server, writer) as witness, subscribed(server, writer) as client:
        client.send(TEXT, BOMB.encode())
        frame = client.read_other()
        assert frame
        assert (frame.opcode, frame.code) == (CLOSE, 1011)
        assert client.at_end() == b""
        writer.commit()
        assert witness.message("config_changed")
    assert server.metric("chorus_ws_closes_total", reason="internal_error") == 1
    assert "Bomb" in server.output()


def test_an_exception_of_a_view_is_a_500_in_the_one_shape(server: SidecarProcess) -> None:
    status, body = server.get("/bomb")
    assert (status, json.loads(body)["error"]["code"]) == (500, "INTERNAL_ERROR")


def test_2000_visits_leave_nothing_behind(server: SidecarProcess, writer: Writer) -> None:
    position = writer.position

    def visit(number: int) -> None:
        """A third leave with a close frame, a third without, a third within their handshake's answer."""
        with server.connect() as client:
            if number % 3:
                client.subscribe(*position)
                client.message("welcome")
            if number % 3 == 2:
                client.send(CLOSE, (1000).to_bytes(2, "big"))
                assert client.closed() == 1000

    for number in range(50):
        visit(number)
    wait_for(lambda: holds_output(server), 10, "the output of runs is open, which takes a look")
    before = held(server)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(visit, range(VISITS)))
    server.wait_metric("chorus_ws_connections", 0)
    wait_for(lambda: held(server) <= before, 10, f"nothing but {before}", lambda: str(held(server)))
    assert server.metric("chorus_ws_accepted_total") >= VISITS


def holds_output(server: SidecarProcess) -> bool:
    folder = f"/proc/{server.worker}/fd"
    return any(os.path.realpath(f"{folder}/{number}").endswith("output.db-shm") for number in os.listdir(folder))


def held(server: SidecarProcess) -> tuple[int, int]:
    """Descriptors and greenlets of the worker."""
    greenlets = int(server.get("/greenlets")[1])
    return len(os.listdir(f"/proc/{server.worker}/fd")), greenlets


def test_readiness_notices_that_delivery_is_dead(server: SidecarProcess, writer: Writer) -> None:
    """Everything answers, heartbeats come, and no event arrives any more. It is the module's last test."""
    assert server.get("/end-pump")[0] == 200
    writer.commit()
    status, body = server.get("/readyz")
    assert status == 503
    assert "the sidecar at" in body
    assert server.get("/healthz")[0] == 200
