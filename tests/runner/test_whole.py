"""Whole runs of the real programs, at the versions that package.json pins, against a scripted model.

A person plans, answers and starts; agents use the tools, hand off to an agent of another provider, and report.
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

from common.settings import ROOT
from tests.helpers.model_server import Model, Refuse, Reply, Talk, model_server, plain
from tests.helpers.processes import wait_for
from tests.helpers.server import Server, running
from tests.helpers.workspace import SOURCE

pytestmark = pytest.mark.processes
BIN = ROOT / "node_modules" / ".bin"
PATIENCE_S = 90.0
PROVIDERS = ("claude", "opencode", "compat")
PLANNERS = {"claude": "claude", "opencode": "compat", "compat": "compat"}
NEXT = {"claude": "opencode", "opencode": "compat", "compat": "claude"}
PLAN = {"summary": "A note", "requirements": ["short"], "acceptanceCriteria": ["note.md is there"], "plan": ["write"]}


def script(talk: Talk) -> Reply:
    """What every agent does, by what it was told: the planner asks once, a worker writes, hands off and reports."""
    called = [plain(name) for name, _ in talk.calls]
    if talk.offered("planner-output") in talk.tools:
        return _plan(talk, called)
    if "ready" in talk.last:
        return Reply("ready")
    if "Review" in talk.last:
        return _do(called, [("file.read", {"path": talk.last.split()[-1]}), _report("It reads well.")], "Reviewed.")
    words = next(text for text in talk.asked if "hand off to" in text).split()
    path, other = words[1].rstrip(","), words[-2]
    steps = [
        ("file.create", {"path": path, "content": "Hello\n"}),
        ("handoff", {"agentName": other, "prompt": f"Review {path}"}),
        _report("The note is written and reviewed."),
    ]
    return _do(called, steps, "All is done.")


def _plan(talk: Talk, called: list[str]) -> Reply:
    answered = any("A: in English" in text for text in talk.asked)
    given = {"type": "plan", **PLAN} if answered else {"type": "questions", "questions": ["Which language?"]}
    done = called.count("planner_output") > (1 if answered and len(talk.asked) > 2 else 0)
    return Reply("Planned.") if done else Reply(calls=[("planner-output", given)])


def _do(called: list[str], steps: list[tuple[str, dict[str, Any]]], last: str) -> Reply:
    left = [step for step in steps if plain(step[0]) not in called]
    return Reply(f"Next: {left[0][0]}.", calls=left[:1]) if left else Reply(last)


def _report(text: str) -> tuple[str, dict[str, Any]]:
    return ("completion-report", {"status": "complete", "summary": text, "output": text})


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    with model_server(script) as served:
        yield served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Iterator[Server]:
    """The whole of Chorus, with an agent on each provider, in a home folder of its own."""
    folder = tmp_path_factory.mktemp("agents")
    home = folder / "user"
    _configure_opencode(home, model)
    environ = {"HOME": str(home), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "ANTHROPIC_API_KEY": "key"}
    environ |= {
        "ANTHROPIC_BASE_URL": model.url,
        "CHORUS_PARALLEL_RUNS": "8",
        "CHORUS_LOG_LEVEL": "warn",
        "CLAUDE_CODE_MAX_RETRIES": "1",
    }
    passes = "HOME PATH ANTHROPIC_* CLAUDE_CODE_*"
    with running(folder / "chorus", **environ, CHORUS_AGENT_ENVIRONMENT=passes) as started:
        _set_up(started, folder, model)
        yield started


def _configure_opencode(home: Path, model: Model) -> None:
    options = {"baseURL": f"{model.url}/v1", "apiKey": "key"}
    models = {"scripted": {"name": "scripted", "tool_call": True}}
    provider = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": models}
    path = home / ".config" / "opencode" / "opencode.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"provider": {"scripted": provider}}))


def _set_up(server: Server, folder: Path, model: Model) -> None:
    kinds: dict[str, dict[str, str]] = {
        "claude": {"type": "claude-code"},
        "opencode": {"type": "opencode"},
        "compat": {
            "type": "openai-compat",
            "apiBaseUrl": f"{model.url}/v1",
            "apiKey": "sk-secret-key-1234",
            "defaultModel": "scripted",
        },
    }
    models = {"opencode": "scripted/scripted"}
    for name, kind in kinds.items():
        server.json("POST", "/api/providers", {"name": name, "providerType": kind})
        for role in ("writer", "reviewer"):
            server.json("POST", "/api/agents", _agent(f"{name}-{role}", name, models.get(name)))
    body = {"allowedAgentDirectories": [str(folder)], "initialAgentDirectory": str(folder)}
    server.request("PUT", "/api/config", body | {"systemAgentProvider": "claude"})


def _agent(name: str, provider: str, model: str | None) -> dict[str, Any]:
    tools = ["file.read", "file.create", "handoff"]
    agent = {"type": "user_defined", "name": name, "instructions": "You write notes.", "allowedTools": tools}
    return agent | {"provider": provider, "model": model}


def use(server: Server, folder: Path, provider: str) -> None:
    """The planner works on this provider from now on."""
    body = {"allowedAgentDirectories": [str(folder)], "initialAgentDirectory": str(folder)}
    status, _, raw = server.request("PUT", "/api/config", body | {"systemAgentProvider": provider})
    assert status == 200, raw


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
        said = subprocess.run([BIN / program, "--version"], capture_output=True, text=True, check=True).stdout
        print(f"{program}: {said.strip()}")
        record_property(program, said.strip())
        assert said.split()[0] == pinned[package]


def test_button_of_a_provider(server: Server) -> None:
    """The page's Test: it asks the real program, which asks the model."""
    with ThreadPoolExecutor(2) as pool:  # as many as there may be at once
        told = list(pool.map(lambda name: press_test(server, name), PROVIDERS))
    assert [(answer["ok"], answer["message"][:18]) for answer in told] == [(True, "It answered within")] * 3, told


