"""A task from its creation to its end and back, with its agents played from outside; what people do is seen by both."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from selenium.webdriver.common.keys import Keys

from common.settings import ROOT
from tests.browser import outside, page
from tests.browser.conftest import SETTINGS
from tests.browser.faults import stopped
from tests.browser.test_accessibility import EACH_ONCE, LONG, STICKING_OUT, TEXT, check
from tests.helpers.browser import NO_ANSWER, SOCKET_LOST, Browser, card, column, css
from tests.helpers.chromium import Chromium
from tests.helpers.hands import Hand, Hands, employ, hands
from tests.helpers.server import Server, running

QUESTIONS = ["Which genre?\n- sci-fi\n- fairy tale", "How long may it be?"]
PLAN = {
    "type": "plan",
    "summary": "A story of one page",
    "requirements": ["For children"],
    "acceptanceCriteria": ["It ends well"],
    "plan": ["Draft", "Review"],
    "assignedAgent": "writer",
}
STATE = css("status", within="[data-testid=task]")
# What says that the page is there.
PAGES = {
    "/insights": "figures",
    "/archive": "archive-search",
    "/agents": "agents",
    "/agents/writer": "input-unconfined",
    "/agents?new": "input-name",
    "/providers": "test",
    "/providers/claude": "test",
    "/providers?new": "type-opencode",
    "/settings": "tokens",
    "/workspaces": "recent",
    "/nowhere": "not-found",
}
SHORTS = ("light", 360), ("dark", 1440)
MANY = 100_000  # records
DRAWN = 400  # of them, at most
LONG_MS = 500  # on a busy machine; a page that drew all of them would need many seconds
WATCH_LONG_TASKS = """
  window.longest = 0;
  const note = ({duration}) => (window.longest = Math.max(window.longest, duration));
  new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({type: 'longtask', buffered: true});
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Its processes started one by one: nobody but the test runs the agents."""
    with running(tmp_path_factory.mktemp("whole-life") / "home", "plain", **SETTINGS) as started:
        employ(started, "writer", "editor")
        yield started


@pytest.fixture
def crew(server: Server) -> Iterator[Hands]:
    with hands(server) as ready:
        yield ready


def test_whole_life(anna: Browser, ben: Browser, server: Server, crew: Hands) -> None:
    """(B13, U8) Anna works, on the task's page; Ben watches on the board, and asks the server for nothing."""
    anna.open(server)
    ben.open(server)
    ben.forget_requests()
    task_id = page.create_task(anna, "Write a story")
    ben.shows(f"{column('pending')} {card(task_id)}", "Write a story")
    anna.keys("j", Keys.ENTER)
    anna.shows(css("action-plan"))

    choose(anna, "plan", "action:plan")
    sees(ben, task_id, "planning", "task-validator")
    planner = crew.take()
    planner.call("planner-output", type="questions", questions=QUESTIONS)
    planner.end()
    ben.shows(f"{column('awaiting_input')} {card(task_id)}")
    ben.wait_for(lambda: ben.driver.title.startswith("(1) "), "the tab counts what needs Ben")

    anna.click("action-answer")
    anna.wait_focus("answer-0")
    anna.click("message-input")
    anna.click("action-answer")
    anna.wait_focus("answer-0")
    anna.chord(Keys.CONTROL, Keys.ENTER)
    anna.shows(css("answers-error"), "2 questions left")
    anna.click("answer-option")
    anna.write("answer-1", "One page")
    anna.reload()
    anna.wait_for(lambda: anna.value("answer-1") == "One page", "what was typed is kept")
    assert anna.value("answer-0") == "sci-fi"
    anna.find(css("answer-1")).click()
    anna.chord(Keys.CONTROL, Keys.ENTER)
    sees(ben, task_id, "planning", "task-validator")
    anna.shows(css("answer"), "One page")

    planner = crew.take()
    assert "Q: How long may it be?\nA: One page" in planner.told
    planner.call("planner-output", **PLAN)
    planner.end()
    ben.shows(f"{column('planned')} {card(task_id)}", "A story of one page")
    anna.shows(css("assigned"), "writer")
    anna.shows(css("answer"), "sci-fi")

    anna.click("action-start")
    anna.wait_focus("agent-writer")
    anna.write("start-prompt", "\n\nMind the commas.")
    anna.chord(Keys.CONTROL, Keys.ENTER)
    anna.lacks("dialog[open]")
    sees(ben, task_id, "active", "writer")
    writer = crew.take()
    assert writer.told.startswith("## Task")
    assert writer.told.endswith("Mind the commas.")

    writer.call("handoff", agentName="editor", prompt="Review it")
    sees(ben, task_id, "active", "editor")
    ben.shows(f"{card(task_id)} .card-fact", "1")
    editor = crew.take()
    anna.shows("[data-agent=writer] [data-agent=editor] [data-testid=run-state]", "Working")
    anna.shows("[data-agent=writer] > .run-head [data-testid=run-state]", "Waits for its hand-off")
    grant(anna, "editor", "file.read")
    assert "file.read" in [tool["name"] for tool in editor.call("help")["tools"]]
    editor.report("Two **faults**", "1. Title\n2. End")
    anna.shows("[data-agent=editor] [data-testid=run-report] strong", "faults")
    sees(ben, task_id, "active", "writer")

    anna.wait_seq(writer.report("Done", "# The end"))
    ben.shows(f"{column('completed')} {card(task_id)}")
    anna.shows(STATE, "Completed")
    anna.shows("[data-agent=writer] > .run-report h3", "The end")
    anna.find(f"{css('history-topic')} option[value=tools]").click()
    anna.shows(css("entry"), "editor: completion-report")

    anna.click("action-pending")
    ben.shows(f"{column('pending')} {card(task_id)}")
    anna.shows(css("action-start"))
    assert ben.requests() == []


