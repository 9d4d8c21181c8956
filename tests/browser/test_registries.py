"""Agents, providers, settings and workspaces: whatever Anna does, Ben sees, and nobody overwrites anybody."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser import outside, page
from tests.helpers.browser import SOCKET_LOST, Browser, card, css
from tests.helpers.server import Server

REFUSED = "status of 4(09|12)"
CLOSED = f"status of 503|{SOCKET_LOST}"
BACK_S = 25.0


def agent(name: str) -> str:
    return f'[data-agent="{name}"]'


def test_provider_and_its_agent(anna: Browser, ben: Browser, server: Server) -> None:
    """(U6) Made, used, deleted and brought back; Ben follows on the list of agents without asking for anything.

    The first provider is everybody's; it is chosen by hand where an agent has none.
    """
    for provider in server.json("GET", "/api/providers"):
        server.json("DELETE", f"/api/providers/{provider['name']}")
    anna.open(server, "/providers?new")
    ben.open(server, "/agents")
    ben.shows(agent("editor"), "Needs a provider")
    ben.forget_requests()

    anna.click("type-openai-compat")
    anna.click("preset")
    anna.keys("Ollama", Keys.ENTER)
    anna.write("input-name", "my local")
    anna.shows(css("error-name"), "Use letters")
    anna.write("input-name", Keys.BACKSPACE * 6, ".model-4.1")
    anna.chord(Keys.CONTROL, Keys.ENTER)
    anna.shows('[data-provider="my.model-4.1"]', "http://localhost:11434/v1")
    ben.shows(agent("editor"), "my.model-4.1")
    without = server.json("GET", "/api/agents/editor") | {"provider": "not-configured"}
    server.json("PUT", "/api/agents/editor", without)
    ben.shows(agent("editor"), "Needs a provider")

    anna.open(server, "/agents/editor")
    anna.click("input-provider")
    anna.keys("my.model", Keys.ENTER)
    anna.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", css("tool-task.list"))
    anna.click("tool-task.list")
    anna.chord(Keys.CONTROL, Keys.ENTER)
    ben.shows(agent("editor"), "my.model-4.1")
    ben.shows(agent("editor"), "Ready")
    anna.shows(css("notice"), "saved")

    anna.open(server, "/providers/my.model-4.1")  # a name with dots, opened cold
    anna.shows(css("users"), "editor")
    anna.click("delete")
    ben.shows(agent("editor"), "Needs a provider")
    anna.shows(css("notice"), "have no provider now")
    page.undo(anna)
    ben.shows(agent("editor"), "Ready")
    assert "task.list" in server.json("GET", "/api/agents/editor")["allowedTools"]
    assert ben.requests() == []


def test_several_agents_get_a_provider(anna: Browser, ben: Browser, server: Server) -> None:
    """And only those that are still there count."""
    server.json("PUT", "/api/providers/of-many", {"name": "of-many", "providerType": {"type": "opencode"}})
    leaver = server.json("GET", "/api/agents/editor") | {"name": "leaver"}
    server.json("PUT", "/api/agents/leaver", leaver)
    anna.open(server, "/agents")
    ben.open(server, "/agents")
    ben.forget_requests()
    anna.click("bulk-start")
    for name in ("editor", "fact-checker", "leaver"):
        anna.click(f"choose-{name}")
    anna.shows(css("bulk-apply"), "Set for 3 agents")
    server.json("DELETE", "/api/agents/leaver")
    anna.shows(css("bulk-apply"), "Set for 2 agents")
    anna.click("bulk-provider")
    anna.keys("of-many", Keys.ENTER)
    anna.write("bulk-model", "some/model")
    anna.click("bulk-apply")
    anna.shows(css("notice"), "2 agents changed")
    for name in ("editor", "fact-checker"):
        ben.shows(agent(name), "of-many / some/model")
    assert ben.count(agent("writer")) == 1
    assert "of-many" not in ben.texts(agent("writer"))[0]
    assert ben.requests() == []


def test_two_people_edit_one_agent(anna: Browser, ben: Browser, server: Server) -> None:
    """(U1) Other fields merge; the same one is chosen; what was typed survives Back and a reload."""
    for browser in (anna, ben):
        browser.open(server, "/agents/researcher")
    ben.write("input-model", "ben/model")
    ben.write("input-instructions", Keys.END, " Ben’s.")
    anna.write("input-instructions", " Anna’s.")
    anna.click("save")
    ben.shows(css("conflict-instructions"), "Anna’s.")
    ben.click("nav-board")
    ben.driver.back()
    ben.reload()
    ben.shows(css("conflict-instructions"), "Anna’s.")
    assert ben.value("input-model") == "ben/model"
    ben.click("save")
    ben.wait_focus("keep-instructions")

    ben.click("take-instructions")
    ben.lacks(css("conflict-instructions"))
    assert ben.value("input-instructions").endswith("Anna’s.")
    page.undo(ben)
    ben.click("keep-instructions")
    with ben.network_errors(REFUSED):
        ben.click("save")
        anna.wait_for(lambda: anna.value("input-instructions").endswith("Ben’s."), "Anna sees Ben's text")
    assert anna.value("input-model") == "ben/model"
    stored = server.json("GET", "/api/agents/researcher")
    assert (stored["model"], stored["instructions"][-6:]) == ("ben/model", "Ben’s.")


def test_settings(anna: Browser, ben: Browser, server: Server) -> None:
    """Saved for everybody; an edited chorus.json is imported by choice."""
    for browser in (anna, ben):
        browser.open(server, "/settings")
    anna.click("add-directory")
    anna.keys("/srv/data")
    anna.write("input-port", "70000")
    anna.click("save")
    anna.shows(css("error-port"), "from 1 to 65,534")
    anna.wait_focus("input-port")
    anna.write("input-port", Keys.BACKSPACE * 5, "9090")
    anna.click("save")
    anna.shows(css("notice"), "takes effect at the next start")
    ben.wait_for(lambda: ben.value("directory") == "/srv/data", "Ben sees the directory")
    assert ben.value("input-port") == "9090"

    path = Path(ben.find("code").text)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"port": 9999, "archiveDays": 3}))
    anna.reload()
    anna.shows(css("config-file"), "9999")
    anna.click("import")
    anna.lacks(css("config-file"))
    ben.wait_for(lambda: ben.value("input-archiveDays") == "3", "Ben sees what was imported")
    outside.ask(server, "PUT", "/api/config", reset(server))


def reset(server: Server) -> dict[str, Any]:
    """The configuration without what this test has set."""
    config = server.json("GET", "/api/config")
    return {"allowedAgentDirectories": [], "initialAgentDirectory": ""} | {
        "systemAgentProvider": config["systemAgentProvider"]
    }


@pytest.fixture
def default(server: Server) -> Iterator[Path]:
    """The folder of the shared server's workspace, which a test may leave or take away for a while."""
    folder = server.home / "workspaces" / "default"
    yield folder
    lost = folder.with_name("lost")
    if lost.exists():
        lost.rename(folder)
    outside.ask(server, "POST", "/api/config/select", {"path": str(folder), "stopRuns": True})


