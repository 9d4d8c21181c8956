"""`./chorus restore` and `import` under two open pages: both follow by themselves, and say so honestly."""

import json
import uuid
from pathlib import Path
from typing import Any

from tests.browser import outside, page
from tests.helpers.browser import SOCKET_LOST, Browser, card, column, css
from tests.helpers.command import chorus
from tests.helpers.server import Server

BACK_S = 20.0
NOT_NOW = f"{SOCKET_LOST}|status of 503"
RECORD = """
  const root = document.documentElement;
  const note = () => window.states.push(`${root.dataset.connection} ${root.dataset.epoch}`);
  window.states = [];
  note();
  new MutationObserver(note).observe(root, {attributes: true, attributeFilter: ['data-connection', 'data-epoch']});
"""


def test_restore_under_open_pages(anna: Browser, ben: Browser, server: Server, tmp_path: Path) -> None:
    """Anna edits a task, Ben begins one: what they type outlives the change of everything around it."""
    kept, deleted = outside.new_task(server, "Kept"), outside.new_task(server, "Deleted since")
    outside.ask(server, "POST", f"/api/tasks/{kept}/attachments?filename=notes.txt", b"As it was")
    assert chorus(server, tmp_path, "backup", "backup.zip").status == 0
    outside.describe(server, kept, "Kept, and changed since")
    outside.move(server, kept, "failed", "It did not work")
    made = outside.new_task(server, "Made since")
    moment = outside.ask(server, "DELETE", f"/api/tasks/{deleted}").moment

    anna.open(server, page.task_url(kept))
    anna.shows(css("status", within=css("task")), "Failed")
    page.begin_edit(anna, "description", "Typed by Anna")
    ben.open(server)
    page.begin_task(ben, "Typed by Ben")
    for browser in (anna, ben):
        browser.wait_seq(moment)
        browser.run(RECORD)
    before = anna.state()["epoch"]
    assert (ben.count(card(made)), ben.count(card(deleted))) == (1, 0)

    with anna.network_errors(NOT_NOW), ben.network_errors(NOT_NOW):
        restored = chorus(server, tmp_path, "restore", "backup.zip")
        assert (restored.status, restored.err) == (0, "")
        truth = server.json("GET", "/api/snapshot")
        for browser in (anna, ben):
            browser.wait_seq(f"{truth['epoch']}:{truth['seq']}", BACK_S)
            browser.wait_connection("live", BACK_S)
            browser.shows(css("badge"), "Live")
    assert truth["epoch"] != before
    assert page.cards(ben) == {task["id"]: task["status"]["type"] for task in truth["tasks"]}
    assert (ben.count(f"{column('pending')} {card(kept)}"), ben.count(card(made)), ben.count(card(deleted))) == (
        1,
        0,
        1,
    )
    anna.shows(css("status", within=css("task")), "Pending")
    anna.shows(css("task-title"), "Kept")
    anna.lacks(css("task-failure"))
    anna.shows(css("attachment"), "notes.txt")
    assert anna.value("input-description") == "Typed by Anna"
    assert ben.value("new-task-description") == "Typed by Ben"
    for browser in (anna, ben):
        between = told(browser)[1:-1]
        assert told(browser)[0] == f"live {before}"
        assert told(browser)[-1] == f"live {truth['epoch']}"
        assert not [state for state in between if state == f"live {before}"], "it never calls old data live again"
        assert browser.snapshots() == 2
    new = outside.new_task(server, "After the restore")
    ben.shows(card(new), "After the restore")


def test_import_under_open_pages(anna: Browser, ben: Browser, server: Server, tmp_path: Path) -> None:
    """A folder of the original: its task is pushed like any other; as a workspace of its own, both pages go there."""
    first = Path(server.json("GET", "/api/workspaces")[0]["configPath"])
    task_id = str(uuid.uuid4())
    write_original(tmp_path / "original", task_id)
    for browser in (anna, ben):
        browser.open(server)
        browser.forget_requests()
    taken = chorus(server, tmp_path, "import", "original")
    assert (taken.status, taken.err) == (5, "")
    assert "providers/broken.json is not JSON" in taken.out
    for browser in (anna, ben):
        browser.shows(f"{column('waiting')} {card(task_id)}", "From elsewhere")
        assert browser.requests() == []
    anna.open(server, page.task_url(task_id))
    anna.shows("[data-agent=writer]")

    try:
        not_yet = f"{NOT_NOW}|status of 404"  # the workspace is open before its first task is taken
        with anna.network_errors(not_yet), ben.network_errors(NOT_NOW):
            assert chorus(server, tmp_path, "import", "original", "--into", "own").status == 5
            truth = server.json("GET", "/api/snapshot")
            for browser in (anna, ben):
                browser.wait_seq(f"{truth['epoch']}:{truth['seq']}", BACK_S)
                browser.wait_connection("live", BACK_S)
            assert page.cards(ben) == {task_id: "waiting"}
            anna.shows(css("task-title"), "From elsewhere")
    finally:
        anna.leave()  # she would ask for the parts of a task that is deleted meanwhile
        outside.ask(server, "POST", "/api/config/select", {"path": str(first), "stopRuns": True})
        outside.ask(server, "DELETE", f"/api/tasks/{task_id}")


def write_original(folder: Path, task_id: str) -> None:
    """A workspace of the original with a task that was at work, and a provider that is no JSON."""
    config = {"allowedAgentDirectories": [], "initialAgentDirectory": "", "systemAgentProvider": "not-configured"}
    record = {"agentName": "writer", "startedAt": 1771200600000, "completedAt": None, "input": "Write"}
    task = {
        "taskType": "descriptionOnly",
        "id": task_id,
        "description": "From elsewhere",
        "status": {"type": "active", "agent": "writer"},
        "createdAt": 1771200399918,
        "updatedAt": 1771200399918,
        "sessionId": None,
        "source": {"sourceType": "web", "userId": "anonymous", "conversationId": None},
        "attachments": [],
        "agentChain": [record | {"output": "Half of it", "completionReport": None}],
    }
    for path, text in (
        ("chorus.json", json.dumps(config)),
        (f"registry/{task_id}/task.json", json.dumps(task)),
        ("providers/broken.json", "{"),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def told(browser: Browser) -> list[Any]:
    """What the page has said about itself since RECORD; that it is still there means that nobody has reloaded it."""
    found: list[Any] = browser.run("return window.states")
    return found
