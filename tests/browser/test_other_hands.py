"""Translators and extensions change the page: it goes on to show what is true, and what they only add stays."""

import re
from contextlib import nullcontext

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser import outside, page
from tests.browser.faults import down
from tests.helpers.browser import SOCKET_LOST, Browser, card, column, css
from tests.helpers.server import Server

BACK_S = 20.0
# Each changes all texts or elements of `within`, a selector.
TEXTS = """
const walker = document.createTreeWalker(document.querySelector(within), NodeFilter.SHOW_TEXT);
const texts = [];
while (walker.nextNode()) if (walker.currentNode.data.trim()) texts.push(walker.currentNode);
const put = (name, ...inside) => {
  const element = document.createElement(name);
  element.append(...inside);
  return element;
};
"""
TRANSLATED = TEXTS + "for (const text of texts) text.replaceWith(put('font', put('font', `«${text.data}»`)));"
HANDS = {
    "a translator": TRANSLATED,
    "a translator in two steps": TEXTS
    + "for (const text of texts) { text.before(put('font', put('font', text.data))); text.remove(); }",
    "a translator that keeps the original": TEXTS
    + "for (const text of texts) { text.after(put('font', text.data)); text.data = ''; }",
    "one that sets before": TEXTS + "for (const text of texts) text.before(put('b', '*'));",
    "a highlighter": TEXTS
    + "for (const text of texts) { const mark = put('mark'); text.replaceWith(mark); mark.append(text); }",
    "a highlighter of parts": TEXTS
    + """for (const text of texts) {
      const rest = text.splitText(Math.ceil(text.length / 2));
      const mark = put('mark');
      rest.replaceWith(mark);
      mark.append(rest);
    }""",
    "a writer of innerHTML": "const main = document.querySelector(within); main.innerHTML = main.innerHTML;",
    "a writer of the whole body": "document.body.innerHTML = document.body.innerHTML;",
    "a cleaner of comments": """
      const walker = document.createTreeWalker(document.querySelector(within), NodeFilter.SHOW_COMMENT);
      const comments = [];
      while (walker.nextNode()) comments.push(walker.currentNode);
      for (const comment of comments) comment.remove();
    """,
    "a remover": "document.querySelector(within).replaceChildren();",
    "a mover": "document.querySelector(within).append(...document.querySelectorAll(`${within} li`));",
    "several at once": TRANSLATED + "const main = document.querySelector(within); main.innerHTML = main.innerHTML;",
}


def test_the_board_follows_after_all_of_them(anna: Browser, ben: Browser, server: Server) -> None:
    """One after the other in the same page; beside it one that nobody touches."""
    anna.open(server)
    ben.open(server)
    gone = outside.new_task(server, "To be gone")
    for name, hands in HANDS.items():
        anna.shows(card(gone))
        with anna.script_errors("Content Security Policy") if "innerHTML" in hands else nullcontext():
            meddle(anna, hands)  # what it writes as HTML may have no styles
        moved = outside.new_task(server, "To be moved")
        outside.ask(server, "DELETE", f"/api/tasks/{gone}")
        gone = outside.new_task(server, "To be gone")
        moment = outside.move(server, moved, "failed", "No paint left")
        for browser in (anna, ben):
            browser.wait_seq(moment)
        assert anna.count(f"{column('failed')} {card(moved)}") == 1, name
        assert shown(anna) == shown(ben), name
        page.focus_card(anna, gone)
        anna.keys("m")
        anna.wait_for(lambda: anna.count('[role="menu"]:popover-open'), f"its parts still act after {name}")
        anna.keys(Keys.ESCAPE)


@pytest.mark.parametrize("hands", [TRANSLATED, TEXTS + "for (const text of texts) text.data = 'cloud';"])
def test_no_false_live_after(hands: str, anna: Browser, server: Server) -> None:
    """A translation, or other words in place of the page's own."""
    anna.open(server)
    meddle(anna, hands)
    with anna.network_errors(SOCKET_LOST):
        with down(server, "wsserver"):
            anna.wait_connection("reconnecting")
            assert anna.texts(css("badge-word")) == ["Reconnecting"]
        anna.wait_connection("live", BACK_S)
    assert anna.texts(css("badge-word")) == ["Live"]


