"""The whole server as an operator meets it: started, killed piece by piece, stopped. Real processes, real signals."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.queue import RUNNER, bell_path, is_listening
from tests.helpers.processes import delay_s, wait_for
from tests.helpers.server import LAUNCHER, Server, free_ports, prepare_server, readiness, running

pytestmark = pytest.mark.processes
REPAIRED_S = 2.0
ORPHANS_S = 5.0
STOPPED_S = 10.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("launched") / "home", CHORUS_LOG_LEVEL="debug") as started:
        yield started


def test_address_is_printed(server: Server) -> None:
    line = f"Chorus is at http://127.0.0.1:{server.port}\n"
    wait_for(lambda: line in server.output, 5, line, lambda: server.output)


def test_every_line_has_the_format(server: Server) -> None:
    lines = [line for line in server.output.splitlines() if not line.startswith("Chorus is at ")]
    assert len(lines) > 10
    assert [line for line in lines if not line.startswith("[Chorus 20")] == []


def test_both_servers_and_their_workers(server: Server) -> None:
    assert len(server.pids("webapp")) == 1 + 2
    assert len(server.pids("wsserver")) == 1 + 1


def test_file_modes(server: Server) -> None:
    assert server.home.stat().st_mode & 0o077 == 0
    assert (server.home / "run").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("who", ["worker", "arbiter"])
@pytest.mark.parametrize("program", ["webapp", "wsserver"])
def test_killed_process_is_replaced(server: Server, program: str, who: str) -> None:
    took: list[float] = []
    while not took or (took[-1] > REPAIRED_S and len(took) < 5):  # other work on this machine may spoil some
        took.append(repair_time(server, program, who))
    assert took[-1] <= REPAIRED_S, took


def repair_time(server: Server, program: str, who: str) -> float:
    """Seconds from a SIGKILL until all processes of the program are there again and it is ready.

    What other work on this machine took from the new ones, one after the other, does not count.
    """
    before = server.pids(program)
    victim = before[0] if who == "arbiter" else before[-1]
    port = server.port if program == "webapp" else server.ws_port
    gone = set(before) if who == "arbiter" else {victim}

    def repaired() -> bool:
        now = server.pids(program)
        return not gone & set(now) and len(now) == len(before) and readiness(port) == 200

    server.kill(victim)
    killed = time.monotonic()
    wait_for(repaired, 30, f"{who} of {program} replaced", lambda: server.output[-4_000:])
    took = time.monotonic() - killed
    first, *workers = server.pids(program)
    return took - max(delay_s(pid) for pid in set(workers) - set(before)) - (delay_s(first) if who == "arbiter" else 0)


def test_killed_runner_is_replaced(server: Server) -> None:
    took: list[float] = []
    while not took or (took[-1] > REPAIRED_S and len(took) < 5):
        victim = server.arbiter("runner")
        server.kill(victim)
        killed = time.monotonic()
        heard = bell_path(server.home, RUNNER)
        wait_for(lambda: victim not in server.pids("runner") and is_listening(heard), 30, "another runner")  # noqa: B023
        took.append(time.monotonic() - killed - delay_s(server.arbiter("runner")))
    assert took[-1] <= REPAIRED_S, took


def test_many_kills_do_not_tire_it(server: Server) -> None:
    """Supervisor's defaults would give up after three quick ones."""
    for _ in range(5):
        arbiter = server.arbiter("webapp")
        server.kill(arbiter)
        wait_for(lambda: arbiter not in server.pids("webapp"), 5, "the killed arbiter gone")  # noqa: B023
    server.wait_ready()


def test_what_was_acknowledged_survives(server: Server) -> None:
    source = {"sourceType": "test", "userId": "tester", "conversationId": None}
    task = server.json("POST", "/api/tasks", {"description": "survives", "source": source})
    for pid in server.pids("webapp"):
        server.kill(pid)
    server.wait_ready()
    assert server.json("GET", f"/api/tasks/{task['id']}")["description"] == "survives"


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_everything(tmp_path: Path, signum: int) -> None:
    """From the start to the end nothing warns: warnings are errors in the servers too. Nothing is left in TMPDIR."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with running(tmp_path / "home", PYTHONWARNINGS="error", TMPDIR=str(temporary)) as server:
        started = time.monotonic()
        if signum == signal.SIGINT:
            os.killpg(server.pids("supervisor")[0], signum)  # as the terminal does, for the foreground group
        server.stop_all(signum)
        assert time.monotonic() - started <= STOPPED_S
        assert readiness(server.port) is None
        assert "Warning" not in server.output
        assert "Traceback" not in server.output
    assert list(temporary.iterdir()) == []


def test_signal_right_after_a_kill(tmp_path: Path) -> None:
    """Told to stop while it starts a program again, the supervisor stops that one too."""
    with running(tmp_path / "home") as server:
        server.kill(server.arbiter("webapp"))
        server.stop_all()


def test_signal_ends_even_what_is_stopped(tmp_path: Path) -> None:
    """SIGSTOP for an arbiter and a worker: they cannot hear SIGTERM, and are killed in time."""
    with running(tmp_path / "home") as server:
        server.stop(server.arbiter("webapp"))
        server.stop(server.workers("wsserver")[0])
        started = time.monotonic()
        os.kill(server.pids("supervisor")[0], signal.SIGTERM)
        wait_for(lambda: not server.processes(), STOPPED_S, "every process gone")
        assert time.monotonic() - started <= STOPPED_S


def test_supervisor_killed_and_started_again(tmp_path: Path) -> None:
    with running(tmp_path / "home") as server:
        server.stop(server.workers("webapp")[0])  # even this one goes
        server.kill(server.pids("supervisor")[0])
        killed = time.monotonic()
        wait_for(lambda: not server.processes(), 2 * ORPHANS_S, "every orphan gone")
        assert time.monotonic() - killed <= ORPHANS_S
        server.kill_all()
        server.start()
        server.kill(server.pids("supervisor")[0])  # and at once again, without waiting for the orphans to go
        server.kill_all()
        server.start()


def test_flag_wins_over_environment(tmp_path: Path) -> None:
    server = prepare_server(tmp_path / "home")
    server.port = free_ports()
    try:
        server.spawn([*LAUNCHER, "--port", str(server.port)])
        server.wait_ready()
        server.stop_all()
    finally:
        server.kill_all()


def test_stdout_may_be_closed(tmp_path: Path) -> None:
    """`make run | head -1`: nobody reads any more, and Chorus goes on."""
    server = prepare_server(tmp_path / "home", CHORUS_LOG_LEVEL="debug")
    process = subprocess.Popen(LAUNCHER, env=server.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        server.wait_ready()
        process.send_signal(signal.SIGTERM)
        process.wait(STOPPED_S)
        assert server.processes() == []
    finally:
        server.kill_all()
        process.wait()


@pytest.mark.parametrize("mode", ["plain", "nginx"])
def test_other_ways_to_start(tmp_path: Path, mode: str) -> None:
    with running(tmp_path / "home", mode=mode) as server:
        assert server.json("GET", "/api/live")["webSocketUrl"] == server.ws_url
        assert server.pids("supervisor") == []
