"""Whole runs of the real programs, at the versions that package.json pins, against a scripted model.

A person plans, answers and starts; agents use the tools, hand off to an agent of another provider, and report.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.settings import ROOT
from tests.helpers.model_server import Model, Refuse, Reply, Talk, model_server, plain
from tests.helpers.processes import wait_for
from tests.helpers.server import Server, running
from tests.helpers.workspace import SOURCE

pytestmark = pytest.mark.processes
BIN = ROOT / "node_modules" / ".bin"
PATIENCE_S = 60.0
PROVIDERS = ("claude", "opencode", "compat")
NEXT = {"claude": "opencode", "opencode": "compat", "compat": "claude"}
PLAN = {"summary": "A note", "requirements": ["short"], "acceptanceCriteria": ["note.md is there"], "plan": ["write"]}


def script(talk: Talk) -> Reply:
    """What every agent does, by what it was told: the planner asks once, a worker writes, hands off and reports."""
    called = [plain(name) for name, _ in talk.calls]
    if talk.offered("planner-output") in talk.tools:
        return _plan(talk, called)
    if "Review" in talk.last or "Review" in talk.asked[-1]:
        return _do(called, [("file.read", {"path": "note.md"}), _report("It reads well.")], "Reviewed.")
    other = next(text for text in talk.asked if "hand off to" in text).rpartition("hand off to ")[2].split()[0]
    steps = [
        ("file.create", {"path": "note.md", "content": "Hello\n"}),
        ("handoff", {"agentName": other, "prompt": "Review note.md"}),
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
    environ |= {"ANTHROPIC_BASE_URL": model.url, "CHORUS_PARALLEL_RUNS": "8", "CLAUDE_CODE_MAX_RETRIES": "1"}
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
    _use(server, body, "claude")


def _agent(name: str, provider: str, model: str | None) -> dict[str, Any]:
    tools = ["file.read", "file.create", "handoff"]
    agent = {"type": "user_defined", "name": name, "instructions": "You write notes.", "allowedTools": tools}
    return agent | {"provider": provider, "model": model}


def _use(server: Server, body: dict[str, Any], planner: str) -> None:
    status, _, raw = server.request("PUT", "/api/config", body | {"systemAgentProvider": planner})
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


@pytest.mark.parametrize("provider", PROVIDERS)
def test_from_plan_to_completed(server: Server, model: Model, provider: str) -> None:
    folder = server.json("GET", "/api/snapshot")["config"]["initialAgentDirectory"]
    body = {"allowedAgentDirectories": [folder], "initialAgentDirectory": folder}
    _use(server, body, provider if provider != "opencode" else "claude")
    Path(folder, "note.md").unlink(missing_ok=True)
    task_id = server.json("POST", "/api/tasks", {"description": "Write a note", "source": SOURCE})["id"]
    server.json("POST", f"/api/tasks/{task_id}/plan")
    wait_status(server, task_id, "awaiting_input")
    server.json("POST", f"/api/tasks/{task_id}/answers", {"answers": ["in English"]})
    assert wait_status(server, task_id, "planned")["plan"] == ["write"]
    other = f"{NEXT[provider]}-reviewer"
    start = {"agentName": f"{provider}-writer", "prompt": f"Write note.md, then hand off to {other} ."}
    server.json("POST", f"/api/tasks/{task_id}/handoff", start)
    done = wait_status(server, task_id, "completed")
    assert Path(folder, "note.md").read_text() == "Hello\n"
    assert [entry["agentName"] for entry in done["agentChain"]] == [f"{provider}-writer", other]
    assert [entry["output"] for entry in done["agentChain"]] == ["All is done.", "Reviewed."]
    assert done["agentChain"][1]["completionReport"]["output"] == "It reads well."
    runs = server.json("GET", f"/api/tasks/{task_id}/runs")
    assert [run["state"] for run in runs] == ["succeeded"] * 4
    assert all(run["tokens"]["input"] >= 200 and run["sessionId"] for run in runs)
    assert runs[1]["sessionId"] == runs[0]["sessionId"], "answers go on in the planner's session"
    handed = next(talk for talk in reversed(model.talks) if any("agent_name" in text for text in talk.results))
    assert "It reads well." in "".join(handed.results), "the parent gets the child's report"
    assert own_tools(model) == set()


def own_tools(model: Model) -> set[str]:
    """Tools that were offered to a model and are not Chorus's."""
    ours = {"file_read", "file_create", "handoff", "help", "completion_report", "planner_output"}
    return {name for talk in model.talks for name in talk.tools if plain(name) not in ours}


def test_failures_are_said_plainly(server: Server, model: Model) -> None:
    """A refused key and a limit, on each provider, all at once."""
    told = {"refused": Refuse(401, "invalid key", "authentication_error"), "later": Refuse(429, "later", "rate_limit")}

    def refuse(talk: Talk) -> Any:
        return next(action for word, action in told.items() if any(word in text for text in talk.asked))

    model.script = refuse
    try:
        tasks = {(name, word): start(server, f"{name}-writer", word) for name in PROVIDERS for word in told}
        for name in PROVIDERS:
            assert "refused the key" in wait_status(server, tasks[name, "refused"], "failed")["status"]["message"]
            wait_status(server, tasks[name, "later"], "waiting")
            [run] = server.json("GET", f"/api/tasks/{tasks[name, 'later']}/runs")
            assert run["state"] == "paused"
            assert run["resumeAt"] > run["startedAt"]
    finally:
        model.script = script


def start(server: Server, agent: str, prompt: str) -> str:
    task_id: str = server.json("POST", "/api/tasks", {"description": prompt, "source": SOURCE})["id"]
    server.json("POST", f"/api/tasks/{task_id}/handoff", {"agentName": agent, "prompt": prompt, "force": True})
    return task_id
