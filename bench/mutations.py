"""Mutations a second over HTTP, closed loop, while 100 clients listen; with 100 and with 50,000 tasks on the board."""

from typing import Any

from bench import generator, report
from bench.chorus import Chorus
from bench.generator import Swarm
from bench.latency import edit_options
from bench.target import Plan, running

CLIENTS = 100
WRITERS = (1, 4, 16)
FEW, MANY = 100, 50_000
PER_SECOND, P99_MS, GROWTH = 500, 50.0, 1.3


def run(plan: Plan) -> None:
    few, many = (_board(tasks, plan) for tasks in (FEW, MANY))
    growth = {writers: few[writers]["perSecond"] / many[writers]["perSecond"] for writers in WRITERS}
    most = few[16]
    reached = most["perSecond"] >= PER_SECOND and most["latencyMs"]["p99"] <= P99_MS and growth[16] <= GROWTH
    numbers = {"clients": CLIENTS, f"at{FEW}": few, f"at{MANY}": many, "growth": growth, "reached": reached}
    report.emit(
        "mutations",
        numbers,
        f"{most['perSecond']:.0f}/s, p99 {most['latencyMs']['p99']:.0f} ms at 16 writers, cost at {MANY:,} tasks "
        f"{growth[16]:.2f} x ({report.verdict(reached)}: {PER_SECOND}/s, {P99_MS:g} ms, {GROWTH} x)",
    )


def _board(tasks: int, plan: Plan) -> dict[int, dict[str, Any]]:
    with running(Chorus(tasks, spread=True)) as chorus, Swarm(chorus.port, CLIENTS, chorus.options) as swarm:
        return {writers: measure(chorus, swarm, writers, plan) for writers in WRITERS}


def measure(chorus: Chorus, swarm: Swarm, writers: int, plan: Plan) -> dict[str, Any]:
    swarm.mark()
    pace = [
        "--writers",
        str(writers),
        "--warmup",
        "0.5",
        "--seconds",
        str(plan.seconds),
        "--windows",
        str(plan.windows),
    ]
    answers = generator.http(chorus.http_port, [*edit_options(chorus), *pace])
    events = swarm.mark()
    return {
        "perSecond": report.median(a["perSecond"] for a in answers),
        "latencyMs": report.median_latency(answers),
        "failed": sum(a["errors"] + a["requests"] - a["status"]["2xx"] for a in answers),
        "unansweredMs": max(a["unansweredMs"] for a in answers),
        "eventMs": report.median_latency([events]),
        "missing": events["missing"],
        "doubled": events["doubled"],
    }
