"""What the generator itself can take, against a server that only sends: every result must stay below half of it."""

import time
from typing import Any

from bench import generator, machine, report
from bench.generator import Swarm
from bench.target import Plan

CLIENTS = 1000


def deliveries(seconds: float, windows: int, batch: int) -> dict[str, Any]:
    """Frames a second that the swarm reads and checks when `batch` frames arrive in one write."""
    port = machine.free_port()
    bound = str(seconds * windows + 10)
    server = generator.blaster(port, ["--clients", str(CLIENTS), "--batch", str(batch), "--seconds", bound])
    try:
        with Swarm(port, CLIENTS) as swarm:
            measured = []
            for _ in range(windows + 1):
                time.sleep(seconds)
                measured.append(swarm.mark())
    finally:
        server.stop()
    return _medians(measured[1:])


def requests(seconds: float, windows: int) -> dict[str, Any]:
    """Requests a second that 16 writers send and 100 % of the answers they read."""
    port = machine.free_port()
    server = generator.blaster(port, ["--seconds", str(seconds * windows + 10)])
    try:
        options = ["--writers", "16", "--body", "x" * 300, "--seconds", str(seconds), "--windows", str(windows)]
        return _medians(generator.http(port, options))
    finally:
        server.stop()


def _medians(windows: list[generator.Report]) -> dict[str, Any]:
    return {name: round(report.median(w[name] for w in windows), 3) for name in ("perSecond", "generatorBusy")}


def run(plan: Plan) -> None:
    result = {
        "blocks": deliveries(plan.seconds, plan.windows, batch=10**6),
        "singleFrames": deliveries(plan.seconds, plan.windows, batch=1),
        "http": requests(plan.seconds, plan.windows),
    }
    sentence = ", ".join(f"{name} {row['perSecond']:,.0f}/s" for name, row in result.items())
    report.emit("selftest", result, f"the generator takes {sentence}")
