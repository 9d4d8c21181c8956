"""What this machine gives to the least program that could do the job: the measure for `fanout` and `mutations`.

* `send`: one thread of C writes one frame to each of 1,000 clients with `send(2)`, 20 times a second. No server that
  writes to every client itself delivers sooner.
* `bare`: Flask under gunicorn with Chorus's processes and threads, whose one route changes a row and logs an event in a
  durable transaction, with nothing else around it: no checks, versions, history, counters, bell or clients.
"""

import json
import sys
from pathlib import Path
from typing import Any

from bench import generator, machine, report
from bench.fanout import CLIENTS, STEADY
from bench.generator import Swarm
from bench.target import Plan

TASKS, WRITERS = 100, (1, 16)
CONFIG = Path(__file__).with_name("bare_gunicorn.py")


def run(plan: Plan) -> None:
    send, bare = _send(plan), _bare(plan)
    delivered, written = send["latencyMs"], bare[16]
    report.emit(
        "floor",
        {"send": send, "bare": bare},
        f"bare sends p50 {delivered['p50']:.1f}, p99 {delivered['p99']:.1f} ms; bare HTTP writes "
        f"{written['perSecond']:.0f}/s, p99 {written['latencyMs']['p99']:.0f} ms at 16 writers",
    )


def _send(plan: Plan) -> dict[str, Any]:
    port = machine.free_port()
    bound = str(plan.seconds * (plan.windows + 1) + 10)
    pace = ["--clients", str(CLIENTS), "--batch", "1", "--every", str(1000 / STEADY), "--seconds", bound]
    server = generator.blaster(port, pace)
    try:
        with Swarm(port, CLIENTS) as swarm:
            measured = [swarm.window(plan.seconds) for _ in range(plan.windows + 1)][1:]
    finally:
        server.stop()
    return {"latencyMs": report.median_latency(measured)}


def _bare(plan: Plan) -> dict[int, dict[str, Any]]:
    port = machine.free_port()
    with machine.scratch() as folder:
        targets = folder / "targets"
        targets.write_text("".join(f"PATCH /api/tasks/{number}\n" for number in range(TASKS)))
        argv = [sys.executable, "-m", "gunicorn", "-c", str(CONFIG), "-b", f"127.0.0.1:{port}", "bench.bare:app"]
        server = machine.Process(argv, None, {"BENCH_DATABASE": str(folder / "bare.db"), "BENCH_TASKS": str(TASKS)})
        try:
            server.wait_for_port(port)
            return {writers: _write(port, targets, writers, plan) for writers in WRITERS}
        finally:
            server.stop()


def _write(port: int, targets: Path, writers: int, plan: Plan) -> dict[str, Any]:
    body = json.dumps({"description": "sentNs={ns} " + "x" * 200})
    target = ["--targets", str(targets), "--body", body, "--header", "Content-Type: application/json"]
    pace = ["--writers", str(writers), "--warmup", "0.5", "--seconds", str(plan.seconds)]
    answers = generator.http(port, [*target, *pace, "--windows", str(plan.windows)])
    return {
        "perSecond": report.median(a["perSecond"] for a in answers),
        "latencyMs": report.median_latency(answers),
        "failed": sum(a["errors"] + a["requests"] - a["status"]["2xx"] for a in answers),
    }
