"""The sidecar cannot read the log: it vouches for nothing, says so, sends all away, and serves again by itself.

The limits are two fifths of the real ones.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.processes import wait_for
from tests.helpers.raw_ws import CLOSE, TEXT, RawSocket
from tests.helpers.sidecar import PROBING, SidecarProcess, Writer, running, writing
from tests.wsserver.test_streaming import subscribed
from wsserver.sidecar import LOOK_EVERY_S

STALE_S = 2.0
SLACK_S = 0.5  # of the machine
LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""

Fault = Callable[[SidecarProcess, Writer], Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SidecarProcess]:
    """With the rollback journal, where another program's lock keeps readers out."""
    environ = {"CHORUS_SQLITE": "system", "CHORUS_HEARTBEAT_MS": "800", "PROBING_STALE_S": str(STALE_S)}
    with running(tmp_path_factory.mktemp("stale") / "home", app=PROBING, **environ) as process:
        yield process


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """By another process, for as long as it lives."""
    holder = subprocess.Popen(
        [sys.executable, "-c", LOCK, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout
        assert holder.stdout.readline() == "locked\n"
        yield
        assert holder.stdin
        holder.stdin.close()


@contextmanager
def workspace_locked(_: SidecarProcess, writer: Writer) -> Iterator[None]:
    with locked(writer.database_path):
        yield


@contextmanager
def home_locked(server: SidecarProcess, _: Writer) -> Iterator[None]:
    with locked(server.settings.home / "home.db"):
        yield


@contextmanager
def pump_failing(server: SidecarProcess, _: Writer) -> Iterator[None]:
    server.get("/break-pump/1")
    yield
    server.get("/break-pump/0")


@contextmanager
def folder_gone(_: SidecarProcess, writer: Writer) -> Iterator[None]:
    folder = writer.database_path.parent
    away = folder.rename(folder.with_name("away"))
    yield
    away.rename(folder)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (workspace_locked, "locked by another program"),
        (home_locked, "locked by another program"),
        (pump_failing, "mistake of ours"),
        (folder_gone, "cannot be read"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_nobody_is_told_that_all_is_well(server: SidecarProcess, writer: Writer, fault: Fault, why: str) -> None:
    errors = server.metric("chorus_ws_errors_total")
    with subscribed(server, writer) as client:
        with fault(server, writer):
            began = time.monotonic()
            beaten = last_beat(client)
            assert time.monotonic() - began > 2 * STALE_S - LOOK_EVERY_S - SLACK_S
            assert time.monotonic() - beaten > STALE_S / 2
            status, body = server.get("/readyz")
            assert status == 503
            if fault is not folder_gone:  # there is nothing to be read where no folder is
                assert "has not been read for" in body or "cannot be read" in body
            with server.connect() as late:
                bye = late.message()
                assert (bye["type"], bye["reason"], bye["delayMs"] >= 2_000) == ("bye", "stale", True)
                assert "The log has not been read for" in bye["detail"]
                assert why in bye["detail"]
                assert late.closed() == 1012
            assert age_of(server) > STALE_S
            assert server.get("/healthz")[0] == 200
        server.wait_ready()
    with subscribed(server, writer) as client:
        writer.commit()
        assert client.message("config_changed")["seq"] == writer.position.seq
    assert (server.metric("chorus_ws_errors_total") > errors) == (fault is pump_failing)


def last_beat(client: RawSocket) -> float:
    """Reads to the end, which must be a `bye` and a close; returns when the last heartbeat came."""
    beaten = time.monotonic()
    frames = []
    while (frame := client.read()) and frame.opcode == TEXT:
        frames.append(frame.json)
        if frame.json["type"] == "heartbeat":
            beaten = time.monotonic()
            client.say({"type": "pong", "seq": None})
    assert frame
    assert (frame.opcode, frame.code) == (CLOSE, 1012)
    assert {each["type"] for each in frames[:-1]} <= {"heartbeat", "resync"}
    assert (frames[-1]["type"], frames[-1]["reason"]) == ("bye", "stale")
    return beaten


def test_a_subscribe_is_not_answered_by_what_may_be_out_of_date(server: SidecarProcess, writer: Writer) -> None:
    epoch, seq = writer.position
    with workspace_locked(server, writer):
        wait_for(lambda: age_of(server) > 0.7 * STALE_S, 5, "it is nearly stale")
        with server.connect() as client:
            wait_for(lambda: age_of(server) > STALE_S, 5, "it is stale")
            client.subscribe(epoch, seq)
            assert client.message("welcome", "resync", "bye")["type"] == "bye"
    server.wait_ready()


def age_of(server: SidecarProcess) -> float:
    return server.metric("chorus_ws_log_age_seconds")


def test_a_hiccup_goes_unnoticed(server: SidecarProcess, writer: Writer) -> None:
    closes = server.metric("chorus_ws_closes_total", reason="restart")
    with subscribed(server, writer) as client, server.connect() as waiting:
        with workspace_locked(server, writer):
            waiting.subscribe("another", 1)  # it takes a look to say that this is none of ours
        assert waiting.message("resync")["reason"] == "epoch"
        writer.commit()
        assert client.message("config_changed")["seq"] == writer.position.seq
    assert server.metric("chorus_ws_closes_total", reason="restart") == closes


def test_a_dead_pump_is_no_secret(tmp_path: Path) -> None:
    environ = {"CHORUS_HEARTBEAT_MS": "800", "PROBING_STALE_S": str(STALE_S)}
    with running(tmp_path / "home", app=PROBING, **environ) as server, writing(server.settings) as writer:
        with subscribed(server, writer) as client:
            server.get("/end-pump")
            last_beat(client)
        detail = json.loads(server.get("/readyz")[1])["detail"]
        assert detail.startswith("The log has not been read for")
