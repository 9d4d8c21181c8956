"""`python -m tests.mutants.guards`: takes out each guard, one at a time, and shows those that no test misses.

A guard is an `if` before a lone raise, return or continue. Those that are there for speed or words only stand in
needless.toml, each with its reason. The run has two parts: it notes which tests meet the condition of which guard (in
test-results/guards.jsonl; `--recorded` takes it from there), then runs these with the guard off, the quickest first,
until one fails. `--in core/runs` looks only at those files; `--most` bounds the tests of each guard. TESTS are paths
for pytest: only they are run anew, beside what was noted before of others.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.settings import ROOT
from tests.helpers import processes
from tests.mutants.planting import Guard, guards, plant
from tests.mutants.plugin import POLLUTED, SLOWER, TEST_TIMEOUT_S

# Below the root of the tree: which tests meet which guards, and which one caught each the last time.
RECORD = Path("test-results/guards.jsonl")
CAUGHT = Path("test-results/guards-caught.json")
NEEDLESS = Path(__file__).with_name("needless.toml")
PYTEST = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:xdist", "-p", "no:cacheprovider"]
PLUGIN = ["-p", "tests.mutants.plugin"]
EVERYTHING = ["tests", "--ignore=tests/browser", "--ignore=tests/mutants"]
MARK = "GUARDS_SESSION"
START_TIMEOUT_S = 300.0
NICENESS = 15
MOST_TESTS = 100


def needless() -> dict[str, str]:
    """Guards that no test can miss, `{key: why}`."""
    rows = tomllib.loads(NEEDLESS.read_text()).get("guard", [])
    return {f"{row['in']}: {row['guard']}": row["why"] for row in rows}


# --- which tests meet which guards ---


@dataclass
class Met:
    """Of one guard: the tests that meet its condition, with the seconds that each takes alone."""

    tests: dict[str, float] = field(default_factory=dict)

    def likely_first(self, last: str | None) -> list[tuple[str, float]]:
        """The one that caught it the last time, then the quickest ones."""
        return sorted(self.tests.items(), key=lambda pair: (pair[0] != last, pair[1]))


def record(copy: Path, found: list[Guard], tests: list[str]) -> list[dict[str, Any]]:
    """Runs the tests once; a line for each test."""
    raw = copy.parent / "record.jsonl"
    raw.touch()
    environ = os.environ | {"GUARDS_RECORD": str(raw)}
    subprocess.run([*PYTEST, *PLUGIN, *tests], cwd=copy, env=environ, check=False)
    lines = [json.loads(line) for line in raw.read_text().splitlines()]
    for line in lines:
        line["met"] = [found[number].key for number in line["met"]]
    return lines


def by_guard(lines: list[dict[str, Any]]) -> dict[str, Met]:
    """Tests that failed without any guard off say nothing. Alone, a test pays for the fixtures of its module."""
    found: dict[str, Met] = defaultdict(Met)
    first: dict[str, float] = {}
    for line in lines:
        module = line["test"].partition("::")[0]
        first.setdefault(module, line["seconds"])
        for key in line["met"] if not line["failed"] else ():
            found[key].tests[line["test"]] = line["seconds"] + first[module]
    return found


# --- with one guard off after the other ---


class Sweep:
    """Runs the jobs in one pytest after the other: a new one after a hang, a crash, or a test that spoiled others."""

    def __init__(self, copy: Path, jobs: list[dict[str, Any]], caught: dict[str, str], kept: Path) -> None:
        self._copy = copy
        self._caught, self._kept = caught, kept
        self._left = {job["number"]: job for job in jobs}
        self._again: set[int] = set()
        self.results: dict[int, dict[str, Any]] = {}

    def run(self) -> dict[int, dict[str, Any]]:
        while self._left:
            self._session()
        return self.results

    def _session(self) -> None:
        jobs, results = self._copy.parent / "jobs.jsonl", self._copy.parent / "results.jsonl"
        jobs.write_text("".join(f"{json.dumps(job)}\n" for job in self._left.values()))
        results.write_text("")
        modules = sorted({test.partition("::")[0] for job in self._left.values() for test, _ in job["tests"]})
        environ = os.environ | {"GUARDS_JOBS": str(jobs), "GUARDS_RESULTS": str(results), MARK: str(self._copy)}
        with (self._copy.parent / "sweep.log").open("a") as log:
            process = subprocess.Popen(
                [*PYTEST, *PLUGIN, *modules], cwd=self._copy, env=environ, stdout=log, stderr=log
            )
        current = next(iter(self._left))
        while process.poll() is None and self._left and self._in_time(current, results):
            time.sleep(0.2)
            current = self._read(results) or current
        if self._left:
            self._end()
        process.wait()
        self._read(results)
        if process.returncode != 0 and current in self._left:
            self._spoiled(current, process.returncode)

    def _read(self, results: Path) -> int | None:
        """Takes over what is there; returns the job at work."""
        for line in results.read_text().splitlines():
            result = json.loads(line)
            number = result["number"]
            if number in self._left and "polluted" not in result:
                self._done(self._left.pop(number), result)
            elif number in self._left and number in self._again:  # in an interpreter of its own the test fails as well
                self._done(self._left.pop(number), result | {"caught_by": result["polluted"]})
        return next(iter(self._left), None)

    def _in_time(self, current: int, results: Path) -> bool:
        tests: list[tuple[str, float]] = self._left[current]["tests"]
        bound = START_TIMEOUT_S + 2 * sum(TEST_TIMEOUT_S + SLOWER * seconds for _, seconds in tests)
        return time.time() - results.stat().st_mtime < bound

    def _spoiled(self, number: int, status: int) -> None:
        if number not in self._again:
            self._again.add(number)
            first = self._left.pop(number)
            self._left = {number: first} | self._left
        elif status != POLLUTED:
            self._done(self._left.pop(number), {"number": number, "caught_by": "all", "why": f"pytest ended: {status}"})

    def _end(self) -> None:
        for left in processes.marked(f"{MARK}={self._copy}"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(left.pid, signal.SIGKILL)

    def _done(self, job: dict[str, Any], result: dict[str, Any]) -> None:
        self.results[job["number"]] = result
        self._caught.pop(job["key"], None)
        if "caught_by" in result:
            self._caught[job["key"]] = result["caught_by"]
        self._kept.write_text(json.dumps(self._caught, indent=0))
        verdict = f"caught by {result['caught_by']}: {result['why']}" if "caught_by" in result else "SURVIVED"
        sys.stdout.write(f"{len(self.results)}: {job['key']}\n    {verdict}\n")
        sys.stdout.flush()


# --- all together ---


def _kept(root: Path) -> list[dict[str, Any]]:
    path = root / RECORD
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def jobs_for(
    found: list[Guard], met: dict[str, Met], caught: dict[str, str], within: str, most: int
) -> list[dict[str, Any]]:
    known = needless()
    return [
        {"number": number, "key": guard.key, "tests": met[guard.key].likely_first(caught.get(guard.key))[:most]}
        for number, guard in enumerate(found)
        if guard.file.startswith(within) and guard.key in met and guard.key not in known
    ]


def survivors(
    found: list[Guard], jobs: list[dict[str, Any]], results: dict[int, dict[str, Any]], within: str
) -> list[str]:
    """A line for each guard that no test misses, with what was tried."""
    known, tried_on = needless(), {job["number"]: len(job["tests"]) for job in jobs}
    lines = []
    for number, guard in enumerate(found):
        if not guard.file.startswith(within) or guard.key in known or "caught_by" in results.get(number, {}):
            continue
        tried = f"tried on {tried_on[number]}" if number in tried_on else "no test meets it"
        lines.append(f"{guard.file}:{guard.line}  {guard.key}  ({tried})")
    return lines


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.guards", description="Guards that no test misses.")
    parser.add_argument("--in", dest="within", default="", help="only guards of files whose path begins so")
    parser.add_argument("--most", type=int, default=MOST_TESTS, metavar="N", help="tests for each guard, at most")
    parser.add_argument("--recorded", action="store_true", help=f"take {RECORD} as it is")
    parser.add_argument("tests", nargs="*", help="pytest arguments (default: all tests without a browser)")
    return parser.parse_args()


def sweep(
    root: Path = ROOT,
    within: str = "",
    most: int = MOST_TESTS,
    tests: list[str] | None = None,
    *,
    recorded: bool = False,
) -> list[str]:
    """What survives; its progress goes to stdout."""
    with tempfile.TemporaryDirectory(prefix="chorus-guards-") as folder:
        copy = plant(root, Path(folder))
        found = guards(root)
        lines = _kept(root) if recorded or tests else []
        if not recorded:
            new = record(copy, found, tests or EVERYTHING)
            lines = [line for line in lines if line["test"] not in {each["test"] for each in new}] + new
            (root / RECORD).parent.mkdir(exist_ok=True)
            (root / RECORD).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        caught = json.loads((root / CAUGHT).read_text()) if (root / CAUGHT).exists() else {}
        jobs = jobs_for(found, by_guard(lines), caught, within, most)
        return survivors(found, jobs, Sweep(copy, jobs, caught, root / CAUGHT).run(), within)


def main() -> None:
    given = arguments()
    os.nice(max(0, NICENESS - os.nice(0)))
    left = sweep(ROOT, given.within, given.most, given.tests, recorded=given.recorded)
    sys.stdout.write("".join(f"{line}\n" for line in ["", f"{len(left)} guards that no test misses:", *left]))
    sys.exit(1 if left else 0)


if __name__ == "__main__":
    main()