def press_test(server: Server, name: str) -> Any:
    request = Request(f"{server.base_url}/api/providers/{name}/test", method="POST")
    with urlopen(request, timeout=90) as answer:
        return json.load(answer)["data"]


def test_from_plan_to_completed(server: Server, model: Model) -> None:
    """On each provider: a plan with a question, the answer, work with tools, a hand-off to the next, reports."""
    folder = Path(server.json("GET", "/api/snapshot")["config"]["initialAgentDirectory"])
    planned = {provider: plan(server, folder, PLANNERS[provider]) for provider in PROVIDERS}
    for provider, task_id in planned.items():
        assert wait_status(server, task_id, "planned")["plan"] == ["write"]
        prompt = f"Write {provider}.md, then hand off to {NEXT[provider]}-reviewer ."
        server.json("POST", f"/api/tasks/{task_id}/handoff", {"agentName": f"{provider}-writer", "prompt": prompt})
    for provider, task_id in planned.items():
        done = wait_status(server, task_id, "completed")
        assert (folder / f"{provider}.md").read_text() == "Hello\n"
        check_chain(done, provider)
        check_runs(server.json("GET", f"/api/tasks/{task_id}/runs"))
    handed = [text for talk in model.talks for text in talk.results if "agent_name" in text]
    assert all("It reads well." in text for text in handed), "the parent gets the child's report"
    assert own_tools(model) == set()


def plan(server: Server, folder: Path, provider: str) -> str:
    """A task whose planner has been given its answer and works on this provider."""
    use(server, folder, provider)
    task_id: str = server.json("POST", "/api/tasks", {"description": f"Note by {provider}", "source": SOURCE})["id"]
    server.json("POST", f"/api/tasks/{task_id}/plan")
    wait_status(server, task_id, "awaiting_input")
    server.json("POST", f"/api/tasks/{task_id}/answers", {"answers": ["in English"]})
    running = ("running", "succeeded")
    wait_for(lambda: runs_of(server, task_id)[-1]["state"] in running, PATIENCE_S, "the planner goes on")
    return task_id


def runs_of(server: Server, task_id: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = server.json("GET", f"/api/tasks/{task_id}/runs")
    return runs


def check_chain(task: dict[str, Any], provider: str) -> None:
    chain = task["agentChain"]
    assert [entry["agentName"] for entry in chain] == [f"{provider}-writer", f"{NEXT[provider]}-reviewer"]
    assert [entry["output"] for entry in chain] == ["All is done.", "Reviewed."]
    assert chain[1]["completionReport"]["output"] == "It reads well."


def check_runs(runs: list[dict[str, Any]]) -> None:
    """Planner twice, writer, reviewer."""
    assert [run["state"] for run in runs] == ["succeeded"] * 4
    assert all(run["tokens"]["input"] >= 100 and run["sessionId"] for run in runs)
    assert runs[1]["sessionId"] == runs[0]["sessionId"], "answers go on in the planner's session"


def own_tools(model: Model) -> set[str]:
    """Tools that were offered to a model and are not Chorus's."""
    ours = {"file_read", "file_create", "handoff", "help", "completion_report", "planner_output"}
    return {name for talk in model.talks for name in talk.tools if plain(name) not in ours}


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
        model.script = script


def start(server: Server, agent: str, prompt: str) -> str:
    task_id: str = server.json("POST", "/api/tasks", {"description": prompt, "source": SOURCE})["id"]
    server.json("POST", f"/api/tasks/{task_id}/handoff", {"agentName": agent, "prompt": prompt, "force": True})
    return task_id