def test_list_of_workspaces(anna: Browser, ben: Browser, server: Server, default: Path) -> None:
    """Both see who leaves it and who comes back, at once and over a switch, which cuts the stream."""
    other = default.with_name("other")
    row = f'[data-path="{other / "chorus.json"}"]'
    outside.ask(server, "POST", "/api/config/create", {"path": str(other), "stopRuns": True})
    outside.ask(server, "POST", "/api/config/select", {"path": str(default)})
    for browser in (anna, ben):
        browser.open(server, "/workspaces")
        browser.shows(row)
    anna.click("forget", within=row)
    anna.lacks(row)
    page.undo(anna)
    anna.shows(row)
    outside.ask(server, "DELETE", f"/api/workspaces?path={other / 'chorus.json'}")
    for browser in (anna, ben):
        browser.lacks(row)
    outside.ask(server, "POST", "/api/config/select", {"path": str(other)})
    for browser in (anna, ben):
        browser.shows(row)


def test_workspaces(anna: Browser, ben: Browser, server: Server, default: Path) -> None:
    """Made and switched under two tabs: both follow, and texts stay where they were typed. Then the folder is lost."""
    task_id = outside.new_task(server, "Of the first")
    config = str(default / "chorus.json")
    ben.open(server)
    page.begin_task(ben, "Half a thought of the first")
    anna.open(server, "/workspaces")
    anna.write("new-name", "second")
    anna.click("create-workspace")
    ben.wait_for(lambda: ben.value("new-task-description") == "", "Ben's text stays in the first")
    ben.lacks(".card")
    ben.shows(css("notice"), "“second” is open now")
    anna.shows(css("open-workspace"), "second")

    anna.click("open", within=f'[data-path="{config}"]')
    anna.shows(css("open-workspace"), "default")
    ben.shows(card(task_id), "Of the first")
    ben.wait_for(lambda: ben.value("new-task-description") == "Half a thought of the first", "Ben's text is back")

    with anna.network_errors(CLOSED), ben.network_errors(CLOSED):
        lost = default.rename(default.with_name("lost"))
        anna.shows(css("no-workspace"), "not there any more")  # without a reload
        ben.open(server, "/agents", connection="reconnecting")
        ben.shows(css("closed"), "not there any more")
        ben.click("closed-link")
        ben.shows(css("no-workspace"), "not there any more")
        ben.shows(f'[data-path="{config}"]', "missing")
        ben.write("open-path", str(lost))
        ben.click("open-by-path")
        ben.shows(card(task_id), "Of the first", BACK_S)
        for browser in (anna, ben):
            browser.wait_connection("live", BACK_S)
        anna.shows(css("open-workspace"), "lost")
