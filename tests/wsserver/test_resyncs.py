"""When a cursor cannot be continued, over real sockets: each reason, and what the client may do after it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from common.clock import now_ms
from core.workspaces.opening import create
from tests.helpers.raw_ws import RawSocket
from tests.helpers.sidecar import SidecarProcess, Writer, running
from tests.wsserver.test_streaming import subscribed


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SidecarProcess]:
    """A sidecar with the smallest ring, so that old cursors are served from the log."""
    with running(
        tmp_path_factory.mktemp("small") / "home", CHORUS_RING_BYTES="65536", CHORUS_HEARTBEAT_MS="1000"
    ) as process:
        yield process


@contextmanager
def muted(writer: Writer) -> Iterator[None]:
    """The bell is lost on its way."""
    writer.muted = True
    try:
        yield
    finally:
        writer.muted = False


def refused(client: RawSocket, epoch: str, since: int) -> str:
    """Subscribes, and returns the reason of the resync."""
    client.subscribe(epoch, since)
    message = client.message("welcome", "resync")
    assert message["type"] == "resync"
    return str(message["reason"])


def test_each_reason_and_then_a_stream(server: SidecarProcess, writer: Writer) -> None:
    epoch, seq = writer.position
    with server.connect() as client:
        assert refused(client, "0" * 32, seq) == "epoch"
        assert refused(client, epoch, seq + 1) == "ahead"
        client.subscribe(epoch, seq)
        assert client.message("welcome")["seq"] == seq


def test_a_cursor_before_the_log_is_expired(server: SidecarProcess, writer: Writer) -> None:
    epoch, seq = writer.position
    writer.burst(600)
    writer.execute(f"DELETE FROM events WHERE seq <= {seq + 10}")
    with server.connect() as client:
        client.subscribe(epoch, seq)  # it may be welcome first, where the sidecar has not noticed yet
        assert client.message("resync", "config_changed")["reason"] == "expired"
        client.subscribe(epoch, seq + 10)
        assert client.message("config_changed")["seq"] == seq + 11


def test_a_cursor_older_than_the_ring_is_served_from_the_log(server: SidecarProcess, writer: Writer) -> None:
    epoch, seq = writer.position
    writer.burst(600)
    server.wait_metric("chorus_ws_head", seq + 600)
    replays = server.metric("chorus_ws_replays_total")
    with server.connect() as client:
        client.subscribe(epoch, seq)
        client.message("welcome")
        assert [client.message("config_changed")["seq"] for _ in range(600)] == list(range(seq + 1, seq + 601))
    assert server.metric("chorus_ws_replays_total") > replays


def test_a_client_that_is_ahead_of_the_bell_is_welcome(server: SidecarProcess, writer: Writer) -> None:
    """The log is looked at before anybody is sent away: here the bell has been lost."""
    with muted(writer), server.connect() as client:
        writer.commit(5)
        client.subscribe(*writer.position)
        assert client.message("welcome", "resync")["type"] == "welcome"


def test_a_lost_bell_costs_a_second(server: SidecarProcess, writer: Writer) -> None:
    with muted(writer), subscribed(server, writer) as client:
        writer.commit()
        assert client.message("config_changed")["seq"] == writer.position.seq


def test_a_renewed_epoch_interrupts_all_streams(server: SidecarProcess, writer: Writer) -> None:
    with subscribed(server, writer) as first, subscribed(server, writer) as second, server.connect() as silent:
        writer.execute("UPDATE log_state SET epoch = 'another'")
        assert first.message("resync")["reason"] == second.message("resync")["reason"] == "epoch"
        assert first.message("heartbeat")["seq"] is None
        first.subscribe(*writer.position)
        assert first.message("welcome")["epoch"] == "another"
        writer.commit()
        assert first.message("config_changed")
        silent.subscribe(*writer.position)
        assert silent.message("welcome", "resync")["type"] == "welcome"


def test_a_hole_interrupts_all_streams_and_no_more(server: SidecarProcess, writer: Writer) -> None:
    with subscribed(server, writer) as client:
        epoch, seq = writer.position
        with muted(writer):
            writer.commit(3)
            writer.execute(f"DELETE FROM events WHERE seq = {seq + 1}")
        writer.ring()
        assert client.message("config_changed", "resync")["reason"] == "expired"
        client.subscribe(epoch, seq + 3)
        client.message("welcome")
        writer.commit()
        assert client.message("config_changed")["seq"] == seq + 4
    assert server.metric("chorus_ws_errors_total") == 0


def test_another_workspace(server: SidecarProcess, writer: Writer, tmp_path: Path) -> None:
    before = writer.position
    with subscribed(server, writer) as client:
        create(tmp_path / "other", writer.module)
        writer.home.switch_to(tmp_path / "other", now_ms())
        assert client.message("resync")["reason"] == "workspace"
        assert writer.position.epoch != before.epoch
        client.subscribe(*writer.position)
        assert client.message("welcome")["epoch"] == writer.position.epoch
        writer.commit()
        assert client.message("config_changed")["seq"] == 1
        writer.home.switch_to(Path(writer.settings.home) / "workspaces/default", now_ms())
        assert client.message("resync")["reason"] == "workspace"


def test_many_clients_are_told_different_moments(server: SidecarProcess, writer: Writer) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(subscribed(server, writer)) for _ in range(40)]
        writer.execute("UPDATE log_state SET epoch = 'for many'")
        delays = [client.message("resync")["delayMs"] for client in clients]
    assert all(0 <= delay < 2 * 39 for delay in delays)
    assert len(set(delays)) > 10


def test_one_alone_waits_for_nobody(server: SidecarProcess, writer: Writer) -> None:
    server.wait_metric("chorus_ws_connections", 0)
    with subscribed(server, writer) as client:
        writer.execute("UPDATE log_state SET epoch = 'for one'")
        assert client.message("resync")["delayMs"] == 0


def test_the_recent_list(server: SidecarProcess, writer: Writer) -> None:
    with subscribed(server, writer) as client, server.connect() as silent:
        writer.execute("INSERT INTO recent VALUES ('/later/chorus.json', 9999999999999)", writer.home.path)
        changed = client.message("workspaces_changed", "resync")
        assert changed["type"] == "workspaces_changed"
        assert changed["data"][0] == {"configPath": "/later/chorus.json", "lastOpenedAt": 9999999999999}
        assert silent.message()["type"] == "heartbeat"
