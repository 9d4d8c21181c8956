"""A change by one user shows on the other's screen, however the server is started."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser import journeys, outside, page
from tests.browser.conftest import SETTINGS
from tests.helpers.browser import Browser, css
from tests.helpers.server import Server, running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "colours of the fence.txt"
    path.write_text("green\n")
    return path


@pytest.fixture(scope="module", params=["nginx", "plain"])
def other_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("other") / "home", request.param, **SETTINGS) as started:
        yield started


def test_board(anna: Browser, ben: Browser, server: Server) -> None:
    journeys.board(anna, ben, server)


def test_board_follows_what_is_done_on_a_task_page(anna: Browser, ben: Browser, server: Server, file: Path) -> None:
    """(B13, U5)"""
    journeys.task_on_the_board(anna, ben, server, outside.new_task(server, "Paint the fence"), file)


def test_task_page(anna: Browser, ben: Browser, server: Server, file: Path) -> None:
    journeys.task(anna, ben, server, planned_task(server), file)


def test_parts_of_a_task_are_taken_back(anna: Browser, ben: Browser, server: Server) -> None:
    """A file and a message go from both pages, and come back."""
    task_id = outside.new_task(server, "With parts")
    outside.ask(server, "POST", f"/api/tasks/{task_id}/attachments?filename=notes.txt", b"x")
    outside.ask(server, "POST", f"/api/tasks/{task_id}/queue", {"content": "Mind the gap"})
    for browser in (anna, ben):
        browser.open(server, page.task_url(task_id))
        browser.shows(css("entry"), "Mind the gap")
    ben.forget_requests()
    for button, part in (("attachment-delete", "attachment"), ("message-remove", "message")):
        anna.shows(css(part))
        anna.click(button)
        ben.lacks(css(part))
        page.undo(anna)
        ben.shows(css(part))
        anna.lacks(css("notice"))
    assert ben.requests() == []


def test_long_value_of_the_history(anna: Browser, server: Server) -> None:
    """Cut where it is listed; the whole is there when it is asked for."""
    task_id = outside.new_task(server, "Short")
    outside.describe(server, task_id, f"Begin {'x ' * 3_000}end")
    anna.open(server, page.task_url(task_id))
    anna.write("history-search", "begin")
    anna.wait_for(lambda: anna.count(css("entry")) == 1, "one entry is found")
    anna.run("document.querySelector(arguments[0]).open = true", f"{css('entry')} details")
    assert not anna.texts(css("entry"))[0].rstrip().endswith("end")
    anna.click("entry-full")
    anna.shows(css("entry"), "x end")


def test_filter_of_the_history_is_in_the_address(anna: Browser, server: Server) -> None:
    """It opens cold; a kind is a step that Back undoes, a letter is none."""
    task_id = outside.new_task(server, "Short")
    outside.describe(server, task_id, "Begin")
    anna.open(server, f"{page.task_url(task_id)}?q=begin")
    anna.wait_for(lambda: anna.count(css("entry")) == 1, "one entry is found")
    assert anna.find(css("history-search")).get_property("value") == "begin"
    anna.write("history-search", Keys.BACKSPACE * 5)
    anna.wait_for(lambda: anna.count(css("entry")) == 2, "all are shown")
    anna.find(f"{css('history-topic')} option[value=status]").click()
    anna.shows(css("history"), "No entry fits.")
    assert anna.driver.current_url.endswith("?topic=status")
    anna.driver.back()
    anna.wait_for(lambda: anna.count(css("entry")) == 2, "all are shown again")
    assert anna.find(css("history-topic")).get_property("value") == ""


def test_behind_nginx_and_with_plain_processes(anna: Browser, ben: Browser, other_server: Server, file: Path) -> None:
    journeys.board(anna, ben, other_server)
    journeys.task(anna, ben, other_server, planned_task(other_server), file)


def planned_task(server: Server) -> str:
    task_id = outside.new_task(server, "Paint the gate")
    outside.ask(server, "PUT", f"/api/tasks/{task_id}/planning", {"summary": "Two coats"})
    return task_id
