"""Every page and every filter is an address: opened cold, and by Back and Forward."""

import pytest

from tests.browser import outside, page
from tests.helpers.browser import Browser, card, column, css
from tests.helpers.chromium import Chromium
from tests.helpers.server import Server

REFUSED = "return performance.getEntriesByType('resource').filter((each) => each.responseStatus === 404).length"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
ABOUT_IT = f"/api/tasks/{UNKNOWN}"
MISSING = "status of 404"


def test_task_opened_cold(anna: Browser, server: Server) -> None:
    task_id = outside.new_task(server, "Cold start\n\nwith **details**")
    anna.open(server, page.task_url(task_id))
    anna.shows(css("task-title"), "Cold start")
    anna.shows(f"{css('field-description')} strong", "details")
    anna.shows(css("entry"))
    assert "Cold start" in anna.driver.title


def test_unknown_task(anna: Browser, server: Server) -> None:
    with anna.network_errors(MISSING):
        anna.open(server, page.task_url(UNKNOWN))
        anna.shows(css("task-not-found"), "There is no such task")
        anna.wait_for(lambda: anna.run(REFUSED) == len(anna.requests(ABOUT_IT)), "all about it is refused")
    anna.click("nav-board")
    anna.shows(css("board"))


@pytest.mark.parametrize("path", ["/nowhere", "/tasks/a/b"])
def test_unknown_address(anna: Browser, server: Server, path: str) -> None:
    """(U9)"""
    anna.open(server, path)
    anna.shows(css("not-found"), path)
    anna.find(f"{css('not-found')} a").click()
    anna.shows(css("board"))
    assert anna.address == "/"


def test_filters_opened_cold(anna: Browser, server: Server) -> None:
    fits, other = outside.new_task(server, "Needle in pending"), outside.new_task(server, "Straw")
    failed = outside.new_task(server, "Needle that broke")
    outside.move(server, failed, "failed")
    anna.open(server, "/?q=needle&status=pending")
    anna.shows(card(fits))
    assert anna.count(card(other)) == anna.count(card(failed)) == 0
    assert anna.value("search") == "needle"
    assert anna.count(column("failed")) == 0
    anna.click("clear-filters")
    anna.shows(card(failed))
    assert anna.address == "/"
    assert anna.count(card(other)) == 1


def test_back_and_forward(anna: Browser, server: Server) -> None:
    """(U9)"""
    task_id = outside.new_task(server, "There and back")
    anna.open(server, "/?q=there")
    anna.click("card-link", card(task_id))
    anna.shows(css("task-title"), "There and back")
    anna.find(".back").click()
    anna.shows(card(task_id))
    assert anna.address == "/"
    anna.driver.back()
    anna.shows(css("task-title"), "There and back")
    anna.driver.back()
    anna.shows(card(task_id))
    assert (anna.address, anna.value("search")) == ("/?q=there", "there")
    anna.driver.forward()
    anna.shows(css("task-title"), "There and back")
    assert anna.address == page.task_url(task_id)
    assert anna.snapshots() == 1


def test_filters_are_steps_of_back(anna: Browser, server: Server) -> None:
    outside.new_task(server, "Something pending")
    anna.open(server)
    anna.find(f'{css("filter-status")}[data-status="pending"]').click()
    anna.lacks(column("failed"))
    assert anna.address == "/?status=pending"
    anna.driver.back()
    anna.wait_for(lambda: anna.count(column("failed")), "all columns are back")
    assert anna.address == "/"


def test_id_is_copied(anna: Chromium, server: Server) -> None:
    """Or it is said that the browser forbids it."""
    task_id = outside.new_task(server, "Copied")
    anna.open(server, page.task_url(task_id))
    for setting, says in (("denied", "did not let Chorus copy"), ("granted", "ID copied")):
        allowed = {"name": "clipboard-write"}
        anna.cdp("Browser.setPermission", permission=allowed, setting=setting, origin=server.base_url)
        anna.press("Copy the ID")
        anna.shows(css("notice"), says)
    anna.cdp("Browser.resetPermissions")
