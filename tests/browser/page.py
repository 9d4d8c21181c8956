"""The page's own vocabulary: what a person does on the board and on a task's page, one function each."""

from pathlib import Path

from selenium.webdriver.common.keys import Keys

from tests.helpers.browser import Browser, card, css

MENU_ITEMS = 9


def task_url(task_id: str) -> str:
    return f"/tasks/{task_id}"


def go(browser: Browser, path: str) -> None:
    """To another page as by a link: without loading anything anew."""
    browser.run("history.pushState(null, '', arguments[0]); dispatchEvent(new PopStateEvent('popstate'))", path)


def create_task(browser: Browser, text: str) -> str:
    """Through the dialog; returns the id of the new task once its card is there."""
    begin_task(browser, text)
    browser.chord(Keys.CONTROL, Keys.ENTER)
    browser.lacks("dialog[open]")
    return card_titled(browser, text)


def begin_task(browser: Browser, text: str) -> None:
    """Leaves the dialog open, with the text in it."""
    browser.keys("n")
    browser.wait_focus("new-task-description")
    browser.keys(text)


def card_titled(browser: Browser, title: str) -> str:
    """Id of the one card with this title."""
    script = """
      return [...document.querySelectorAll('.card')]
        .filter((card) => card.querySelector('.card-link').innerText === arguments[0])
        .map((card) => card.dataset.taskId)
    """
    (task_id,) = browser.wait_for(lambda: browser.run(script, title), f"a card says {title!r}")
    return str(task_id)


def cards(browser: Browser) -> dict[str, str]:
    """All cards of the board: id and state."""
    found: dict[str, str] = browser.run("""
      const cards = [...document.querySelectorAll('.card')];
      return Object.fromEntries(cards.map(({dataset}) => [dataset.taskId, dataset.status]));
    """)
    return found


def record_card(browser: Browser, task_id: str) -> None:
    """From now on the states of all cards of this task are written down at every change of the page."""
    script = """
      const note = () => {
        const now = [...document.querySelectorAll(arguments[0])].map((card) => card.dataset.status).join(' ');
        if (window.record.at(-1) !== now) window.record.push(now);
      };
      window.record = [];
      note();
      new MutationObserver(note).observe(document.body, {subtree: true, childList: true, attributes: true});
    """
    browser.run(script, card(task_id))


def recorded(browser: Browser) -> list[str]:
    """One item a moment that differed: '' without a card, 'pending pending' with two."""
    record: list[str] = browser.run("return window.record")
    return record


def focus_card(browser: Browser, task_id: str) -> None:
    browser.wait_for(lambda: browser.find(f"{card(task_id)} .card-link"), "the card is there")
    browser.run("document.querySelector(arguments[0]).focus()", f"{card(task_id)} .card-link")


def move_by_keyboard(browser: Browser, task_id: str, status: str) -> None:
    """Opens the menu of a card with `m` and goes down to the move."""
    open_menu(browser, task_id)
    choose(browser, f"move-{status}")


def open_menu(browser: Browser, task_id: str) -> None:
    focus_card(browser, task_id)
    browser.keys("m")
    browser.wait_for(lambda: browser.count('[role="menu"]:popover-open'), "the menu is open")


def choose(browser: Browser, item: str) -> None:
    """Takes an item of the open menu by the arrows."""
    for _ in range(MENU_ITEMS):
        if browser.focused() == item:
            return browser.keys(Keys.ENTER)
        browser.keys(Keys.ARROW_DOWN)
    raise AssertionError(f"the arrows do not reach {item}")


def edit(browser: Browser, field: str, text: str) -> None:
    """Replaces a text of the task's page, and saves it by Ctrl+Enter."""
    begin_edit(browser, field, text)
    browser.chord(Keys.CONTROL, Keys.ENTER)
    browser.lacks(css(f"input-{field}"))


def begin_edit(browser: Browser, field: str, text: str) -> None:
    """Leaves the editor open, with the text in it."""
    browser.click(f"edit-{field}")
    browser.wait_focus(f"input-{field}")
    browser.chord(Keys.CONTROL, "a")
    browser.keys(text)


def edit_list(browser: Browser, field: str, items: list[str]) -> None:
    """Writes a list into an empty field of the task's page: Enter begins the next item."""
    browser.click(f"edit-{field}")
    browser.wait_focus(f"item-{field}")
    browser.keys(Keys.ENTER.join(items))
    browser.chord(Keys.CONTROL, Keys.ENTER)
    browser.lacks(css(f"item-{field}"))


def send_message(browser: Browser, text: str) -> None:
    browser.write("message-input", text)
    browser.click("message-add")


def attach(browser: Browser, *paths: Path) -> None:
    """Chooses files as the file dialog does."""
    browser.find(css("file-input")).send_keys("\n".join(map(str, paths)))


def undo(browser: Browser) -> None:
    """Takes back the last deletion, by the button of its notice."""
    browser.press("Undo")