def test_drops_call_the_verbs(anna: Browser, ben: Browser, server: Server, crew: Hands) -> None:
    """(B13) Planning, answering and starting by drag and drop, and by a card's menu; pause, resume, and a reason."""
    task_id = outside.new_task(server, "Moved by hand")
    anna.open(server)
    ben.open(server, page.task_url(task_id))
    anna.shows(card(task_id))
    anna.drag(card(task_id), column("planning"))
    ben.shows(STATE, "Planning")
    planner = crew.take()
    planner.call("planner-output", type="questions", questions=["Why?"])
    anna.wait_seq(planner.end())
    anna.drag(card(task_id), column("planning"))
    anna.wait_focus("answer-0")
    anna.keys("Because")
    anna.chord(Keys.CONTROL, Keys.ENTER)
    ben.shows(css("answer"), "Because")
    planner = crew.take()
    planner.call("planner-output", **PLAN)
    anna.wait_seq(planner.end())

    anna.keys("g", "b")
    page.move_by_keyboard(anna, task_id, "active")
    anna.wait_focus("agent-writer")
    anna.keys(Keys.ESCAPE)
    anna.wait_focus(f"card-link {task_id}")
    anna.drag(card(task_id), column("active"))
    anna.wait_focus("agent-writer")
    anna.click("start-submit")
    anna.lacks("dialog[open]")
    ben.shows(STATE, "Active")
    anna.wait_focus(f"card-link {task_id}")

    writer = crew.take()
    ben.click("action-waiting")
    anna.shows(f"{column('waiting')} {card(task_id)}")
    ben.shows(css("action-resume"), "not possible now: writer is still stopping")
    ben.wait_focus("task-title")
    ben.wait_seq(writer.end())
    ben.click("action-resume")
    sees(anna, task_id, "active", "writer")
    crew.take()
    ben.click("action-failed")
    ben.wait_focus("text-input")
    ben.keys("The ink is gone")
    ben.chord(Keys.CONTROL, Keys.ENTER)
    anna.shows(f"{column('failed')} {card(task_id)}", "The ink is gone")


