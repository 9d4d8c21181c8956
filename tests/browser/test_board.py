"""The board under the hand: what may be dropped where, no flicker, and cards that others take away meanwhile."""

from selenium.webdriver.common.action_chains import ActionChains

from tests.browser import outside, page
from tests.helpers.browser import Browser, card, column, css
from tests.helpers.server import Server


def test_own_change_neither_flickers_nor_doubles(anna: Browser, server: Server) -> None:
    task_id = outside.new_task(server, "Once and for all")
    anna.open(server)
    page.record_card(anna, task_id)
    anna.drag(card(task_id), column("failed"))
    anna.shows(f"{column('failed')} {card(task_id)}")
    anna.lacks(css("card-saving"))
    assert page.recorded(anna) == ["pending", "failed"]


def test_closed_columns(anna: Browser, server: Server) -> None:
    """While it is dragged the columns that do not take the card are grey and say why; dropped there, it stays."""
    task_id = outside.new_task(server, "Not so fast")
    anna.open(server)
    hold(anna, task_id, "awaiting_input")
    anna.shows(f"{column('awaiting_input')} {css('column-reason')}", "Only the planner can ask")
    assert anna.count(f"{column('awaiting_input')}.is-closed") == anna.count(f"{column('failed')}.is-target") == 1
    ActionChains(anna.driver).release().perform()
    anna.lacks(".is-closed")
    assert page.cards(anna)[task_id] == "pending"
    assert [request for request in anna.requests() if request.method != "GET"] == []


def test_dragged_card_is_deleted(anna: Browser, server: Server) -> None:
    gone, other = outside.new_task(server, "Gone while dragged"), outside.new_task(server, "Dragged afterwards")
    anna.open(server)
    hold(anna, gone, "failed")
    outside.ask(server, "DELETE", f"/api/tasks/{gone}")
    anna.lacks(card(gone))
    ActionChains(anna.driver).release().perform()
    anna.lacks(".is-target")
    anna.drag(card(other), column("failed"))
    anna.shows(f"{column('failed')} {card(other)}")


def test_card_with_an_open_menu_is_deleted(anna: Browser, server: Server) -> None:
    task_id = outside.new_task(server, "Gone below its menu")
    anna.open(server)
    page.focus_card(anna, task_id)
    anna.keys("m")
    anna.wait_focus("menu-open")
    outside.ask(server, "DELETE", f"/api/tasks/{task_id}")
    anna.lacks(card(task_id))
    page.choose(anna, "move-failed")
    anna.lacks('[role="menu"]:popover-open')
    assert [request for request in anna.requests() if request.method != "GET"] == []
    anna.keys("n")
    anna.wait_focus("new-task-description")


def hold(browser: Browser, task_id: str, status: str) -> None:
    """Takes the card and holds it over the column."""
    steps = ActionChains(browser.driver).click_and_hold(browser.find(card(task_id)))
    steps.move_to_element(browser.find(column(status))).perform()
    browser.wait_for(lambda: browser.count(f"{column(status)}.is-over"), "the card is over the column")
