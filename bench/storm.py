"""1,000 clients lose their sidecar by SIGKILL while events go on: when all are live again, and what they missed."""

import os
import signal
import threading
import time

from bench import report
from bench.chorus import Chorus
from bench.generator import Swarm
from bench.target import Plan, running

CLIENTS, RATE = 1000, 20
LIVE_S = 5.0


def run(plan: Plan) -> None:
    with (
        running(Chorus(tasks=100, spread=True)) as chorus,
        Swarm(chorus.port, CLIENTS, ["--reconnect", *chorus.options]) as swarm,
    ):
        rounds = [_round(chorus, swarm) for _ in range(plan.windows)]
        head = chorus.get("/api/snapshot")["data"]["seq"]
    worst = max(r["seconds"] for r in rounds)
    lost = sum(r["missing"] for r in rounds) + head - rounds[-1]["cursorLow"]
    doubled, resyncs = (sum(r[name] for r in rounds) for name in ("doubled", "resyncs"))
    reached = worst <= LIVE_S and not lost and not doubled and not resyncs
    numbers = {
        "clients": CLIENTS,
        "eventsPerSecond": RATE,
        "allLiveSeconds": [r["seconds"] for r in rounds],
        "lost": lost,
        "doubled": doubled,
        "snapshotsAskedFor": resyncs,
        "reached": reached,
    }
    report.emit(
        "storm",
        numbers,
        f"all {CLIENTS} live after {worst:.1f} s, {lost} lost, {doubled} doubled, {resyncs} snapshots "
        f"({report.verdict(reached)}: {LIVE_S:g} s and none)",
    )


def _round(chorus: Chorus, swarm: Swarm) -> dict[str, float]:
    stop = threading.Event()
    publisher = threading.Thread(target=_publish_until, args=(chorus, stop))
    swarm.mark()
    publisher.start()
    try:
        time.sleep(1)
        for pid in chorus.sidecar_pids():
            os.kill(pid, signal.SIGKILL)
        recovered = swarm.wait_for("recovered")
    finally:
        time.sleep(1)
        stop.set()
        publisher.join()
    time.sleep(1)
    return {**swarm.mark(), "seconds": recovered["seconds"]}


def _publish_until(chorus: Chorus, stop: threading.Event) -> None:
    while not stop.wait(1 / RATE):
        chorus.publish(1)
