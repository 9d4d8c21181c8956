"""The main journey: whatever Anna does, Ben sees, without a reload and without asking for it."""

from pathlib import Path

from selenium.webdriver.common.keys import Keys

from tests.browser import page
from tests.helpers.browser import Browser, card, column, css
from tests.helpers.server import Server

READS_AFTER_UNDO = ("", "/history", "/queue", "/runs")


def board(anna: Browser, ben: Browser, server: Server) -> None:
    """Both on the board."""
    anna.open(server)
    ben.open(server)
    for browser in (anna, ben):
        browser.forget_requests()

    task_id = page.create_task(anna, "Paint the fence")
    ben.shows(f"{column('pending')} {card(task_id)}", "Paint the fence")
    anna.drag(card(task_id), column("failed"))
    ben.shows(f"{column('failed')} {card(task_id)}")
    page.move_by_keyboard(anna, task_id, "pending")
    ben.shows(f"{column('pending')} {card(task_id)}")
    page.focus_card(anna, task_id)
    anna.keys("m")
    page.choose(anna, "menu-delete")
    ben.lacks(card(task_id))
    page.undo(anna)
    ben.shows(f"{column('pending')} {card(task_id)}", "Paint the fence")

    assert ben.requests() == []
    assert [request for request in anna.requests() if request.method == "GET"] == []


def task_on_the_board(anna: Browser, ben: Browser, server: Server, task_id: str, file: Path) -> None:
    """Anna on the task's page, Ben on the board: what his card shows of it."""
    anna.open(server, page.task_url(task_id))
    ben.open(server)
    ben.forget_requests()

    page.edit(anna, "description", "Paint the fence green")
    ben.shows(card(task_id), "Paint the fence green")
    anna.click("add-plan")
    anna.write("input-summary", "Two coats")
    anna.click("save-summary")
    ben.shows(f"{card(task_id)} {css('card-summary')}", "Two coats")
    page.attach(anna, file)
    ben.shows(f"{card(task_id)} .card-fact", "1")
    page.send_message(anna, "It rains")
    anna.shows(css("message"), "It rains")
    anna.click("delete-task")
    ben.lacks(card(task_id))
    page.undo(anna)
    ben.shows(card(task_id), "Two coats")

    assert ben.requests() == []


def task(anna: Browser, ben: Browser, server: Server, task_id: str, file: Path) -> None:
    """Both on the task's page."""
    for browser in (anna, ben):
        browser.open(server, page.task_url(task_id))
        browser.shows(css("task-title"))
        browser.shows(css("entry"))
    for browser in (anna, ben):
        browser.forget_requests()

    page.edit(anna, "description", "Paint the *gate*")
    ben.shows(css("task-title"), "Paint the *gate*")
    ben.shows(f"{css('field-description')} em", "gate")
    page.edit(anna, "summary", "Three coats")
    ben.shows(css("field-summary"), "Three coats")
    page.edit_list(anna, "plan", ["Sand", "Paint"])
    ben.shows(f"{css('field-plan')} li:nth-child(2)", "Paint")
    page.send_message(anna, "Use the big brush")
    ben.shows(css("message"), "Use the big brush")
    page.attach(anna, file)
    ben.shows(css("attachment"), file.name)
    anna.click("action-failed")
    anna.wait_focus("text-input")
    anna.chord(Keys.CONTROL, Keys.ENTER)
    ben.shows(css("status", within="[data-testid=task]"), "Failed")
    ben.shows(css("entry"), file.name)

    assert ben.requests() == []
    assert [request for request in anna.requests() if request.method == "GET"] == []

    anna.click("delete-task")
    ben.shows(css("task-deleted"))
    page.undo(anna)
    ben.shows(css("message"), "Use the big brush")
    reads = {request.path for request in ben.requests()}
    assert reads <= {f"/api/tasks/{task_id}{part}" for part in READS_AFTER_UNDO}
