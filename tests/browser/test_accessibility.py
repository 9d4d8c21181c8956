"""No axe violation on any page, in either theme, on a wide screen and on a phone."""

import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from selenium.webdriver.common.keys import Keys

from common.settings import ROOT
from tests.browser import outside, page
from tests.helpers.browser import Browser, card, css
from tests.helpers.server import Server

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
LOOKS = tuple(itertools.product(("light", "dark"), (1440, 360)))
EACH_ONCE = (LOOKS[0], LOOKS[3])
ALL_STYLED = """
  const sheet = new CSSStyleSheet();  // what is off screen has the colours of before otherwise
  sheet.replaceSync('* { content-visibility: visible !important }');
  document.adoptedStyleSheets = [sheet];
"""
STICKING_OUT = """
  return document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
    .filter((element) => element.getBoundingClientRect().right > innerWidth)
    .map(({tagName, className, dataset}) => `<${tagName} ${className} ${dataset.testid}>`)
"""
LONG = "A long line that goes on and on, with averylongwordthatcannotbebrokenanywherebutmustnotwidenthepage"
TEXT = f"""# {LONG}

With **bold**, `code`, a [link](https://example.org)

* and
* a list

```
code
```

| a | b |
|---|---|
| 1 | 2 |
"""


def test_task_page(anna: Browser, server: Server, tmp_path: Path) -> None:
    """As it is, with two editors open, and with notices."""
    anna.open(server, page.task_url(full_task(server)))
    anna.shows(css("attachment"))
    anna.shows(css("entry"))
    check(anna, css("task"))
    page.begin_edit(anna, "description", "Typed")
    anna.click("edit-plan")
    refused = tmp_path / "two..dots.txt"
    refused.write_text("x")
    page.attach(anna, refused)
    anna.shows(css("notice"), "was not attached")
    check(anna, f"body:has({css('item-plan')}) {css('notice')}")


def test_board(anna: Browser, server: Server) -> None:
    """As it is, with a menu, with the dialog and an error in it, with the list of shortcuts, with the badge's panel."""
    task_id = full_task(server)
    anna.open(server)
    anna.shows(card(task_id))
    check(anna, card(task_id))
    page.focus_card(anna, task_id)
    anna.keys("m")
    anna.wait_focus("menu-open")
    check(anna, '[role="menu"]:popover-open', EACH_ONCE)
    anna.keys(Keys.ESCAPE)
    anna.keys("n")
    anna.wait_focus("new-task-description")
    anna.chord(Keys.CONTROL, Keys.ENTER)
    anna.shows(css("new-task-error"), "Describe the task first")
    check(anna, css("new-task-error"))
    anna.keys(Keys.ESCAPE)
    anna.keys("?")
    anna.shows(css("help-dialog"), "New task")
    check(anna, "dialog[open]", EACH_ONCE)
    anna.keys(Keys.ESCAPE)
    anna.click("badge")
    anna.shows(css("badge-panel"), "Live")
    check(anna, f"{css('badge-panel')}:popover-open", EACH_ONCE)


def test_long_words_do_not_widen_a_phone(anna: Browser, server: Server) -> None:
    task_id = full_task(server)
    anna.open(server)
    anna.look("light", 360)
    anna.shows(card(task_id))
    assert anna.run(STICKING_OUT) == []
    page.begin_task(anna, LONG)
    assert anna.run(STICKING_OUT) == []
    anna.open(server, page.task_url(task_id))
    anna.shows(css("entry"))
    assert anna.run(STICKING_OUT) == []
    anna.click("edit-description")
    anna.click("edit-summary")
    assert anna.run(STICKING_OUT) == []
    anna.click("edit-plan")
    anna.shows(css("save-plan"))
    assert anna.run(STICKING_OUT) == []


