"""pytest inside a planted copy: notes which tests meet which guards, or runs tests with one guard off after the other.

The environment says what to do: GUARDS_RECORD names the file that is written, GUARDS_JOBS the one that is read (lines
`{"number", "tests": [[id, seconds], …]}`) and GUARDS_RESULTS the one where each job gets its line.
"""

import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tests.mutants.planting import SWITCH

TEST_TIMEOUT_S = 30.0
SLOWER = 6  # than alone, before a test counts as one that does not end
POLLUTED = 3  # exit status: a test fails without any guard off, after one was off


class TooSlow(Exception):
    """A test with a guard off does not end."""


def _switch() -> Any:
    """The module that the planted guards ask."""
    if SWITCH not in sys.modules:
        sys.path.append(str(Path(__file__).resolve().parents[3]))
    return importlib.import_module(SWITCH)


def _note(path: str, **line: Any) -> None:
    with open(path, "a") as file:
        file.write(json.dumps(line) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    if "GUARDS_RECORD" in os.environ:
        config.pluginmanager.register(Recorder(os.environ["GUARDS_RECORD"]))
    if "GUARDS_JOBS" in os.environ:
        config.pluginmanager.register(Sweeper(os.environ["GUARDS_JOBS"], os.environ["GUARDS_RESULTS"]))


class Recorder:
    def __init__(self, path: str) -> None:
        self._path = path
        self._failed = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._failed = False
        _switch().take_met()
        began = time.monotonic()
        result = yield
        seconds = round(time.monotonic() - began, 3)
        _note(self._path, test=item.nodeid, seconds=seconds, failed=self._failed, met=_switch().take_met())
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._failed |= report.failed


class Sweeper:
    """Each test begins with nothing: no fixture of the one before lives on."""

    def __init__(self, jobs: str, results: str) -> None:
        self._jobs = [json.loads(line) for line in Path(jobs).read_text().splitlines()]
        self._results = results
        self._warm: set[str] = set()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._items = {item.nodeid: item for item in session.items}
        signal.signal(signal.SIGALRM, self._too_slow)
        for job in self._jobs:
            self._do(job)
        return True

    @staticmethod
    def _too_slow(*_: object) -> None:
        raise TooSlow

    def _do(self, job: dict[str, Any]) -> None:
        number = job["number"]
        for test, seconds in job["tests"]:
            timeout = max(TEST_TIMEOUT_S, SLOWER * seconds)
            why = self._fails(test, number, timeout)
            if why is None:
                continue
            if self._fails(test, None, timeout) is not None:
                _note(self._results, number=number, polluted=test, why=why)
                os._exit(POLLUTED)
            return _note(self._results, number=number, caught_by=test, why=why)
        _note(self._results, number=number)

    def _fails(self, test: str, off: int | None, timeout: float) -> str | None:
        """The last line of why the test fails with this guard off; None: it does not."""
        item = self._items.get(test)
        if item is None:  # it was named after something that is another one in each run
            return None
        if off is not None and item.nodeid.partition("::")[0] not in self._warm:  # what a module keeps for good
            self._warm.add(item.nodeid.partition("::")[0])
            self._fails(test, None, timeout)
        item._initrequest()  # type: ignore[attr-defined]
        _switch().switch_off(off)
        signal.setitimer(signal.ITIMER_REAL, timeout, 5)
        try:
            reports = runtestprotocol(item, log=False, nextitem=None)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            _switch().switch_off(None)
        return next((_words(report) for report in reports if report.failed), None)


def _words(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr)
    return f"{report.when}: {' '.join(text.split())[:300]}"
