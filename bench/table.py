"""The tables of docs/performance.md from the JSON lines of a run: `python -m bench.table results.jsonl`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Results = dict[str, dict[str, Any]]


def servers(results: Results) -> Iterator[str]:
    """Chorus beside its peers."""
    yield "| Server | Version | deliveries/s at p99 ≤ 20 ms | in a flood | 20 events/s: p50, p99 | an idle connection |"
    yield "|---|---|--:|--:|--:|--:|"
    for name, row in results["fanout"].items():
        if isinstance(row, dict) and "steady" in row:
            latency, burst = row["steady"]["latencyMs"], row["burst"]
            size = results.get("memory", {}).get(name, {}).get("KiBAConnection", "?")
            rates = f"{burst['deliveriesPerSecond']:,} | {burst['floodPerSecond']:,}"
            times = f"{latency['p50']:.1f}, {latency['p99']:.1f} ms"
            yield f"| {name} | {row['version']} | {rates} | {times} | {size} KiB |"


def results_of(results: Results) -> Iterator[str]:
    """Each measurement in its own words, which end with what was to be reached."""
    yield "| Measurement | Result |"
    yield "|---|---|"
    for name, row in results.items():
        yield f"| {name} | {row['sentence']} |"


def main(path: Path) -> None:
    results = {row["measurement"]: row for row in map(json.loads, path.read_text().splitlines())}
    conditions = next(iter(results.values()))["conditions"]
    print(", ".join(f"{name} {value}" for name, value in conditions.items()), "", sep="\n")
    print(*results_of(results), "", *servers(results), sep="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
