"""User-space memory of an idle connection: the server's private pages with 8,000 clients, less those with none."""

import time
from typing import Any

from bench import machine, report
from bench.generator import Swarm
from bench.target import Plan, Target, compare

CLIENTS = 8000
KIB = 6.0
SETTLE_S = 2.0


def run(plan: Plan) -> None:
    rows = compare(plan.targets, _measure)
    sentence = ", ".join(f"{name} {row.get('KiBAConnection', 'failed')} KiB" for name, row in rows.items())
    report.emit("memory", {**rows, "toReachKiB": KIB}, f"an idle connection costs {sentence} (to reach: {KIB:g})")


def _measure(target: Target) -> dict[str, Any]:
    before = _private_kib(target)
    with Swarm(target.port, CLIENTS, target.options) as swarm:
        time.sleep(SETTLE_S)
        live = swarm.mark()["live"]
        after = _private_kib(target)
    return {"clients": live, "KiBAConnection": round((after - before) / live, 2), "idleServerKiB": before}


def _private_kib(target: Target) -> int:
    return sum(machine.private_kib(pid) for pid in target.pids())
