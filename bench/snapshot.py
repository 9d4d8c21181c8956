"""The snapshot of a board of 2,000 tasks: when it must be built, when it is shared, and its size on the wire."""

import http.client
import time

from bench import report
from bench.chorus import Chorus
from bench.target import Plan, running

TASKS = 2000
BUILT_MS, SHARED_MS = 60.0, 5.0


def run(plan: Plan) -> None:
    with running(Chorus(TASKS, spread=True)) as chorus:
        pairs = _pairs(chorus, plan)
        plain = _built_and_shared(chorus, "identity")
    built, shared = (report.median(pair[k][0] for pair in pairs) for k in (0, 1))
    reached = built <= BUILT_MS and shared <= SHARED_MS
    numbers = {
        "tasks": TASKS,
        "builtMs": built,
        "builtWorstMs": max(pair[0][0] for pair in pairs),
        "sharedMs": shared,
        "compressedBytes": pairs[0][0][1],
        "plainBytes": plain[0][1],
        "plainBuiltMs": plain[0][0],
        "reached": reached,
    }
    report.emit(
        "snapshot",
        numbers,
        f"built {built:.1f} ms, shared {shared:.1f} ms, {numbers['compressedBytes'] / 1000:.0f} kB compressed "
        f"({report.verdict(reached)}: {BUILT_MS:g} and {SHARED_MS:g} ms)",
    )


def measure(chorus: Chorus, plan: Plan) -> tuple[float, float]:
    """Median ms of the first snapshot after a change, and of the next."""
    pairs = _pairs(chorus, plan)
    return report.median(pair[0][0] for pair in pairs), report.median(pair[1][0] for pair in pairs)


def _pairs(chorus: Chorus, plan: Plan) -> list[tuple[tuple[float, int], tuple[float, int]]]:
    return [_built_and_shared(chorus, "gzip") for _ in range(5 + 10 * plan.windows)][5:]


def _built_and_shared(chorus: Chorus, encoding: str) -> tuple[tuple[float, int], tuple[float, int]]:
    """(ms, bytes) of the first snapshot after a change, and of the next on the same connection."""
    chorus.publish(1)
    connection = http.client.HTTPConnection("127.0.0.1", chorus.http_port, timeout=30)
    try:
        return _fetch(connection, encoding), _fetch(connection, encoding)
    finally:
        connection.close()


def _fetch(connection: http.client.HTTPConnection, encoding: str) -> tuple[float, int]:
    began = time.perf_counter()
    connection.request("GET", "/api/snapshot", headers={"Accept-Encoding": encoding})
    body = connection.getresponse().read()
    return (time.perf_counter() - began) * 1000, len(body)
