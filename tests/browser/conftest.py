"""Two users, kept for the whole run with a fresh tab for each test, and a server that a test may hurt but not stop."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.browser import Browser
from tests.helpers.chromium import Chromium
from tests.helpers.server import Server, running

SETTINGS = {"CHORUS_HEARTBEAT_MS": "1000", "CHORUS_LOG_LEVEL": "warn"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("browser") / "home", **SETTINGS) as started:
        yield started


@pytest.fixture(scope="session")
def _anna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    yield from _chromium("anna", tmp_path_factory)


@pytest.fixture(scope="session")
def _ben(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    yield from _chromium("ben", tmp_path_factory)


@pytest.fixture
def anna(_anna: Browser) -> Iterator[Browser]:
    yield from _checked(_anna)


@pytest.fixture
def ben(_ben: Browser) -> Iterator[Browser]:
    yield from _checked(_ben)


def _chromium(name: str, folders: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Chromium(name, folders.mktemp(f"profile-{name}"))
    yield browser
    browser.quit()


def _checked(browser: Browser) -> Iterator[Browser]:
    """At the end of each test: nothing went wrong in the page, and no other host was asked for anything."""
    browser.renew()
    yield browser
    errors, hosts = browser.console_errors(), browser.hosts()
    browser.leave()
    assert errors == []
    assert hosts <= {None, "localhost"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """What explains a failure is saved while the page is still there."""
    report = yield
    if report.failed and report.when == "call":
        browsers = {value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Browser)}
        report.sections += [(browser.name, browser.evidence(item.name)) for browser in browsers]
    return report
