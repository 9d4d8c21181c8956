"""How a result is said: one JSON line on stdout, one readable line on stderr."""

import json
import statistics
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from bench import machine

_conditions: dict[str, object] = {}


def begin() -> None:
    """Notes the conditions, before anything is started."""
    _conditions.update(machine.conditions())


def emit(name: str, numbers: Mapping[str, Any], sentence: str) -> None:
    """`numbers` name their unit in their key (…Ms, …PerSecond, …Bytes, …KiB)."""
    print(json.dumps({"measurement": name, "sentence": sentence, **numbers, "conditions": _conditions}), flush=True)
    print(f"{name}: {sentence}", file=sys.stderr, flush=True)


def progress(sentence: str) -> None:
    """What is being done, for the person who waits."""
    print(f"  {sentence}", file=sys.stderr, flush=True)


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def median_latency(windows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Median over the windows of each percentile, ms."""
    latencies = [window["latencyMs"] for window in windows]
    return {point: median(latency[point] for latency in latencies) for point in ("p50", "p90", "p99", "p999", "max")}


def verdict(reached: bool) -> str:
    return "reached" if reached else "NOT reached"
