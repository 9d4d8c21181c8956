"""Typed text belongs to whoever typed it: neither pushes nor faults nor other people take it away."""

from selenium.webdriver.common.keys import Keys

from tests.browser import outside, page
from tests.browser.faults import down, stopped
from tests.helpers.browser import SOCKET_LOST, Browser, card, css
from tests.helpers.server import Server

BACK_S = 20.0
DRAFT = "Half a thought"
STALE = "status of 412"


def test_drafts_survive_everything(anna: Browser, ben: Browser, server: Server) -> None:
    """(U1) Anna searches and writes a new task, Ben edits a description; then the sidecar dies, and both reload."""
    task_id = outside.new_task(server, "Before")
    anna.open(server)
    anna.write("search", "befo")
    anna.keys(Keys.ESCAPE)
    page.begin_task(anna, DRAFT)
    ben.open(server, page.task_url(task_id))
    page.begin_edit(ben, "description", DRAFT)
    ben.write("message-input", DRAFT)

    outside.ask(server, "PUT", f"/api/tasks/{task_id}/planning", {"summary": "Pushed"})
    anna.shows(card(task_id), "Pushed")
    ben.shows(css("field-summary"), "Pushed")
    assert_kept(anna, ben)
    assert anna.focused() == "new-task-description"
    with anna.network_errors(SOCKET_LOST), ben.network_errors(SOCKET_LOST):
        with down(server, "wsserver"):
            anna.wait_connection("reconnecting")
            ben.wait_connection("reconnecting")
            moment = outside.describe(server, task_id, "Before and after")
            assert_kept(anna, ben)
        for browser in (anna, ben):
            browser.wait_seq(moment, BACK_S)
            browser.wait_connection("live")
    anna.shows(card(task_id), "Before and after")
    ben.shows(css("changed-meanwhile"))
    assert_kept(anna, ben)
    assert anna.focused() == "new-task-description"

    anna.reload()
    ben.reload()
    anna.keys("n")
    anna.wait_for(lambda: anna.count("dialog[open]"), "the dialog is open")
    ben.shows(css("field-description"))
    assert_kept(anna, ben)


def assert_kept(anna: Browser, ben: Browser) -> None:
    assert anna.value("search") == "befo"
    assert anna.address == "/?q=befo"
    assert anna.value("new-task-description") == DRAFT
    assert ben.value("input-description") == DRAFT
    assert ben.value("message-input") == DRAFT


def test_two_people_edit_one_field(anna: Browser, ben: Browser, server: Server) -> None:
    """The second to save sees both versions and chooses; what is not chosen can be brought back."""
    task_id = outside.new_task(server, "Common ground")
    for browser in (anna, ben):
        browser.open(server, page.task_url(task_id))
    page.begin_edit(ben, "description", "Ben’s text")
    page.edit(anna, "description", "Anna’s text")
    ben.shows(css("changed-meanwhile"))
    assert ben.value("input-description") == "Ben’s text"
    with ben.network_errors(STALE):
        ben.click("save-description")
        ben.shows(css("conflict-yours"), "Ben’s text")
        ben.shows(css("conflict-other"), "Anna’s text")
    assert description(server, task_id) == "Anna’s text"

    ben.click("conflict-theirs")
    ben.shows(css("field-description"), "Anna’s text")
    page.undo(ben)
    ben.wait_for(lambda: ben.value("input-description") == "Ben’s text", "the dropped text is back")
    with ben.network_errors(STALE):
        ben.click("save-description")
        ben.click("conflict-mine")
        ben.lacks(css("conflict"))
    anna.shows(css("field-description"), "Ben’s text")
    assert description(server, task_id) == "Ben’s text"


def test_other_fields_are_no_conflict(anna: Browser, ben: Browser, server: Server) -> None:
    task_id = outside.new_task(server, "Common ground")
    ben.open(server, page.task_url(task_id))
    page.begin_edit(ben, "description", "Ben’s text")
    moment = outside.ask(server, "PUT", f"/api/tasks/{task_id}/planning", {"summary": "Anna’s summary"}).moment
    ben.wait_seq(moment)
    assert ben.count(css("changed-meanwhile")) == 0
    ben.click("save-description")
    ben.lacks(css("input-description"))
    assert description(server, task_id) == "Ben’s text"


def test_typed_while_it_is_saved(ben: Browser, server: Server) -> None:
    """Whoever goes on typing keeps the editor, the keyboard and all of the text; it is saved as it came."""
    task_id = outside.new_task(server, "Slow server")
    ben.open(server, page.task_url(task_id))
    page.begin_edit(ben, "description", "First")
    with stopped(server, *server.pids("webapp")):
        ben.chord(Keys.CONTROL, Keys.ENTER)
        ben.shows(css("save-description"), "Saving…")
        ben.keys(", second")
    ben.wait_for(lambda: description(server, task_id) == "First", "the first part is saved")
    ben.shows(css("save-description"), "Save")
    assert ben.value("input-description") == "First, second"
    assert ben.focused() == "input-description"
    assert ben.count(css("changed-meanwhile")) == 0
    ben.chord(Keys.CONTROL, Keys.ENTER)
    ben.lacks(css("input-description"))
    assert description(server, task_id) == "First, second"


def test_form_typed_while_it_is_saved(ben: Browser, server: Server) -> None:
    ben.open(server, "/agents/fact-checker")
    before = server.json("GET", "/api/agents/fact-checker")
    first = f"{before.get('model', '')}first"
    ben.write("input-model", "first")
    with stopped(server, *server.pids("webapp")):
        ben.chord(Keys.CONTROL, Keys.ENTER)
        ben.shows(css("save"), "Saving…")
        ben.write("input-model", "-second")
    ben.wait_for(lambda: model(server) == first, "the first part is saved")
    ben.shows(css("save"), "Save agent")
    assert ben.value("input-model") == f"{first}-second"
    ben.chord(Keys.CONTROL, Keys.ENTER)
    ben.wait_for(lambda: model(server) == f"{first}-second", "all of it is saved")
    outside.ask(server, "PUT", "/api/agents/fact-checker", before)


def test_task_deleted_under_the_pen(ben: Browser, server: Server) -> None:
    """What was typed is shown to be copied, and is in the editor again when the deletion is undone."""
    task_id = outside.new_task(server, "Short life")
    ben.open(server, page.task_url(task_id))
    page.begin_edit(ben, "description", DRAFT)
    token = outside.ask(server, "DELETE", f"/api/tasks/{task_id}").data["undo"]
    ben.shows(css("task-deleted"), DRAFT)
    outside.ask(server, "POST", f"/api/undo/{token}")
    ben.shows(css("field-description"))
    assert ben.value("input-description") == DRAFT


def model(server: Server) -> object:
    return server.json("GET", "/api/agents/fact-checker").get("model")


def description(server: Server, task_id: str) -> str:
    text: str = server.json("GET", f"/api/tasks/{task_id}")["description"]
    return text