def test_run_is_closed_by_hand_and_another_stopped(anna: Browser, ben: Browser, server: Server, crew: Hands) -> None:
    task_id = outside.new_task(server, "Ended by a person")
    start = {"agentName": "writer", "prompt": "Write", "force": True}
    outside.ask(server, "POST", f"/api/tasks/{task_id}/handoff", start)
    crew.take()
    for browser in (anna, ben):
        browser.open(server, page.task_url(task_id))
    anna.click("run-close")
    anna.wait_focus("text-input")
    anna.keys("As far as it came")
    anna.chord(Keys.CONTROL, Keys.ENTER)
    ben.shows(STATE, "Waiting")
    ben.shows("[data-agent=writer] .fold", "Output")
    outside.ask(server, "POST", f"/api/tasks/{task_id}/handoff", start | {"agentName": "editor"})
    editor = crew.take()
    anna.click("run-stop", within="[data-agent=editor]")
    ben.shows("[data-agent=editor] [data-testid=run-state]", "Stopping")
    anna.wait_seq(editor.end())
    for browser in (anna, ben):
        browser.shows("[data-agent=editor] [data-testid=run-state]", "Cancelled")
        browser.shows(STATE, "Waiting")


def test_refused_behind_a_closed_dialog(anna: Browser, server: Server, crew: Hands) -> None:
    """Whoever has left the dialog before the answer came is told all the same, and what they typed is kept."""
    task_id = outside.new_task(server, "Slow answer")
    start = {"agentName": "writer", "prompt": "Write", "force": True}
    outside.ask(server, "POST", f"/api/tasks/{task_id}/handoff", start)
    writer = crew.take()
    anna.open(server, page.task_url(task_id))
    anna.click("run-close")
    anna.wait_focus("text-input")
    anna.keys("As far as it came")
    with anna.network_errors(f"{SOCKET_LOST}|409"):
        with stopped(server, *server.pids("webapp")):
            anna.chord(Keys.CONTROL, Keys.ENTER)
            anna.keys(Keys.ESCAPE)
            anna.lacks("dialog[open]")
            writer.end()
        anna.shows(css("notice"), "“Close the run of writer” was not done")
    assert anna.run("return Object.values(sessionStorage).some((text) => text.includes('As far as it came'))")


def test_workspace_is_left_while_agents_work(anna: Browser, ben: Browser, server: Server, crew: Hands) -> None:
    """Only by a decision; then their tasks wait."""
    task_id = outside.new_task(server, "At work")
    body = {"agentName": "writer", "prompt": "Write", "force": True}
    outside.ask(server, "POST", f"/api/tasks/{task_id}/handoff", body)
    crew.take()
    first = server.json("GET", "/api/workspaces")[0]["configPath"]
    ben.open(server)
    anna.open(server, "/workspaces")
    anna.write("new-name", "elsewhere")
    with anna.network_errors(f"{SOCKET_LOST}|409"):
        anna.click("create-workspace")
        anna.shows(css("undecided"), "Agents are at work here")
        anna.click("stay")
        anna.lacks(css("undecided"))
        anna.click("create-workspace")
        anna.click("stop-runs")
        anna.shows(css("open-workspace"), "elsewhere")
    ben.lacks(card(task_id))
    anna.click("open", within=f'[data-path="{first}"]')
    ben.shows(f"{column('waiting')} {card(task_id)}", "At work")


