"""Any text is only text: nothing that people, agents or programs write stops the page, or is read as something else."""

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys

from common.clock import now_ms
from common.output import OutputKind
from core.output.writer import OutputWriter
from tests.browser import outside, page
from tests.browser.conftest import SETTINGS
from tests.browser.test_whole_life import WATCH_LONG_TASKS
from tests.helpers.browser import Browser, card, css
from tests.helpers.chromium import Chromium
from tests.helpers.hands import Hand, Hands, employ, hands
from tests.helpers.server import Server, running

RECORD = css("record")
LIST = css("output-list")
LONG_MS = 1_000  # on a busy machine; without the bounds some of these take minutes, or throw
WORST = {
    "quotes": ">" * 2_500,
    "lists": "- " * 1_300 + "a",
    "both": "> - " * 900 + "a",
    "underscores": "a_" * 12_000,
    "spaces": "a" + " " * 30_000,
    "backticks": "`a" * 20_000,
    "brackets": "[![" * 10_000,
    "marks": "a" + "\u0301" * 20_000,
    "one line": "x" * 60_000,
    "links": "[a](http://b.c) " * 3_000,
    "a table": "| a | b |\n|---|---|\n" + "| **one** | `two` |\n" * 2_000,
    "elements": "<div><b>" * 5_000,
}
ANSWER = [
    "Here",
    " is",
    " the",
    " code",
    ":\n\n```",
    "py\n",
    "def",
    " f():\n",
    "    return",
    " **1**",
    "\n```",
    "\n\nDone",
]
BOUNDARY = """
  const done = arguments[arguments.length - 1];
  (async () => {
    const {html, render} = await import('/js/vendor/lit-html/lit-html.js');
    const {Directive, directive} = await import('/js/vendor/lit-html/directive.js');
    const {repeat} = await import('/js/vendor/lit-html/directives/repeat.js');
    const {boundary} = await import('/js/elements/boundary.js');
    const breaks = directive(class extends Directive {
      render(value) { if (value === 'bad') throw new Error('in the middle'); return value; }
    });
    const host = document.createElement('div');
    const item = (each) => boundary('This item', () => html`<i>${breaks(each)}</i>`, () => `text of ${each}`);
    const shown = [];
    const show = (items) => {
      render(html`<p>before</p>${repeat(items, (each) => each, item)}<p>${items.length}</p>`, host);
      shown.push([host.textContent.replace(/\\s+/g, ' ').trim(), host.querySelectorAll('i').length]);
    };
    const early = () => { throw new Error('at once'); };
    show(['a', 'bad', 'b']); show(['b', 'bad', 'c', 'a']); show(['bad']); show(['a']);
    let state = 'bad';
    const one = () => render(boundary('It', () => html`<i>${breaks(state)}</i>`), host);
    host.replaceChildren(); delete host['_$litPart$'];
    one(); one(); state = 'good'; one(); shown.push([host.textContent.trim(), host.querySelectorAll('i').length]);
    render(boundary('It', early, early), host); shown.push([host.textContent.replace(/\\s+/g, ' ').trim(), 0]);
    done(shown);
  })().catch((error) => done(String(error.stack)));
"""
BREAK_SOME = """
  const from = Array.from;
  Array.from = (value, ...others) => {
    if (typeof value === 'string' && value.startsWith('BOOM')) throw new Error('this text cannot be drawn');
    return from.call(Array, value, ...others);
  };
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("any-text") / "home", "plain", **SETTINGS) as started:
        employ(started, "writer")
        yield started


@pytest.fixture
def crew(server: Server) -> Iterator[Hands]:
    with hands(server) as ready:
        yield ready


@pytest.fixture
def writer(server: Server, crew: Hands) -> Hand:
    task_id = outside.new_task(server, "Say it")
    body = {"agentName": "writer", "prompt": "Speak", "force": True}
    outside.ask(server, "POST", f"/api/tasks/{task_id}/handoff", body)
    return crew.take()


@pytest.fixture
def voice(crew: Hands) -> Iterator[OutputWriter]:
    made = crew.voice()
    yield made
    made.close()


def say(voice: OutputWriter, hand: Hand, text: str, *, first: bool = False) -> None:
    voice.append(hand.run_id, hand.task_id, OutputKind.TEXT, {"text": text, "first": first}, now_ms())
    voice.write()


def longest_ms(browser: Browser) -> float:
    return float(browser.run("return window.longest"))


def test_the_worst_texts_stop_nothing(anna: Browser, server: Server, writer: Hand, voice: OutputWriter) -> None:
    """As descriptions of tasks, and as what an agent says: what follows each is still shown, and Live is true."""
    ids = {name: outside.new_task(server, f"{name}\n\n{text}") for name, text in WORST.items()}
    anna.open(server, page.task_url(writer.task_id))
    anna.shows(css("output-following"))
    anna.run(WATCH_LONG_TASKS)
    for name, task_id in ids.items():
        page.go(anna, page.task_url(task_id))
        anna.shows(css("task-title"), name)
        anna.shows(f"{css('field-description')} .markdown > *")
    anna.shows(f"{css('field-description')} .markdown", "<div><b>")
    page.go(anna, page.task_url(writer.task_id))
    anna.shows(css("output-following"))
    for text in WORST.values():
        say(voice, writer, text, first=True)
    say(voice, writer, "All is said.", first=True)
    anna.shows(LIST, "All is said.", 30)
    assert anna.count(f"{LIST} {css('shown-plain')}") >= 6
    assert anna.count(css("undrawn")) == 0
    longest = longest_ms(anna)
    print(f"longest work of the page with the worst texts: {longest:.0f} ms")
    assert longest < LONG_MS
    anna.wait_seq(writer.end())
    anna.shows(css("run-state"), "Interrupted")


def test_a_stream_reads_as_prose(anna: Browser, server: Server, writer: Hand, voice: OutputWriter) -> None:
    """The pieces of an answer grow into one block, are found as one, and a fence that was cut is none the less one."""
    anna.open(server, page.task_url(writer.task_id))
    anna.shows(css("output-following"))
    for n, piece in enumerate(ANSWER):
        say(voice, writer, piece, first=n == 0)
        anna.shows(f"{LIST}[data-last='{n + 1}']")
        assert anna.count(RECORD) == 1
    say(voice, writer, "A second answer", first=True)
    say(voice, writer, ", cut in two.")
    anna.shows(f"{LIST}[data-last='{len(ANSWER) + 2}']")
    assert anna.texts(f"{RECORD} .markdown") == [
        "Here is the code:\n\ndef f():\n    return **1**\n\n\nDone",
        "A second answer, cut in two.",
    ]
    assert anna.texts(f"{RECORD} pre code") == ["def f():\n    return **1**"]
    for text, hits in (("return **1", 1), ("answer, cut", 1), ("Done.", 0), ("doneA", 0)):
        anna.write("output-search", text)
        anna.shows(css("output-found"), f"{hits} record{'' if hits == 1 else 's'} with “{text}”")
        anna.click("output-follow")
    anna.write("output-search", "return **1")
    anna.shows(css("output-found"), "1 record with “return **1”")
    anna.click("record-show")
    anna.wait_for(lambda: anna.run("return document.activeElement.dataset.n") == "1", "the block has the focus")
    anna.reload()
    anna.shows(f"{LIST}[data-last='{len(ANSWER) + 2}']")
    assert anna.count(RECORD) == 2


def test_a_long_answer_is_read_from_its_beginning(
    anna: Browser, server: Server, writer: Hand, voice: OutputWriter
) -> None:
    """Far more pieces than are read at once, in a fence that was opened by the first of them."""
    pieces = 1_800
    say(voice, writer, "```\n", first=True)
    for n in range(pieces):
        voice.append(writer.run_id, writer.task_id, OutputKind.TEXT, {"text": f"{n}\n"}, now_ms())
    voice.write()
    anna.open(server, page.task_url(writer.task_id))
    anna.shows(f"{LIST}[data-last='{pieces + 1}'] {RECORD}[data-n='1']", seconds=30)
    anna.wait_for(lambda: "".join(anna.texts(f"{RECORD} pre")).endswith(f"\n{pieces - 1}"), "all of it is drawn")
    assert "".join(anna.texts(f"{RECORD} pre")).startswith("0\n1\n2\n")
    assert anna.count(f"{RECORD} p") == 0
    assert anna.count(RECORD) == 1


def test_output_of_programs_is_shown_as_a_terminal_does(
    anna: Browser, server: Server, writer: Hand, voice: OutputWriter
) -> None:
    output = "\x1b[31mFAIL\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07\n 10%\r 50%\r100%"
    call = {"callId": "a", "tool": "Bash", "input": {"command": "\x1b[1mmake\x1b[0m test"}}
    voice.append(writer.run_id, writer.task_id, OutputKind.TOOL_CALL, call, 1)
    voice.append(writer.run_id, writer.task_id, OutputKind.TOOL_RESULT, {"callId": "a", "output": output}, 1)
    voice.write()
    anna.open(server, page.task_url(writer.task_id))
    anna.shows(f"{LIST}[data-last='2']")
    assert anna.texts(f"{RECORD} .gist") == ["make test"]
    anna.run("document.querySelectorAll('.record details').forEach((fold) => (fold.open = true))")
    assert anna.texts(f"{RECORD} .json")[-1] == "FAIL link\n100%"
    anna.write("output-search", "31m")
    anna.shows(css("output-found"), "0 records with")


def test_what_cannot_be_drawn_leaves_a_notice_and_its_text(anna: Browser, server: Server) -> None:
    anna.open(server)
    notice = "could not be drawn. The rest of the page goes on."
    bad = f"This item {notice} text of bad"
    assert anna.driver.execute_async_script(BOUNDARY) == [
        [f"beforea {bad} b3", 2],
        [f"beforeb {bad} ca4", 3],
        [f"before {bad} 1", 0],
        ["beforea1", 1],
        ["good", 1],
        [f"It {notice}", 0],
    ]


def test_a_card_that_cannot_be_drawn_stops_no_other(anna: Chromium, server: Server) -> None:
    script = anna.cdp("Page.addScriptToEvaluateOnNewDocument", source=BREAK_SOME)
    try:
        good, bad = outside.new_task(server, "Good"), outside.new_task(server, "BOOM, says the text")
        anna.open(server)
        anna.shows(card(good), "Good")
        anna.shows(css("undrawn"), "BOOM, says the text")
        later = outside.new_task(server, "Later")
        anna.shows(card(later), "Later")
        assert anna.connection() == "live"
        page.go(anna, page.task_url(bad))
        anna.shows(css("undrawn"), "The head of this task could not be drawn")
        anna.shows(css("field-description"), "BOOM, says the text")
        anna.shows(css("history"), "Task created")
        page.go(anna, "/")
        anna.shows(card(later), "Later")
        outside.ask(server, "DELETE", f"/api/tasks/{bad}")
        anna.lacks(css("undrawn"))
    finally:
        anna.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=script["identifier"])


def test_texts_from_right_to_left(anna: Browser, server: Server) -> None:
    task_id = outside.new_task(server, "إصلاح README.md (v2)!\n\nSome **words**.\n\nمرحبا")
    turned = outside.new_task(server, "invoice\u202egpj.exe")
    outside.ask(server, "POST", f"/api/tasks/{task_id}/queue", {"content": "שלום!"})
    anna.open(server, page.task_url(task_id))
    anna.shows(css("message"), "שלום!")
    anna.shows(f"{css('field-description')} strong", "words")
    directions = "return [...document.querySelectorAll(arguments[0])].map((each) => getComputedStyle(each).direction)"
    assert anna.run(directions, css("task-title")) == ["rtl"]
    assert anna.run(directions, f"{css('field-description')} .markdown p") == ["rtl", "ltr", "rtl"]
    assert anna.run(directions, ".message-text") == ["rtl"]
    anna.click("edit-description")
    assert anna.run(directions, css("input-description")) == ["rtl"]
    anna.click("cancel-description")
    page.go(anna, "/")
    assert anna.run(directions, f"{card(task_id)} .card-title") == ["rtl"]
    anna.shows(card(turned), "invoice\ufffdgpj.exe")
    undirected = "return [...document.querySelectorAll('textarea, input[type=search], input[type=text]')]"
    for path in ("/", "/archive", "/agents?new", "/settings", page.task_url(task_id)):
        page.go(anna, path)
        anna.shows("h1")
        assert anna.run(f"{undirected}.filter((each) => each.dir !== 'auto').map((each) => each.outerHTML)") == [], path


def test_keys_of_an_input_method_and_of_other_layouts(anna: Browser, server: Server) -> None:
    task_id = outside.new_task(server, "Keys")
    outside.ask(server, "PUT", f"/api/tasks/{task_id}/planning", {"plan": ["one"]})
    press = """
      const [target, fields] = arguments;
      const event = new KeyboardEvent('keydown', {bubbles: true, cancelable: true, ...fields});
      (target ? document.querySelector(target) : document.body).dispatchEvent(event);
    """
    anna.open(server, page.task_url(task_id))
    anna.click("edit-plan")
    item = css("item-plan")
    anna.shows(item)
    anna.run(press, item, {"key": "Enter", "keyCode": 229})
    anna.run(press, item, {"key": "Enter", "isComposing": True})
    anna.run(press, item, {"key": "Escape", "keyCode": 229})
    anna.run(press, item, {"key": "Enter", "keyCode": 13})
    anna.wait_for(lambda: anna.count(item) == 2, "only the real Enter has added an item")
    anna.click("cancel-plan")
    anna.run(press, None, {"key": "л", "code": "KeyK", "ctrlKey": True})
    anna.shows(css("palette-input"))
    anna.run(press, css("palette-input"), {"key": "Enter", "keyCode": 229})
    assert anna.count("dialog.palette[open]") == 1
    anna.keys(Keys.ESCAPE)
    anna.run(press, None, {"key": "/", "code": "Digit7", "ctrlKey": True, "altKey": True})
    assert anna.address.startswith("/tasks/")
    anna.run(press, None, {"key": "т", "code": "KeyN"})
    anna.wait_focus("new-task-description")
    anna.keys(Keys.ESCAPE)
    anna.run(press, None, {"key": "?", "code": "Minus", "shiftKey": True})
    anna.shows(css("help"))
