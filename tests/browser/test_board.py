"""The board under the hand: what may be dropped where, no flicker, and cards that others take away meanwhile."""

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.browser import outside, page
from tests.helpers.browser import Browser, card, column, css
from tests.helpers.server import Server

GIVE_FILE = """
  const files = new DataTransfer();
  files.items.add(new File(['x'], arguments[2], {type: 'text/plain'}));
  const [how, name] = [{bubbles: true, cancelable: true}, arguments[1]];
  const event = name === 'paste' ? new ClipboardEvent(name, {clipboardData: files, ...how})
    : new DragEvent(name, {dataTransfer: files, ...how});
  document.querySelector(arguments[0]).dispatchEvent(event);
"""


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


def test_files_are_dropped_and_pasted(anna: Browser, ben: Browser, server: Server) -> None:
    """Into the dialog of a new task, and onto the page of one."""
    anna.open(server)
    ben.open(server)
    page.begin_task(anna, "With files")
    for way in ("drop", "paste"):
        anna.run(GIVE_FILE, css("new-task-description"), way, f"{way}.txt")
        anna.shows(css("new-task-file"), f"{way}.txt")
    anna.chord(Keys.CONTROL, Keys.ENTER)
    anna.lacks("dialog[open]")
    task_id = page.card_titled(ben, "With files")
    ben.shows(f"{card(task_id)} .card-fact", "2")
    anna.open(server, page.task_url(task_id))
    anna.shows(css("attachment"), "paste.txt")
    for way in ("drop", "paste"):
        anna.run(GIVE_FILE, css("task"), way, f"later-{way}.txt")
    ben.shows(f"{card(task_id)} .card-fact", "4")


def test_folded_column_and_the_icon_of_the_tab(anna: Browser, server: Server) -> None:
    """A column stays folded over a reload, and counts on; the icon counts what needs Anna, as the title does."""
    task_id = outside.new_task(server, "Out of sight")
    anna.open(server)
    icon = "return document.querySelector('#favicon').href"
    before = anna.run(icon)
    anna.shows(card(task_id))
    anna.click("collapse", within=column("failed"))
    anna.reload()
    anna.wait_connection("live")
    outside.move(server, task_id, "failed")
    anna.lacks(card(task_id))
    anna.wait_for(lambda: anna.driver.title.startswith("("), "the title counts")
    assert anna.run(icon) != before
    anna.click("collapse", within=column("failed"))
    anna.shows(f"{column('failed')} {card(task_id)}")


def hold(browser: Browser, task_id: str, status: str) -> None:
    """Takes the card and holds it over the column."""
    steps = ActionChains(browser.driver).click_and_hold(browser.find(card(task_id)))
    steps.move_to_element(browser.find(column(status))).perform()
    browser.wait_for(lambda: browser.count(f"{column(status)}.is-over"), "the card is over the column")