def test_unconfined_agent(anna: Browser, ben: Browser, server: Server, crew: Hands) -> None:
    """Marked wherever it is shown, as soon as somebody marks it; and it stays so when something else of it is saved."""
    marked = f"[data-agent=writer] {css('unconfined')}"
    before = server.json("GET", "/api/agents/writer")
    task_id = outside.new_task(server, "Without bounds")
    outside.ask(server, "POST", f"/api/tasks/{task_id}/plan")
    planner = crew.take()
    planner.call("planner-output", **PLAN)
    planner.end()
    ben.open(server, "/agents")
    ben.shows("[data-agent=writer]")
    anna.open(server, "/agents/writer")
    anna.shows(css("input-unconfined"))
    anna.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", css("input-unconfined"))
    anna.click("input-unconfined")
    anna.click("save")
    ben.shows(marked, "unconfined")
    anna.shows(f".registry-title {css('unconfined')}")
    anna.write("input-model", "other")
    anna.click("save")
    ben.shows("[data-agent=writer]", "/ other")
    assert server.json("GET", "/api/agents/writer")["unconfined"]

    anna.open(server, page.task_url(task_id))
    anna.shows(f"{css('assigned')} {css('unconfined')}")
    anna.click("action-start")
    anna.shows(f"{css('start-agents')} label:has([value=writer]) {css('unconfined')}")
    anna.click("start-submit")
    anna.lacks("dialog[open]")
    crew.take()
    anna.shows(marked, "unconfined")
    anna.shows(f"{css('task')} .agent {css('unconfined')}")
    ben.open(server)
    ben.shows(f"{card(task_id)} .agent {css('unconfined')}")
    anna.open(server, f"/providers/{before['provider']}")
    anna.shows(f"{css('users')} {css('unconfined')}")
    outside.ask(server, "PUT", "/api/agents/writer", before)
    ben.lacks(f"{card(task_id)} {css('unconfined')}")
    anna.lacks(f"{css('users')} {css('unconfined')}")
    outside.move(server, task_id, "failed")


def test_somebody_was_faster(anna: Browser, ben: Browser, server: Server, crew: Hands) -> None:
    """(U7) What hinders is said where a person is about to decide, and by the answer where it comes late."""
    task_id = outside.new_task(server, "Wanted by two")
    anna.open(server, page.task_url(task_id))
    ben.open(server, page.task_url(task_id))
    anna.click("action-start")
    anna.wait_focus("agent-editor")
    anna.click("start-submit")
    anna.shows(css("start-error"), "Choose an agent first")
    outside.ask(server, "POST", f"/api/tasks/{task_id}/plan")
    anna.shows(css("start-reason"), "Planning tasks cannot become active")
    assert anna.count(f"{css('start-submit')}[aria-disabled=true]") == 1
    anna.keys(Keys.ESCAPE)
    anna.lacks("dialog[open]")
    anna.wait_seq(outside.move(server, task_id, "pending"))
    with anna.network_errors(f"{SOCKET_LOST}|409"), ben.network_errors(f"{SOCKET_LOST}|409"):
        with stopped(server, *server.pids("wsserver")):
            anna.click("action-plan")
            anna.shows(css("task-saving"), "Saved, not yet shown")
            ben.click("action-plan")
            ben.shows(css("notice"), "Somebody was faster")
        for browser in (anna, ben):
            browser.wait_connection("live")
            browser.shows(STATE, "Planning")
    anna.click("action-pending")
    ben.shows(css("action-plan"))


def test_palette_and_archive(anna: Browser, ben: Browser, server: Server, crew: Hands) -> None:
    """Found by a few letters, on the board and in the archive; a reopened task leaves the archive of all."""
    ids = crew.create([f"Old letter {number}" for number in range(51)], archived=True)
    anna.open(server, "/?q=letter")
    ben.open(server, "/archive?q=letter")
    ben.shows(css("archived-task"), "Old letter 50")
    ben.click("load-older")
    ben.shows(css("archived-task"), "Old letter 0")
    anna.click("search-archive")
    anna.shows(css("archived-task"), "Old letter 50")
    check(anna, css("archived-task"), EACH_ONCE)

    anna.keys("g", "b")
    anna.shows("#board")
    choose(anna, "letter 50", f"task:{ids[50]}")
    anna.shows(css("archived"), "archived")
    token = outside.ask(server, "DELETE", f"/api/tasks/{ids[50]}").data["undo"]
    anna.shows(css("task-deleted"))
    outside.ask(server, "POST", f"/api/undo/{token}")
    anna.shows(css("entry"))
    anna.shows(css("queue"), "Empty")
    anna.click("action-pending")
    anna.shows(STATE, "Pending")
    ben.wait_for(lambda: ben.count(css("archived-task")) == 50, "it has left the archive")
    anna.chord(Keys.CONTROL, "k")
    anna.wait_focus("palette-input")
    anna.shows(f"{css('palette-item')}[aria-selected=true]", "Old letter 50")
    check(anna, "dialog.palette[open]")
    anna.keys("theme dark", Keys.ENTER)
    anna.wait_for(lambda: anna.run("return document.documentElement.dataset.theme") == "dark", "the theme is dark")


