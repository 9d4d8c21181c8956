"""Whole runs of the real programs, at the versions that package.json pins, against a scripted model.

A person plans, answers and starts; agents use the tools, hand off to an agent of another provider, and report; two
browsers follow each step.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from selenium.webdriver.common.keys import Keys

from common.settings import ROOT
from tests.browser import page
from tests.helpers import staff
from tests.helpers.browser import Browser, card, column, css
from tests.helpers.model_server import Model, Refuse, Talk, model_server
from tests.helpers.processes import wait_for
from tests.helpers.server import Server, running
from tests.helpers.workspace import SOURCE

pytestmark = pytest.mark.processes
PATIENCE_S = 90.0
STATE = css("status", within="[data-testid=task]")


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    with model_server(staff.script) as served:
        yield served


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the agents work."""
    return tmp_path_factory.mktemp("agents")


@pytest.fixture(scope="module")
def server(folder: Path, model: Model) -> Iterator[Server]:
    """The whole of Chorus, with agents on each provider, in a home folder of its own."""
    with running(folder / "chorus", **staff.environment(folder, model)) as started:
        staff.hire(started, folder, model)
        yield started


def task_of(server: Server, task_id: str) -> dict[str, Any]:
    task: dict[str, Any] = server.json("GET", f"/api/tasks/{task_id}")
    return task


def wait_status(server: Server, task_id: str, status: str) -> dict[str, Any]:
    def reached() -> bool:
        now = task_of(server, task_id)["status"]
        assert now["type"] != "failed" or status == "failed", f"{now}\n{server.output[-6_000:]}"
        return bool(now["type"] == status)

    wait_for(
        reached, PATIENCE_S, f"a task that is {status}", lambda: f"{task_of(server, task_id)}\n{server.output[-6_000:]}"
    )
    return task_of(server, task_id)


def test_versions(record_property: Any) -> None:
    """What package.json pins is what runs; the log says which."""
    pinned = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    for program, package in (("claude", "@anthropic-ai/claude-code"), ("opencode", "opencode-ai")):
        said = subprocess.run([staff.BIN / program, "--version"], capture_output=True, text=True, check=True).stdout
        print(f"{program}: {said.strip()}")
        record_property(program, said.strip())
        assert said.split()[0] == pinned[package]


def test_button_of_a_provider(server: Server) -> None:
    """The page's Test: it asks the real program, which asks the model."""
    with ThreadPoolExecutor(2) as pool:  # as many as there may be at once
        list(pool.map(lambda name: check_button(server, name), ("claude", "compat")))


def check_button(server: Server, name: str) -> None:
    request = Request(f"{server.base_url}/api/providers/{name}/test", method="POST")
    with urlopen(request, timeout=90) as answer:
        told = json.load(answer)["data"]
    assert (told["ok"], told["message"][:18]) == (True, "It answered within"), told


def test_from_plan_to_completed(anna: Browser, ben: Browser, server: Server, folder: Path, model: Model) -> None:
    """Planned by Claude Code, written with OpenCode, reviewed by Claude Code; Anna on the task's page, Ben on the
    board. Beside it the others, without browsers: all that our own loop does, and a writer on Claude Code.
    """
    anna.open(server)
    ben.open(server)
    ben.forget_requests()
    task_id = page.create_task(anna, "A note by opencode")
    anna.keys("j", Keys.ENTER)
    anna.click("action-plan")
    sees(ben, task_id, "planning", "task-validator")
    anna.shows(css("action-answer"), seconds=PATIENCE_S)
    ben.shows(f"{column('awaiting_input')} {card(task_id)}")
    anna.shows(css("questions"), staff.QUESTION)
    anna.click("action-answer")
    anna.wait_focus("answer-0")
    anna.keys(staff.ANSWER)
    anna.chord(Keys.CONTROL, Keys.ENTER)
    ben.shows(f"{column('planned')} {card(task_id)}", staff.PLAN["summary"], PATIENCE_S)

    anna.click("action-start")
    anna.click("agent-opencode-writer")
    anna.write("start-prompt", f"\n\n{staff.prompt('opencode.md', 'claude-reviewer')}")
    anna.chord(Keys.CONTROL, Keys.ENTER)
    anna.lacks("dialog[open]")
    sees(ben, task_id, "active", "opencode-writer")
    beside = [start(server, "claude-writer", staff.prompt("claude.md", "compat-reviewer")), planned(server, folder)]
    server.json("POST", f"/api/tasks/{beside[1]}/handoff", by("compat-writer", "compat.md", "claude-reviewer"))

    anna.shows(css("output-list"), "Next: handoff.", PATIENCE_S)
    sees(ben, task_id, "active", "claude-reviewer")
    anna.shows("[data-agent=opencode-writer] [data-agent=claude-reviewer] [data-testid=run-state]")
    ben.shows(f"{column('completed')} {card(task_id)}", seconds=PATIENCE_S)
    anna.shows(STATE, "Completed")
    anna.shows("[data-agent=claude-reviewer] > .run-report", "It reads well.")
    anna.shows("[data-agent=opencode-writer] > .run-report", "The note is written and reviewed.")
    assert ben.requests() == []
    assert anna.snapshots() == 1

    check_done(server, folder, task_id, "opencode", "claude")
    check_done(server, folder, beside[0], "claude", "compat")
    check_done(server, folder, beside[1], "compat", "claude")
    handed = [text for talk in model.talks for text in talk.results if "agent_name" in text]
    assert all("It reads well." in text for text in handed), "the parent gets the child's report"
    assert staff.own_tools(model) == set()


