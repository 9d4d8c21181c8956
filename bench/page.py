"""The page with 2,000 cards in Chromium: when the board is on the screen, how many bytes that took, and how long a
pushed change takes to be painted."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from bench import report
from bench.chorus import Chorus
from bench.target import Plan, running

CARDS = 2000
BOARD_MS, PAINTED_MS, BYTES = 1000.0, 50.0, 100_000
CHANGES = 100
CHANGE_EVERY_S = 0.1
WAIT_S = 20.0

_BYTES = """
const entries = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
return entries.map((entry) => [new URL(entry.name).pathname, entry.transferSize]);
"""
_TIMES = """
const { arrived, painted, origin } = window.benchmark;
return [...painted].map(([stamp, at]) => [at - arrived.get(stamp), origin + at - Number(stamp.slice(0, -3)) / 1000]);
"""


def run(plan: Plan) -> None:
    os.sched_setaffinity(0, range(os.cpu_count() or 1))  # the browser shares both cores with the servers
    with running(Chorus(CARDS, spread=True)) as chorus:
        loads = [_load(chorus) for _ in range(plan.windows)]
        waits = sorted(_changes(chorus))
    board, files, tasks = (
        report.median(load[name] for load in loads) for name in ("boardMs", "filesBytes", "snapshotBytes")
    )
    painted = _share(waits, 0.95)
    reached = board <= BOARD_MS and painted <= PAINTED_MS and files <= BYTES
    numbers = {
        "cards": CARDS,
        "loads": loads,
        "boardMs": board,
        "filesBytes": files,
        "snapshotBytes": tasks,
        "changes": len(waits),
        "arrivedToPaintedMs": {"p50": _share(waits, 0.5), "p95": painted, "max": waits[-1]},
        "reached": reached,
    }
    report.emit(
        "page",
        numbers,
        f"board after {board:.0f} ms and {files / 1000:.0f} kB (and {tasks / 1000:.0f} kB of tasks), "
        f"change painted p95 {painted:.0f} ms "
        f"({report.verdict(reached)}: {BOARD_MS:g} ms, {BYTES / 1000:g} kB, {PAINTED_MS:g} ms)",
    )


def _share(sorted_values: list[float], share: float) -> float:
    return sorted_values[min(int(share * len(sorted_values)), len(sorted_values) - 1)]


@contextmanager
def _browser() -> Iterator[Chrome]:
    """A fresh Chromium with an empty cache, watched by page.js."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1600,1000"):
        options.add_argument(flag)
    chrome = Chrome(options, Service(shutil.which("chromedriver")))
    try:
        script = (Path(__file__).parent / "page.js").read_text()
        chrome.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
        yield chrome
    finally:
        chrome.quit()


def _open(chrome: Chrome, chorus: Chorus) -> list[list[float]]:
    """Opens the board; returns its growth, [ms, cards], once it is live and has stopped growing."""
    chrome.get(f"http://127.0.0.1:{chorus.http_port}/")
    deadline, before = time.monotonic() + WAIT_S, None
    while time.monotonic() < deadline:
        time.sleep(0.5)
        boards: list[list[float]] = chrome.execute_script("return window.benchmark.boards")
        live = chrome.execute_script("return !!document.querySelector('html[data-connection=live]')")
        if live and boards and boards == before:
            return boards
        before = boards
    raise RuntimeError(f"no live board after {WAIT_S} s: {before}")


def _load(chorus: Chorus) -> dict[str, Any]:
    """One cold load. Bytes are compressed and include 300 for each answer's head; the tasks are counted apart."""
    with _browser() as chrome:
        boards = _open(chrome, chorus)
        sizes = chrome.execute_script(_BYTES)
    tasks = sum(size for path, size in sizes if path == "/api/snapshot")
    return {
        "boardMs": round(boards[-1][0]),
        "cardsDrawn": boards[-1][1],
        "requests": len(sizes),
        "filesBytes": sum(size for _, size in sizes) - tasks,
        "snapshotBytes": tasks,
    }


def _changes(chorus: Chorus) -> list[float]:
    """ms from a pushed change's arrival in the page to its paint, for changes of titles by somebody else."""
    with _browser() as chrome:
        _open(chrome, chorus)
        for task_id in chorus.task_ids(CHANGES):
            chorus.request("PATCH", f"/api/tasks/{task_id}", {"description": f"sentNs={time.time_ns()} changed"})
            time.sleep(CHANGE_EVERY_S)
        return [arrived_to_painted for arrived_to_painted, _ in chrome.execute_script(_TIMES)]
