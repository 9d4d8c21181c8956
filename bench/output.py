"""50 runs of 20 records a second each, 100 clients following; and what the API and the sidecar feel of it.

The API is asked while the same clients listen, once without the output and once with it.
"""

import contextlib
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

from bench import generator, machine, report
from bench.chorus import Chorus
from bench.generator import Swarm
from bench.latency import RATE, edit_options
from bench.target import Plan, running

RUNS, RECORDS_PER_SECOND, CLIENTS = 50, 20, 100
LONGER = 5  # times a window of other measurements: the 99th percentile needs more than its 100 requests
P99_MS, TIMES = 250.0, 1.5


def run(plan: Plan) -> None:
    with running(Chorus(tasks=100, spread=True)) as chorus, Swarm(chorus.port, CLIENTS, chorus.options) as swarm:
        quiet = _api(chorus, plan)
        before = _memory_kib(chorus)
        with _speakers(chorus, LONGER * plan.seconds * plan.windows + 6):
            time.sleep(2)  # until all speak
            swarm.mark()
            loud = _api(chorus, plan)
            window = swarm.mark()
            grown = _memory_kib(chorus) - before
    pushed = window["outputMs"]
    times = loud["p99"] / quiet["p99"]
    reached = pushed["p99"] <= P99_MS and times <= TIMES
    numbers: dict[str, Any] = {
        "runs": RUNS,
        "recordsPerSecond": RUNS * RECORDS_PER_SECOND,
        "clients": CLIENTS,
        "pushedMs": pushed,
        "recordsReceivedPerSecond": round(window["records"] / window["seconds"] / CLIENTS),
        "generatorBusy": window["generatorBusy"],
        "apiQuietMs": quiet,
        "apiMs": loud,
        "sidecarGrownKiB": grown,
        "reached": reached,
    }
    report.emit(
        "output",
        numbers,
        f"{RUNS * RECORDS_PER_SECOND} records/s pushed p50 {pushed['p50']:.0f}, p99 {pushed['p99']:.0f} ms; API p99 "
        f"{loud['p99']:.0f} ms ({times:.2f} x); sidecar + {grown / 1024:.0f} MiB "
        f"({report.verdict(reached)}: {P99_MS:g} ms, {TIMES:g} x)",
    )


def _api(chorus: Chorus, plan: Plan) -> dict[str, float]:
    """How requests are answered, ms: edits at the pace of the measurement `latency`."""
    seconds = str(LONGER * plan.seconds)
    pace = ["--writers", "16", "--rate", str(RATE), "--seconds", seconds, "--windows", str(plan.windows)]
    return report.median_latency(generator.http(chorus.http_port, [*edit_options(chorus), *pace]))


def _memory_kib(chorus: Chorus) -> int:
    return sum(machine.private_kib(pid) for pid in chorus.sidecar_pids())


@contextlib.contextmanager
def _speakers(chorus: Chorus, seconds: float) -> Iterator[None]:
    """One process that writes for all runs, as the runner does."""
    count = str(round(seconds * RECORDS_PER_SECOND))
    runs = [f"{uuid.uuid4()}:{uuid.uuid4()}" for _ in range(RUNS)]
    argv = [sys.executable, "-m", "tests.helpers.speaker", str(chorus.folder / "home"), str(RECORDS_PER_SECOND), count]
    with subprocess.Popen([*argv, *runs], cwd=machine.ROOT) as process:
        try:
            yield
        finally:
            process.kill()