def test_newest_claude_code(tmp_path: Path, model: Model) -> None:
    """A writer's whole run on the other version that package.json pins, on a server of its own."""
    settings = staff.environment(tmp_path, model)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "claude").symlink_to(staff.NEWEST_CLAUDE)
    settings["PATH"] = f"{programs}{os.pathsep}{settings['PATH']}"
    with running(tmp_path / "chorus", **settings) as server:
        staff.hire(server, tmp_path, model)
        check_button(server, "claude")
        task_id = start(server, "claude-writer", staff.prompt("claude.md", "compat-reviewer"))
        check_done(server, tmp_path, task_id, "claude", "compat")


@pytest.mark.soak
def test_all_of_it_on_opencode(server: Server, folder: Path) -> None:
    """Slow to start: five times."""
    check_button(server, "opencode")
    task_id = planned(server, folder, "opencode")
    server.json("POST", f"/api/tasks/{task_id}/handoff", by("opencode-writer", "alone.md", "opencode-reviewer"))
    check_done(server, folder, task_id, "opencode", "opencode", "alone.md")


def sees(browser: Browser, task_id: str, status: str, agent: str) -> None:
    """On the board: the card in its column, with the agent at work."""
    browser.shows(f"{column(status)} {card(task_id)} .agent.is-working", agent, PATIENCE_S)


def planned(server: Server, folder: Path, provider: str = "compat") -> str:
    """A task that was planned on this provider, with a question and its answer."""
    staff.let_plan(server, folder, provider)
    task_id: str = server.json("POST", "/api/tasks", {"description": f"A note by {provider}", "source": SOURCE})["id"]
    server.json("POST", f"/api/tasks/{task_id}/plan")
    assert wait_status(server, task_id, "awaiting_input")["questions"][0]["question"] == staff.QUESTION
    server.json("POST", f"/api/tasks/{task_id}/answers", {"answers": [staff.ANSWER]})
    assert wait_status(server, task_id, "planned")["plan"] == staff.PLAN["plan"]
    return task_id


def start(server: Server, agent: str, prompt: str) -> str:
    """A task without a plan."""
    task_id: str = server.json("POST", "/api/tasks", {"description": prompt, "source": SOURCE})["id"]
    server.json("POST", f"/api/tasks/{task_id}/handoff", {"agentName": agent, "prompt": prompt, "force": True})
    return task_id


def by(agent: str, note: str, colleague: str) -> dict[str, str]:
    return {"agentName": agent, "prompt": staff.prompt(note, colleague)}


def runs_of(server: Server, task_id: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = server.json("GET", f"/api/tasks/{task_id}/runs")
    return runs


def said_at_last(provider: str, words: str) -> str:
    """Our own loop does not ask the model again once it has reported."""
    return "Next: completion-report." if provider == "compat" else words


def check_done(server: Server, folder: Path, task_id: str, writer: str, reviewer: str, note: str = "") -> None:
    """The note is there, and both agents are told with their ends; a planner was asked twice, in one session."""
    task = wait_status(server, task_id, "completed")
    assert (folder / (note or f"{writer}.md")).read_text() == staff.NOTE
    chain = task["agentChain"]
    assert [entry["agentName"] for entry in chain] == [f"{writer}-writer", f"{reviewer}-reviewer"]
    last_words = ("All is done.", "Reviewed.")
    assert [entry["output"] for entry in chain] == [*map(said_at_last, (writer, reviewer), last_words)]
    assert chain[1]["completionReport"]["output"] == "It reads well."
    runs = runs_of(server, task_id)
    assert {run["state"] for run in runs} == {"succeeded"}
    assert all(run["tokens"]["input"] >= 100 and run["sessionId"] for run in runs)
    planners = [run["sessionId"] for run in runs if run["kind"] == "planner"]
    assert len(planners) in (0, 2)
    assert len(set(planners)) <= 1, "answers go on in the planner's session"


def test_failures_are_said_plainly(server: Server, model: Model) -> None:
    """A refused key and a limit, as the real programs tell them; recorded ones of all programs are in test_parsers."""

    def refuse(talk: Talk) -> Refuse:
        return Refuse(401, "invalid key") if any("refused" in text for text in talk.asked) else Refuse(429, "later")

    model.script = refuse
    try:
        refused = [start(server, f"{name}-writer", "refused") for name in ("claude", "compat")]
        later = start(server, "claude-writer", "later")
        for task_id in refused:
            assert "refused the key" in wait_status(server, task_id, "failed")["status"]["message"]
        wait_status(server, later, "waiting")
        [run] = runs_of(server, later)
        assert run["state"] == "paused"
        assert run["resumeAt"] > run["startedAt"]
    finally:
        model.script = staff.script
