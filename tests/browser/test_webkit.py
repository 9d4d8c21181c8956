"""The journeys that matter, in WebKitGTK: what people report of pages is often Safari's."""

from collections.abc import Iterator

import pytest

from tests.browser import (
    outside,
    page,
    test_accessibility,
    test_connection,
    test_journey,
    test_typed_text,
    test_whole_life,
)
from tests.browser.conftest import SETTINGS
from tests.browser.test_accessibility import STICKING_OUT
from tests.helpers.browser import Browser, css
from tests.helpers.hands import Hands, employ, hands
from tests.helpers.server import Server, running
from tests.helpers.webkit import WebKit, display

file = test_journey.file

test_board = test_journey.test_board
test_task_page = test_journey.test_task_page
test_sidecar_killed = test_connection.test_sidecar_killed
test_sidecar_falls_silent = test_connection.test_sidecar_falls_silent
test_code_that_could_not_be_fetched = test_connection.test_code_that_could_not_be_fetched
test_left_and_come_back = test_connection.test_left_and_come_back
test_drafts_survive_everything = test_typed_text.test_drafts_survive_everything
test_live_output = test_whole_life.test_live_output


def test_every_page_follows_the_width(anna: Browser, server: Server) -> None:
    """From a wide window to a phone and back, as a tablet is turned: nothing sticks out, nothing stays narrow."""
    task_id = test_accessibility.full_task(server)
    outside.ask(server, "POST", "/api/access-tokens", {"name": "laptop"})
    anna.open(server)
    for path, shown in ({"/": "need", page.task_url(task_id): "entry"} | test_whole_life.PAGES).items():
        page.go(anna, path)
        anna.shows(css(shown))
        anna.look("light", 1440)
        anna.look("dark", 360)
        assert anna.run(STICKING_OUT) == [], path
        assert not anna.find(css("nav-board")).is_displayed()
        anna.look("light", 1440)
        assert anna.find(css("nav-board")).is_displayed(), f"{path} is still as narrow as a phone"


def test_panels_are_as_high_as_what_they_say(anna: Browser, server: Server) -> None:
    anna.open(server)
    anna.click("badge")
    anna.shows(css("badge-panel"), "Every change appears here")
    assert anna.find(css("badge-panel")).size["height"] < 200
    anna.click("badge")
    task_id = outside.new_task(server, "\n".join(f"Line {number}" for number in range(30)))
    anna.open(server, page.task_url(task_id))
    anna.click("edit-description")
    anna.wait_focus("input-description")
    assert anna.find(css("input-description")).size["height"] > 400


def test_errors_and_requests_are_recorded(anna: Browser, server: Server) -> None:
    """What the other tests say of them is worth something."""
    anna.open(server)
    anna.run("setTimeout(() => missing()); Promise.reject(new Error('unheard')); fetch('/api/config', {method: 'PUT'})")
    expected = ["ReferenceError: Can't find variable: missing", "Unhandled Promise Rejection: Error: unheard"]
    anna.wait_for(lambda: sorted(anna.console_errors()) == expected, "both have a line")
    assert {"/js/main.js", "/css/index.css"} <= {request.path for request in anna.requests("/")}
    assert [request.path for request in anna.requests() if request.method == "PUT"] == ["/api/config"]
    anna.renew()


@pytest.fixture(scope="module")
def _anna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    yield from _webkit("anna", tmp_path_factory)


@pytest.fixture(scope="module")
def _ben(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    yield from _webkit("ben", tmp_path_factory)


def _webkit(name: str, folders: pytest.TempPathFactory) -> Iterator[Browser]:
    with display() as screen:
        browser = WebKit(name, folders.mktemp(f"profile-{name}"), screen)
        yield browser
        browser.quit()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("webkit") / "home", **SETTINGS) as started:
        employ(started, "writer", "editor")
        yield started


@pytest.fixture
def crew(server: Server) -> Iterator[Hands]:
    with hands(server) as ready:
        yield ready
