"""50 runs of 20 records a second each, 100 clients following; and what the API and the sidecar feel of it."""

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

from websockets.asyncio.client import connect

from bench import generator, machine, report
from bench.chorus import Chorus
from bench.latency import RATE, edit_options
from bench.target import Plan, running

RUNS, RECORDS_PER_SECOND, CLIENTS, LOOKED_AT = 50, 20, 100, 10
P99_MS, TIMES = 250.0, 1.5
_AT = re.compile(r'"at":(\d+)')


def run(plan: Plan) -> None:
    with running(Chorus(tasks=100, spread=True)) as chorus:
        quiet = _api(chorus, plan)
        before = _memory_kib(chorus)
        with _speakers(chorus, plan.seconds * plan.windows + 6), _followers(chorus) as followers:
            time.sleep(2)  # until all speak and follow
            followers.mark()
            loud = _api(chorus, plan)
            pushed = followers.mark()
            grown = _memory_kib(chorus) - before
    times = loud["p99"] / quiet["p99"]
    reached = pushed["p99"] <= P99_MS and times <= TIMES
    numbers: dict[str, Any] = {
        "runs": RUNS,
        "recordsPerSecond": RUNS * RECORDS_PER_SECOND,
        "clients": CLIENTS,
        "pushedMs": pushed,
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
    pace = ["--writers", "16", "--rate", str(RATE), "--seconds", str(plan.seconds), "--windows", str(plan.windows)]
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


class Followers:
    """The clients, in a process of their own; each `mark` tells of the latencies since the last one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def mark(self) -> dict[str, float]:
        """Percentiles, ms, from when a record was said until a client had it."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("mark\n")
        self._process.stdin.flush()
        found: dict[str, float] = json.loads(self._process.stdout.readline())
        return found


@contextlib.contextmanager
def _followers(chorus: Chorus) -> Iterator[Followers]:
    position = chorus.get("/api/snapshot")["data"]
    argv = [sys.executable, "-m", "bench.output", str(chorus.port), position["epoch"], str(position["seq"])]
    with subprocess.Popen(argv, cwd=machine.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Followers(process)
        finally:
            process.kill()


async def follow(port: int, epoch: str, since: int) -> None:
    """Opens all clients; LOOKED_AT of them look at every record."""
    found: list[float] = []
    tasks = [
        asyncio.create_task(_follow_one(port, epoch, since, found if n < LOOKED_AT else None)) for n in range(CLIENTS)
    ]
    while await asyncio.to_thread(sys.stdin.readline):
        told, found[:] = sorted(found), []
        points = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
        last = len(told) - 1
        print(
            json.dumps({name: told[round(last * share)] if told else 0.0 for name, share in points.items()}), flush=True
        )
    for task in tasks:
        task.cancel()


async def _follow_one(port: int, epoch: str, since: int, found: list[float] | None) -> None:
    async with connect(f"ws://127.0.0.1:{port}/ws", proxy=None, max_size=None) as client:
        await client.send(json.dumps({"type": "subscribe", "protocol": 1, "epoch": epoch, "since": since}))
        async for message in client:
            now = time.time() * 1000
            text = str(message)
            if text.startswith('{"type":"run_output"') and found is not None:
                found += [now - int(at) for at in _AT.findall(text)]
            elif text.startswith('{"type":"heartbeat"'):
                await client.send('{"type":"pong","seq":null}')


if __name__ == "__main__":
    asyncio.run(follow(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
