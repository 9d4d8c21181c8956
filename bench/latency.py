"""From a request to everybody else's screen: 50 changes a second over HTTP, 100 clients listening."""

from typing import Any

from bench import generator, report
from bench.chorus import Chorus
from bench.generator import Report, Swarm
from bench.target import Plan, running

CLIENTS, RATE = 100, 50
P50_MS, P99_MS = 6.0, 25.0


def edit_options(chorus: Chorus) -> list[str]:
    """Flags for `loadgen http`: change one task's description after the other, stamped with the time of sending."""
    targets = chorus.folder / "targets"
    targets.write_text("".join(f"PATCH /api/tasks/{task_id}\n" for task_id in chorus.task_ids(1000)))
    body = '{"description":"sentNs={ns} ' + "x" * 200 + '"}'
    return ["--targets", str(targets), "--body", body, "--header", "Content-Type: application/json"]


def run(plan: Plan) -> None:
    with running(Chorus(tasks=100, spread=True)) as chorus, Swarm(chorus.port, CLIENTS, chorus.options) as swarm:
        measured = [_window(chorus, swarm, plan.seconds) for _ in range(plan.windows + 1)][1:]
    received = report.median_latency([window for window, _ in measured])
    reached = received["p50"] <= P50_MS and received["p99"] <= P99_MS
    numbers: dict[str, Any] = {
        "clients": CLIENTS,
        "requestsPerSecond": RATE,
        "requestToEventMs": received,
        "requestToAnswerMs": report.median_latency([answers for _, answers in measured]),
        "unansweredMs": max(answers["unansweredMs"] for _, answers in measured),
        "missing": sum(window["missing"] for window, _ in measured),
        "doubled": sum(window["doubled"] for window, _ in measured),
        "reached": reached,
    }
    sentence = f"request to event p50 {received['p50']:.1f} ms, p99 {received['p99']:.1f} ms"
    report.emit("latency", numbers, f"{sentence} ({report.verdict(reached)}: {P50_MS:g} and {P99_MS:g})")


def _window(chorus: Chorus, swarm: Swarm, seconds: float) -> tuple[Report, Report]:
    """(what the clients received, how the requests were answered)"""
    swarm.mark()
    pace = ["--writers", "16", "--rate", str(RATE), "--seconds", str(seconds)]
    (answers,) = generator.http(chorus.http_port, [*edit_options(chorus), *pace])
    return swarm.mark(), answers
