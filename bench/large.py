"""A workspace with a past, 50,000 tasks and 500,000 history entries, against one without."""

from typing import Any

from bench import mutations, report, snapshot
from bench.chorus import Chorus
from bench.generator import Swarm
from bench.target import Plan, running

ON_BOARD, ARCHIVED, ENTRIES, FEW = 2_000, 48_000, 500_000, 100
WRITERS = 16
LOOKS = 20


def run(plan: Plan) -> None:
    with running(Chorus(FEW, spread=True)) as chorus:
        few = _mutations(chorus, plan)
    with running(Chorus(ON_BOARD, spread=True, archived=ARCHIVED, entries=ENTRIES)) as chorus:
        many, looks = _mutations(chorus, plan), _looks(chorus)
        built, shared = snapshot.measure(chorus, plan)
    growth = few["perSecond"] / many["perSecond"]
    reached = growth <= mutations.GROWTH and built <= snapshot.BUILT_MS and shared <= snapshot.SHARED_MS
    numbers = {"few": few, "many": many, "growth": growth, "looksMs": looks, "builtMs": built, "sharedMs": shared}
    report.emit(
        "large",
        numbers | {"reached": reached},
        f"{many['perSecond']:.0f}/s at {WRITERS} writers, p99 {many['latencyMs']['p99']:.0f} ms, cost {growth:.2f} x; "
        f"snapshot built {built:.0f} ms; {', '.join(f'{name} {ms:.1f} ms' for name, ms in looks.items())} "
        f"({report.verdict(reached)}: {mutations.GROWTH} x, {snapshot.BUILT_MS:g} ms)",
    )


def _mutations(chorus: Chorus, plan: Plan) -> dict[str, Any]:
    with Swarm(chorus.port, mutations.CLIENTS, chorus.options) as swarm:
        return mutations.measure(chorus, swarm, WRITERS, plan)


def _looks(chorus: Chorus) -> dict[str, float]:
    """Median ms of what people read besides the board."""
    task_id = chorus.task_ids(1)[0]
    paths = {
        "history": f"/api/tasks/{task_id}/history?limit=200",
        "archive search": "/api/tasks?archived=true&q=zebra&limit=50",
        "insights": "/api/insights?days=90",
    }
    return {name: report.median(chorus.timed(path) for _ in range(LOOKS)) for name, path in paths.items()}
