"""The whole work without a pointer; the focus is never lost."""

from selenium.webdriver.common.keys import Keys

from tests.browser import outside, page
from tests.browser.faults import stopped
from tests.helpers.browser import SOCKET_LOST, Browser, card, column, css
from tests.helpers.server import Server


def test_journey_without_a_pointer(anna: Browser, server: Server) -> None:
    """(U12)"""
    older = outside.new_task(server, "Older")
    anna.open(server)
    anna.shows(card(older))
    task_id = page.create_task(anna, "By keys only")

    anna.keys("j")
    anna.wait_focus(f"card-link {task_id}")
    anna.keys(Keys.ARROW_DOWN)
    anna.wait_focus(f"card-link {older}")
    anna.keys(Keys.ARROW_UP)
    anna.wait_focus(f"card-link {task_id}")

    anna.keys("m")
    anna.wait_focus("menu-open")
    page.choose(anna, "move-failed")
    anna.shows(f"{column('failed')} {card(task_id)}")
    anna.wait_focus(f"card-link {task_id}")
    anna.keys("h")
    anna.wait_for(lambda: anna.count(f"{column('pending')} .card:focus-within"), "h goes to the left")
    anna.keys("l")
    anna.wait_focus(f"card-link {task_id}")

    anna.keys(Keys.ENTER)
    anna.shows(css("task-title"), "By keys only")
    anna.wait_focus("task-title")
    anna.keys("b")
    anna.wait_focus(f"card-link {task_id}")


def test_dialogs_give_the_focus_back(anna: Browser, server: Server) -> None:
    task_id = outside.new_task(server, "Where I was")
    anna.open(server)
    page.focus_card(anna, task_id)
    for key, dialog in (("?", "help-dialog"), ("n", "new-task-dialog")):
        anna.keys(key)
        anna.wait_for(lambda d=dialog: anna.count(f'dialog[data-testid="{d}"][open]'), f"{key} opens {dialog}")  # type: ignore[misc]
        anna.keys(Keys.ESCAPE)
        anna.lacks("dialog[open]")
        anna.wait_focus(f"card-link {task_id}")
    anna.keys("m")
    anna.wait_focus("menu-open")
    anna.keys(Keys.ESCAPE)
    anna.wait_focus(f"card-link {task_id}")
    assert anna.texts('[role="menu"]:popover-open') == []


def test_new_task_from_every_page(anna: Browser, server: Server) -> None:
    """(U3) It opens where it is asked for, and nowhere else later."""
    anna.open(server)
    for page_key in ("a", "p", "s", "w", "i"):
        anna.keys("g", page_key)
        anna.wait_for(lambda: anna.address != "/", "another page")
        anna.keys("n")
        anna.wait_focus("new-task-description")
        anna.keys(Keys.ESCAPE)
        anna.lacks("dialog[open]")
        anna.keys("g", "b")
        anna.shows("#board")
        assert anna.count("dialog[open]") == 0


def test_search(anna: Browser, server: Server) -> None:
    task_id = outside.new_task(server, "Haystack")
    outside.new_task(server, "Something else")
    anna.open(server)
    anna.keys("/")
    anna.wait_focus("search")
    anna.keys("haystack")
    anna.wait_for(lambda: page.cards(anna) == {task_id: "pending"}, "one fits")
    anna.keys(Keys.ESCAPE)
    anna.keys("j")
    anna.wait_focus(f"card-link {task_id}")


def test_focus_survives_pushes(anna: Browser, server: Server) -> None:
    """Others change and move the very card, and others above it."""
    task_id, other = outside.new_task(server, "Mine"), outside.new_task(server, "Other")
    anna.open(server)
    page.focus_card(anna, task_id)
    outside.describe(server, task_id, "Mine, changed")
    anna.shows(card(task_id), "Mine, changed")
    anna.wait_focus(f"card-link {task_id}")
    anna.wait_seq(outside.move(server, task_id, "failed"))
    anna.wait_focus(f"card-link {task_id}")
    anna.wait_seq(outside.ask(server, "DELETE", f"/api/tasks/{other}").moment)
    anna.wait_focus(f"card-link {task_id}")


def test_editing_without_a_pointer(anna: Browser, server: Server) -> None:
    """Escape leaves the editor, and the focus is where it began; undoing that goes on writing."""
    task_id = outside.new_task(server, "Untouched")
    anna.open(server, page.task_url(task_id))
    anna.shows(css("edit-description"))
    anna.run("document.querySelector(arguments[0]).focus()", css("edit-description"))
    anna.keys(Keys.ENTER)
    anna.wait_focus("input-description")
    anna.keys("!", Keys.ESCAPE)
    anna.wait_focus("edit-description")
    anna.shows(css("notice"), "discarded")
    page.undo(anna)
    anna.wait_focus("input-description")
    assert anna.value("input-description") == "Untouched!"
    anna.keys(Keys.ESCAPE)
    anna.wait_focus("edit-description")
    anna.keys(Keys.ENTER)
    anna.wait_focus("input-description")
    anna.chord(Keys.CONTROL, "a")
    anna.keys("Touched")
    anna.chord(Keys.CONTROL, Keys.ENTER)
    anna.shows(css("task-title"), "Touched")
    anna.wait_focus("edit-description")


def test_focus_returns_before_the_event(anna: Browser, server: Server) -> None:
    """The answer is here, its event is not: the keyboard does not wait for it."""
    task_id = outside.new_task(server, "Untouched")
    anna.open(server, page.task_url(task_id))
    page.begin_edit(anna, "description", "Touched")
    with anna.network_errors(SOCKET_LOST):
        with stopped(server, *server.pids("wsserver")):
            anna.chord(Keys.CONTROL, Keys.ENTER)
            anna.wait_focus("edit-description")
        anna.shows(css("task-title"), "Touched")
        anna.wait_connection("live")
    anna.wait_focus("edit-description")
