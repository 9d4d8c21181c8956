"""Starting, stopping, dying and stalling."""

import json
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from common.settings import load
from tests.helpers.processes import wait_for
from tests.helpers.raw_ws import CLOSE, TEXT, RawSocket
from tests.helpers.sidecar import SidecarProcess, Writer, running, writing
from tests.helpers.workspace import prepared
from tests.wsserver.test_streaming import subscribed


def test_before_there_is_a_workspace_it_waits(home: Path) -> None:
    server = SidecarProcess(load({"CHORUS_HOME": str(home)}))
    try:
        server.start()
        wait_for(lambda: server.get("/healthz")[0] == 200, 20, "/healthz", server.output)
        status, body = server.get("/readyz")
        assert (status, json.loads(body)["status"]) == (503, "unready")
        with server.connect() as client:
            assert client.status == 503
            assert client.refusal()["error"]["code"] == "SERVICE_UNAVAILABLE"
        prepared(home)
        server.wait_ready()
    finally:
        server.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_planned_stop(home: Path, number: int) -> None:
    with running(home) as server, writing(server.settings) as writer, ExitStack() as stack:
        clients = [stack.enter_context(subscribed(server, writer)) for _ in range(50)]
        stack.enter_context(subscribed(server, writer))  # it never answers the close frame
        began = time.monotonic()
        server.signal(number)
        delays = [farewell(client) for client in clients]
        assert time.monotonic() - began < 2  # all are told at once, whoever does not answer
        assert all(700 <= delay <= 700 + 2 * 52 for delay in delays)
        assert len(set(delays)) > 5
        assert server.wait() == 0
        assert time.monotonic() - began < 4.5  # gunicorn would kill it after 5


def farewell(client: RawSocket) -> int:
    """Reads bye and close frame, closes properly, and returns when to come back, ms."""
    with client:
        bye = client.message("bye")
        assert set(bye) == {"type", "delayMs", "reason", "detail"}
        end = client.read()
        assert end
        assert (end.opcode, end.code) == (CLOSE, 1012)
        client.send(CLOSE, end.payload[:2])
        return int(bye["delayMs"])


def test_killed_it_is_back_and_every_cursor_is_continued(home: Path) -> None:
    with running(home) as server, writing(server.settings) as writer:
        with subscribed(server, writer) as client:
            writer.commit(3)
            cursor = [client.message("config_changed")["seq"] for _ in range(3)][-1]
            killed = server.worker
            server.signal(signal.SIGKILL, killed)
            assert client.closed() is None
        writer.commit(3)
        wait_for(lambda: server.worker != killed, 10, "another worker", server.output)
        server.wait_ready()
        with server.connect() as client:
            client.subscribe(writer.position.epoch, cursor)
            assert client.message("welcome", "resync")["type"] == "welcome"
            assert [client.message("config_changed")["seq"] for _ in range(3)] == [cursor + 1, cursor + 2, cursor + 3]


def test_the_worker_does_not_outlive_gunicorns_first_process(home: Path) -> None:
    with running(home) as server:
        worker = server.worker
        server.signal(signal.SIGKILL)
        server.wait()
        wait_for(lambda: not Path(f"/proc/{worker}").exists(), 5, "the worker's end", server.output)


def test_with_the_rollback_journal_commits_still_arrive(home: Path) -> None:
    """On a library with the WAL-reset race readers meet locks, which the sidecar does not wait for."""
    with running(home, CHORUS_SQLITE="system") as server, writing(server.settings) as writer:
        assert "WAL" in server.get("/readyz")[1]
        with subscribed(server, writer) as client:
            writer.commit(100)
            assert [client.message("config_changed")["seq"] for _ in range(100)] == list(range(1, 101))
        assert server.metric("chorus_ws_errors_total") == 0


def stall(server: SidecarProcess, writer: Writer, seconds: float) -> None:
    """Stops the worker for so long while 20 clients wait; nobody may be cut, nothing may be missing."""
    position = writer.position
    with ThreadPoolExecutor(20) as pool:
        clients = [subscribed(server, writer, patience_s=seconds + 15) for _ in range(20)]
        silent = server.connect(patience_s=seconds + 15)
        done = [pool.submit(follow, client, position.seq + 2) for client in clients]
        writer.commit()
        server.signal(signal.SIGSTOP, server.worker)
        time.sleep(seconds)  # the stall itself
        writer.commit()
        server.signal(signal.SIGCONT, server.worker)
        with silent:
            silent.subscribe(*writer.position)  # its ten seconds have not passed
            assert silent.message("welcome")
            silent.send(CLOSE)
            silent.closed()
        assert {future.result(seconds + 20) for future in done} == {position.seq + 2}
    for reason in ("no_pong", "slow", "not_subscribed", "lost"):
        assert server.metric("chorus_ws_closes_total", reason=reason) == 0


def follow(client: RawSocket, last: int) -> int:
    """Reads on, answering heartbeats, until event `last` and three heartbeats after it have come."""
    seq = 0
    with client:
        while seq < last:
            seq = client.message("config_changed")["seq"]
        for _ in range(3):
            assert client.message("heartbeat")["seq"] == last
        client.send(CLOSE)
        client.closed()
    return seq


def test_a_stall_cuts_nobody(home: Path) -> None:
    """Three heartbeats unanswered would take 1.6 s."""
    with running(home, CHORUS_HEARTBEAT_MS="400") as server, writing(server.settings) as writer:
        stall(server, writer, 6)


@pytest.mark.soak
def test_a_stall_of_40_seconds_cuts_nobody(home: Path) -> None:
    with running(home) as server, writing(server.settings) as writer:
        stall(server, writer, 40)


def test_who_answers_no_heartbeat_is_closed(home: Path) -> None:
    with running(home, CHORUS_HEARTBEAT_MS="100") as server, writing(server.settings) as writer:
        with subscribed(server, writer) as client:
            heard = []
            while (frame := client.read()) and frame.opcode == TEXT:
                heard.append(frame.json["type"])
            assert frame
            assert frame.code == 4012
            assert heard == ["heartbeat"] * 3
        with server.connect() as client:
            for _ in range(10):
                assert client.message("heartbeat")["seq"] is None


@pytest.mark.soak
def test_who_does_not_subscribe_in_time_is_closed(home: Path) -> None:
    with running(home) as server, server.connect(patience_s=15) as client:
        began = time.monotonic()
        assert client.closed() == 4401
        assert 9.5 < time.monotonic() - began < 11.5