def test_agents_and_providers(anna: Browser, server: Server) -> None:
    """Lists, forms with errors and with somebody else's version, and a phone's menu of pages."""
    kind = {"type": "openai-compat", "apiBaseUrl": f"http://{LONG[-60:]}.example/v1", "defaultModel": LONG[-60:]}
    for name in ("axe", "axe-" + LONG[-60:]):
        outside.ask(
            server, "PUT", f"/api/providers/{name}", {"name": name, "providerType": kind | {"apiKey": "s" * 20}}
        )
    anna.open(server, "/agents")
    anna.click("bulk-start")
    anna.shows(css("bulk"))
    check(anna, css("bulk"))
    assert anna.run(STICKING_OUT) == []
    anna.open(server, "/agents/fact-checker")
    anna.write("input-instructions", " Mine.")
    fact_checker = server.json("GET", "/api/agents/fact-checker") | {"instructions": TEXT}
    outside.ask(server, "PUT", "/api/agents/fact-checker", fact_checker)
    anna.shows(css("conflict-instructions"))
    check(anna, css("conflict-instructions"))
    assert anna.run(STICKING_OUT) == []
    anna.click("nav")
    check(anna, "#pages:popover-open", (LOOKS[3],))
    anna.open(server, "/providers")
    anna.shows(css("providers"))
    check(anna, css("providers"), EACH_ONCE)
    assert anna.run(STICKING_OUT) == []
    anna.open(server, "/providers/axe")
    anna.click("key-replace")
    anna.shows(css("error-apiKey"))
    check(anna, css("error-apiKey"), EACH_ONCE)
    for name in ("axe", "axe-" + LONG[-60:]):
        outside.ask(server, "DELETE", f"/api/providers/{name}")


def test_settings_and_workspaces(anna: Browser, server: Server) -> None:
    """With an edited chorus.json and errors beside fields."""
    path = server.home / "workspaces" / "default" / "chorus.json"
    before = path.read_text()
    path.write_text(json.dumps(json.loads(before) | {"port": 9999}))
    anna.open(server, "/settings")
    anna.shows(css("config-file"))
    anna.click("add-directory")
    anna.write("directory", "relative")
    anna.shows(css("error-allowedAgentDirectories"))
    check(anna, css("config-file"))
    assert anna.run(STICKING_OUT) == []
    path.write_text(before)
    anna.open(server, "/workspaces")
    anna.shows(css("recent"))
    anna.write("new-name", "a/b")
    anna.write("open-path", LONG)
    check(anna, css("error-open-path"))
    assert anna.run(STICKING_OUT) == []


def test_nothing_there(anna: Browser, server: Server) -> None:
    """Pages without content are pages too."""
    anna.open(server, "/?q=nothing-fits-this")
    anna.shows(css("board-no-match"))
    check(anna, css("board-no-match"), EACH_ONCE)
    anna.open(server, "/nowhere")
    anna.shows(css("not-found"))
    check(anna, css("not-found"), EACH_ONCE)


def full_task(server: Server) -> str:
    task_id = outside.new_task(server, TEXT)
    lists = {field: [LONG, "Short"] for field in ("requirements", "acceptanceCriteria", "plan")}
    outside.ask(server, "PUT", f"/api/tasks/{task_id}/planning", {"summary": LONG} | lists)
    outside.ask(server, "POST", f"/api/tasks/{task_id}/queue", {"content": LONG})
    for name in ("notes.txt", f"{LONG[-60:] * 3}.txt"):
        outside.ask(server, "POST", f"/api/tasks/{task_id}/attachments?filename={name}", b"x")
    outside.move(server, task_id, "failed", f"{LONG}: {LONG}")
    return task_id


def check(browser: Browser, selector: str, looks: Iterable[tuple[str, int]] = LOOKS) -> None:
    """In each look, with what the selector names on screen."""
    if browser.run("return !window.axe"):
        browser.run(AXE.read_text() + ALL_STYLED)
    for theme, width in looks:
        browser.look(theme, width)
        assert browser.count(selector), f"{selector} is gone, {theme}, {width} px"
        assert violations(browser) == [], f"{selector}, {theme}, {width} px"
        assert width > 360 or browser.run(STICKING_OUT) == [], f"{selector}, {theme}, {width} px"


def violations(browser: Browser) -> list[Any]:
    found: list[Any] = browser.run_async("""
      axe.run(document, {resultTypes: ['violations'], preload: false}).then(
        ({violations}) => done(violations.map(({id, nodes}) => [id, nodes.map((n) => [n.html, n.failureSummary])])),
        (error) => done([String(error)]));
    """)
    return found