def test_who_translates_again_and_again_does_not_freeze_the_page(anna: Browser, server: Server) -> None:
    """It sees each drawing and translates it at once."""
    task_id = outside.new_task(server, "Seen by both")
    anna.open(server)
    anna.shows(card(task_id))
    anna.run(
        "window.translations = 0; const within = '#app';"
        f"const translate = () => {{ window.translations++; {TRANSLATED} }};"
        "const watch = new MutationObserver(() => {"
        "  watch.disconnect(); translate(); watch.observe(document.body, {subtree: true, childList: true});"
        "});"
        "watch.observe(document.body, {subtree: true, childList: true}); translate();"
    )
    for status in ("failed", "pending", "failed"):
        anna.wait_seq(outside.move(server, task_id, status))
        assert anna.count(f"{column(status)} {card(task_id)}") == 1
    assert anna.run("return window.translations") < 100


def test_the_page_asks_not_to_be_translated_but_for_what_people_write(anna: Browser, server: Server) -> None:
    task_id = outside.new_task(server, "**Übersetzbar**")
    anna.open(server, page.task_url(task_id))
    anna.shows(".markdown strong", "Übersetzbar")
    assert anna.run("return [document.documentElement.translate, document.querySelector('.markdown').translate]") == [
        False,
        True,
    ]
    anna.run(f"const within = '.markdown'; {TRANSLATED}")
    anna.wait_seq(outside.move(server, task_id, "failed"))
    anna.shows(".markdown strong font", "Übersetzbar")
    moment = outside.ask(server, "PATCH", f"/api/tasks/{task_id}", {"description": "**Anders**"}).moment
    anna.wait_seq(moment)
    anna.shows(".markdown strong", "Anders")


def test_what_is_only_added_stays(anna: Browser, server: Server) -> None:
    """A password manager's icon, a grammar checker's bubble: they would be put there again and again."""
    anna.open(server)
    anna.run("""
      for (const place of ['.app-tools', '.app-main', '.card']) {
        const badge = document.createElement('added-one');
        document.querySelector(place)?.append(badge);
      }
    """)
    before = anna.count("added-one")
    task_id = outside.new_task(server, "Beside them")
    anna.wait_seq(outside.move(server, task_id, "failed"))
    assert anna.count("added-one") == before >= 2
    assert anna.count(card(task_id)) == 1


def test_typing_goes_on(anna: Browser, server: Server) -> None:
    task_id = outside.new_task(server, "Somewhere else")
    anna.open(server)
    anna.find("#search").send_keys("Some")
    meddle(anna, TRANSLATED)
    anna.wait_for(lambda: anna.requests("/js/lib/undo.js"), "the page has noticed")
    anna.wait_painted()
    anna.wait_seq(outside.move(server, task_id, "failed"))
    anna.keys("where")
    assert anna.run("return document.activeElement.value") == "Somewhere"


def test_dialogs_and_menus_too(anna: Browser, server: Server) -> None:
    first, second = outside.new_task(server, "First one"), outside.new_task(server, "Second one")
    anna.open(server)
    for task_id, title in ((first, "First one"), (second, "Second one")):
        page.focus_card(anna, task_id)
        anna.keys("m")
        anna.shows(".menu-title", title)
        assert anna.texts(".menu-title") == [title]
        anna.run(f"const within = '.menu'; {TRANSLATED}")
        anna.keys(Keys.ESCAPE)
        anna.lacks('[role="menu"]:popover-open')
    page.begin_task(anna, "Written ")
    anna.run(f"const within = 'dialog[open]'; {TRANSLATED}")
    anna.keys("in a translated dialog")
    anna.chord(Keys.CONTROL, Keys.ENTER)
    page.card_titled(anna, "Written in a translated dialog")


def test_a_page_that_cannot_draw_says_so(anna: Browser, server: Server) -> None:
    anna.open(server)
    assert not anna.find("#stuck").is_displayed()
    with anna.script_errors("ordered by a test"):
        anna.run("document.importNode = () => { throw new Error('ordered by a test'); };")
        outside.new_task(server, "Not to be seen")
        anna.wait_for(lambda: anna.find("#stuck").is_displayed(), "the page says that it is stuck")
    anna.run("delete document.importNode")
    outside.new_task(server, "To be seen")
    page.card_titled(anna, "To be seen")
    assert not anna.find("#stuck").is_displayed()
    page.card_titled(anna, "Not to be seen")


# -- helpers


def meddle(browser: Browser, hands: str) -> None:
    browser.run(f"const within = '#app'; {hands}")


def shown(browser: Browser) -> list[str]:
    """What a person reads, but for the ages, which go on by themselves."""
    (text,) = browser.texts("#app")
    return [line for line in text.splitlines() if not re.fullmatch(r"now|\d+[mhd]", line)]
