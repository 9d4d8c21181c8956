"""Text is text: whatever people or agents write, nothing of it runs, and nothing is fetched from elsewhere."""

from urllib.parse import quote

import pytest

from tests.browser import outside, page
from tests.helpers.browser import Browser, card, css
from tests.helpers.chromium import Chromium
from tests.helpers.server import Server

ATTACKS = (
    "<script>window.pwned = 'script'</script>",
    "<img src=x onerror=\"window.pwned = 'img'\">",
    "<svg onload=\"window.pwned = 'svg'\"><style>body { display: none }</style></svg>",
    "<iframe srcdoc=\"<script>parent.pwned = 'iframe'</script>\"></iframe>",
    "<form action=https://evil.example><button>Send</button></form>",
    "[link](javascript:window.pwned='link')",
    "[data](data:text/html,<script>opener.pwned='data'</script>)",
    "[entity](&#106;avascript:window.pwned='entity')",
    "<javascript:window.pwned='auto'>",
    "![image](https://evil.example/image.png)",
    '[attribute](https://evil.example/"onmouseover="window.pwned=1)',
    '```"><script>window.pwned = 1</script>\ncode\n```',
)
TEXT = "\n\n".join(ATTACKS)
NAME = "<img src=x onerror=\"window.pwned='name'\">.html"
ALIVE = (
    "script, img, iframe, style, main form, [onerror], [onload], [onmouseover], "
    "a[href^='javascript' i], a[href^='data' i]"
)


def test_texts_of_a_task(anna: Browser, server: Server) -> None:
    task_id = attacked_task(server)
    anna.open(server, page.task_url(task_id))
    anna.shows(css("task-title"), ATTACKS[0])
    anna.shows(f"{css('field-description')} .markdown a", "image")
    anna.shows(css("message"), TEXT.splitlines()[0])
    anna.shows(css("attachment"), NAME)
    anna.shows(css("task-failure"), ATTACKS[1])
    for part in ("field-description", "field-summary"):
        assert anna.texts(f"{css(part)} .markdown")[0].startswith(ATTACKS[0])
    assert_harmless(anna)
    anna.click("edit-description")
    anna.click("tab-preview")
    anna.shows(f"{css('input-description-preview')} a", "image")
    assert_harmless(anna)


def test_texts_on_the_board(anna: Browser, server: Server) -> None:
    task_id = attacked_task(server)
    anna.open(server)
    anna.shows(f"{card(task_id)} {css('card-link')}", ATTACKS[0])
    anna.shows(f"{card(task_id)} {css('card-failure')}", ATTACKS[1])
    anna.click("card-menu", card(task_id))
    anna.shows('[role="menu"]', ATTACKS[0])
    assert_harmless(anna)
    page.choose(anna, "menu-delete")
    anna.shows(css("notice"), ATTACKS[0])
    assert_harmless(anna)


@pytest.mark.parametrize("path", ["/{}", "/?q={0}&agent={0}"])
def test_texts_in_the_address(anna: Browser, server: Server, path: str) -> None:
    """(S13)"""
    anna.open(server, path.format(quote("<img src=x onerror=pwned=1>", safe="")))
    anna.shows("main")
    assert_harmless(anna)


@pytest.mark.parametrize("name", ["page.html", "drawing.svg"])
def test_files_do_not_open_as_pages(anna: Chromium, server: Server, name: str) -> None:
    """(S9) On the board's own origin a script in a file could do everything."""
    task_id = outside.new_task(server, "With a file")
    script = "<script>window.pwned = 'file'; document.title = 'pwned'</script>"
    content = {"page.html": script, "drawing.svg": f'<svg xmlns="http://www.w3.org/2000/svg">{script}</svg>'}[name]
    server.request("POST", f"/api/tasks/{task_id}/attachments?filename={name}", content.encode())
    anna.open(server)
    anna.cdp("Browser.setDownloadBehavior", behavior="deny")
    anna.run("location.assign(arguments[0])", f"/api/tasks/{task_id}/attachments/{name}")
    anna.wait_for(lambda: anna.requests(f"/api/tasks/{task_id}/attachments/"), "the file is asked for")
    assert_harmless(anna)
    assert anna.address == "/"


def attacked_task(server: Server) -> str:
    task_id = outside.new_task(server, TEXT)
    outside.ask(server, "PUT", f"/api/tasks/{task_id}/planning", {"summary": TEXT, "plan": list(ATTACKS)})
    outside.ask(server, "POST", f"/api/tasks/{task_id}/queue", {"content": TEXT})
    outside.ask(server, "POST", f"/api/tasks/{task_id}/attachments?filename={quote(NAME, safe='')}", b"x")
    outside.move(server, task_id, "failed", ATTACKS[1])
    return task_id


def assert_harmless(browser: Browser) -> None:
    assert browser.run("return window.pwned") is None
    assert browser.run("return [...document.body.querySelectorAll(arguments[0])].map((e) => e.outerHTML)", ALIVE) == []