def test_notifications(anna: Browser, server: Server) -> None:
    """Asked for by a click; one a task, for what comes live, closed when it is settled."""
    before, task_id = outside.new_task(server, "Failed before"), outside.new_task(server, "Look here")
    outside.move(server, before, "failed")
    anna.open(server)
    anna.run("""
      window.told = [];
      document.hasFocus = () => false;
      window.Notification = class {
        static permission = 'default';
        static requestPermission = async () => (Notification.permission = 'granted');
        constructor(title, {tag}) { this.tag = tag; told.push(`${title} ${tag}`); }
        close() { told.push(`closed ${this.tag}`); }
      };
    """)
    anna.click("notify")
    anna.shows(css("notice"), "Notifications are on")
    anna.wait_seq(outside.move(server, task_id, "failed", "no"))
    expected = [f"Failed: Look here chorus:{task_id}"]
    anna.wait_for(lambda: anna.run("return told") == expected, "one is shown")
    anna.wait_seq(outside.move(server, task_id, "pending"))
    expected.append(f"closed chorus:{task_id}")
    anna.wait_for(lambda: anna.run("return told") == expected, "it is closed")


def test_no_violation_in_any_state(anna: Browser, server: Server, crew: Hands) -> None:
    """The page of a task in each state, and its dialogs."""
    task_id = outside.new_task(server, "Write a story")
    anna.open(server, page.task_url(task_id))
    anna.click("action-start")
    anna.shows(css("start-force"))
    anna.chord(Keys.CONTROL, Keys.ENTER)
    anna.shows(css("start-error"), "Choose an agent")
    check(anna, css("start-error"), EACH_ONCE)
    anna.keys(Keys.ESCAPE)
    outside.ask(server, "POST", f"/api/tasks/{task_id}/plan")
    planner = crew.take()
    planner.call("planner-output", type="questions", questions=QUESTIONS)
    anna.wait_seq(planner.end())
    anna.click("answers-send")
    anna.shows(css("answers-error"))
    check(anna, css("answers-error"), SHORTS)
    outside.ask(server, "POST", f"/api/tasks/{task_id}/answers", {"answers": ["a", "b"]})
    planner = crew.take()
    planner.call("planner-output", **PLAN)
    planner.end()
    outside.ask(server, "POST", f"/api/tasks/{task_id}/handoff", {"agentName": "writer", "prompt": TEXT})
    writer = crew.take()
    writer.call("handoff", agentName="editor", prompt=LONG)
    editor = crew.take()
    anna.shows("[data-agent=editor] [data-testid=run-state]", "Working")
    check(anna, css("run-tools"), SHORTS)
    anna.click("run-tools", within="[data-agent=editor]")
    anna.shows(css("tools-dialog"), "file.read")
    check(anna, "dialog[open]", EACH_ONCE)
    anna.keys(Keys.ESCAPE)
    editor.report("Blocked", "No access", "blocked", blockedReason="The file is locked")
    anna.wait_seq(writer.end(crashed=True))
    anna.shows(STATE, "Failed")
    anna.run("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
    check(anna, css("tool-call"), SHORTS)


def test_live_output(anna: Browser, ben: Browser, server: Server, crew: Hands) -> None:
    """A process that writes, a sidecar that is killed meanwhile; then Anna reads back, searches and copies."""
    task_id = outside.new_task(server, "Say a lot")
    body = {"agentName": "writer", "prompt": "Speak", "force": True}
    outside.ask(server, "POST", f"/api/tasks/{task_id}/handoff", body)
    writer = crew.take()
    for browser in (anna, ben):
        browser.open(server, page.task_url(task_id))
        browser.shows(css("output-following"), "Following")
    with anna.network_errors(SOCKET_LOST), ben.network_errors(SOCKET_LOST):
        with speaking(server, writer, rate=100, count=300) as speaker:
            script = "return Number(document.querySelector(arguments[0]).dataset.last)"
            anna.wait_for(lambda: anna.run(script, css("output-list")) > 40, "some of it has come")
            for pid in server.pids("wsserver")[1:]:
                server.kill(pid)
            assert speaker.wait(30) == 0
        for browser in (anna, ben):
            browser.shows(f"{css('output-list')}[data-last='300']", seconds=30)
    end = [201, *(n for n in range(202, 301) if n % 5 != 1)]  # results stand with their calls, if these are shown
    for browser in (anna, ben):
        browser.wait_for(lambda b=browser: numbers(b) == end, "all of the end is shown")  # type: ignore[misc]
        assert browser.texts(f"{css('record')}[data-n='300'] summary > *") == ["file.read", "notes/300.md", "at work"]
    assert anna.texts(f"{css('record')}[data-n='295'] .end") == ["done"]
    assert anna.texts(f"{css('record')}[data-n='290'] .end") == ["failed"]

    anna.run("arguments[0].scrollTop -= 500", anna.find(css("output-list")))
    anna.shows(f"{css('output-list')}[data-mode=paused]")
    with speaking(server, writer, rate=0, count=3) as speaker:
        assert speaker.wait(30) == 0
    anna.shows(css("output-follow"), "3 new")
    ben.shows(css("output-list"), "said 3")
    anna.wait_for(lambda: scrolled_up(anna) and numbers(anna)[0] == 1, "it has been read back to the beginning")
    anna.shows(f"{css('record')}[data-n='1']", "said 1")
    anna.write("output-search", "said 77")
    anna.shows(css("output-found"), "1 record with")
    anna.click("record-show")
    anna.wait_for(lambda: anna.run("return document.activeElement.dataset.n") == "77", "the focus is on the record")
    anna.run("document.querySelectorAll('.record details').forEach((fold) => (fold.open = true))")
    check(anna, css("output-list"), SHORTS)
    anna.look("light", 360)
    assert anna.run(STICKING_OUT) == []
    anna.click("output-follow")
    anna.shows(css("output-list"), "said 3")
    anna.wait_seq(writer.end("All said"))
    anna.open(server, page.task_url(task_id))
    anna.shows(css("run-state"), "Interrupted")
    assert anna.count(css("output")) == 0
    anna.find(f"{css('run-output')} > summary").click()
    anna.shows(f"{css('output-list')}[data-last='303']")


def test_a_hundred_thousand_records_stay_smooth(anna: Browser, server: Server, crew: Hands) -> None:
    """Only the end is fetched and drawn, however much was said before; no work of the page takes long."""
    task_id = outside.new_task(server, "Say very much")
    body = {"agentName": "writer", "prompt": "Speak", "force": True}
    outside.ask(server, "POST", f"/api/tasks/{task_id}/handoff", body)
    writer = crew.take()
    with speaking(server, writer, rate=0, count=MANY) as speaker:
        assert speaker.wait(60) == 0
    anna.open(server, page.task_url(task_id))
    anna.shows(f"{css('output-list')}[data-last='{MANY}']", seconds=30)
    anna.run(WATCH_LONG_TASKS)
    with speaking(server, writer, rate=100, count=300) as speaker:
        assert speaker.wait(30) == 0
    anna.shows(f"{css('output-list')}[data-last='{MANY + 300}']", seconds=30)
    first = numbers(anna)[0]
    anna.wait_for(lambda: scrolled_up(anna) and numbers(anna)[0] < first, "it has been read back")
    assert len(numbers(anna)) <= DRAWN
    anna.write("output-search", f"said {MANY // 2 + 2}")
    anna.shows(css("output-found"), "1 record with", 30)
    longest = anna.run("return window.longest")
    print(f"longest work of the page with {MANY} records: {longest:.0f} ms")
    assert longest < LONG_MS
    anna.wait_seq(writer.end())


def test_every_page_with_many_tasks_a_dialog_and_an_error(anna: Chromium, server: Server, crew: Hands) -> None:
    """An error stays until it is dismissed, wherever in the page one goes."""
    crew.create([f"Card {number}" for number in range(199)])
    task_id = outside.new_task(server, "The last card")
    anna.open(server)
    anna.shows(card(task_id))
    anna.cdp("Network.setBlockedURLs", urls=["*/status"])
    with anna.network_errors(NO_ANSWER):
        page.move_by_keyboard(anna, task_id, "failed")
        anna.shows(css("notice"), "could not be moved")
    anna.cdp("Network.setBlockedURLs", urls=[])
    anna.keys("n")
    anna.wait_focus("new-task-description")
    check(anna, f"body:has(dialog[open]) {css('notice')}")
    anna.keys(Keys.ESCAPE)
    outside.ask(server, "POST", "/api/access-tokens", {"name": "laptop"})
    for path, shown in (PAGES | {page.task_url(task_id): "entry"}).items():
        page.go(anna, path)
        anna.shows(css(shown))
        check(anna, f"body:has({css(shown)}) {css('notice')}", EACH_ONCE)
        anna.keys("n")
        anna.wait_focus("new-task-description")
        check(anna, f"body:has(dialog[open]) {css('notice')}", SHORTS[1:])
        anna.keys(Keys.ESCAPE)
        anna.lacks("dialog[open]")


@contextmanager
def speaking(server: Server, hand: Hand, *, rate: int, count: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process that says `count` records of the run, `rate` a second."""
    run = f"{hand.run_id}:{hand.task_id}"
    command = [sys.executable, "-m", "tests.helpers.speaker", str(server.home), str(rate), str(count), run]
    with subprocess.Popen(command, cwd=ROOT, env=server.environ) as process:
        try:
            yield process
        finally:
            process.kill()


def scrolled_up(browser: Browser) -> bool:
    return bool(browser.run("arguments[0].scrollTop = 0; return true", browser.find(css("output-list"))))


def numbers(browser: Browser) -> list[int]:
    """Of the records that are shown."""
    script = "return [...document.querySelectorAll(arguments[0])].map(({dataset}) => Number(dataset.n))"
    found: list[int] = browser.run(script, css("record"))
    return found


def sees(browser: Browser, task_id: str, status: str, agent: str) -> None:
    """On the board: the card in its column, with the agent at work."""
    browser.shows(f"{column(status)} {card(task_id)} .agent.is-working", agent)


def choose(browser: Browser, text: str, item: str) -> None:
    """By the palette: types, and takes what must be found."""
    browser.chord(Keys.CONTROL, "k")
    browser.wait_focus("palette-input")
    browser.keys(text)
    selector = f'[data-item="{item}"]'
    browser.wait_for(lambda: browser.count(selector), f"the palette finds {item}")
    for _ in range(10):
        if browser.count(f"{selector}[aria-selected=true]"):
            return browser.keys(Keys.ENTER)
        browser.keys(Keys.ARROW_DOWN)
    raise AssertionError(f"the arrows do not reach {item}")


def grant(browser: Browser, agent: str, tool: str) -> None:
    browser.click("run-tools", within=f"[data-agent={agent}]")
    browser.click(f"tool-{tool}")
    browser.click("tools-save")
    browser.lacks("dialog[open]")
