"""Agents on the real programs, at the versions that package.json pins, and the script that they follow.

The planner asks once; a writer makes a note, reads it, hands off to a colleague and reports; a reviewer reads and
reports.
"""

import json
import os
from pathlib import Path
from typing import Any

from common import tools
from common.settings import ROOT
from tests.helpers.model_server import Model, Reply, Talk, plain
from tests.helpers.server import Server

BIN = ROOT / "node_modules" / ".bin"
NEWEST_CLAUDE = ROOT / "node_modules" / "claude-code-newest" / "bin" / "claude.exe"
QUESTION, ANSWER = "Which language?", "in English"
PLAN: dict[str, Any] = {
    "summary": "A note",
    "requirements": ["short"],
    "acceptanceCriteria": ["note.md is there"],
    "plan": ["write"],
}
TOOLS = ["file.read", "file.create", "handoff"]
NOTE = "Hello\n"
PERMISSIVE = {"tools": {"bash": True}, "permission": {"*": "allow", "bash": {"*": "allow"}}}
PATIENCE = 2  # failed calls in a row
_PASSES = "HOME PATH ANTHROPIC_* CLAUDE_CODE_*"  # of the environment


def prompt(note: str, colleague: str) -> str:
    """What a writer is told; `note` is a path in the allowed folder."""
    return f"Write {note}, then hand off to {colleague} ."


def script(talk: Talk) -> Reply:
    """What the model says to whom, by what was asked and done so far."""
    if talk.failures >= PATIENCE:
        return Reply("My tools do not work.")
    if talk.offered("planner-output") in talk.tools:
        return _plan(talk)
    if "the single word" in talk.last:  # the Test button
        return Reply("ready")
    lines = (line for text in talk.asked for line in text.splitlines())
    told = next((line for line in lines if line.startswith(("Write ", "Review "))), "")
    if told.startswith("Review"):
        return _do(talk, [("file.read", {"path": told.split()[1]}), _report("It reads well.")], "Reviewed.")
    words = told.split()
    path, colleague = words[1].rstrip(","), words[-2]
    steps = [
        ("file.create", {"path": path, "content": NOTE}),
        ("file.read", {"path": path}),
        ("handoff", {"agentName": colleague, "prompt": f"Review {path}"}),
        _report("The note is written and reviewed."),
    ]
    return _do(talk, steps, "All is done.")


def _plan(talk: Talk) -> Reply:
    """Once for each prompt: the second one holds the answer."""
    prompts = [text for text in talk.asked if "## Agents that can be assigned" in text]
    questions = {"type": "questions", "questions": [QUESTION]}
    given = {"type": "plan", **PLAN} if f"A: {ANSWER}" in prompts[-1] else questions
    done = talk.done.count("planner_output") >= len(prompts)
    return Reply("Planned.") if done else Reply(calls=[("planner-output", given)])


def _do(talk: Talk, steps: list[tuple[str, dict[str, Any]]], last: str) -> Reply:
    left = [step for step in steps if plain(step[0]) not in talk.done]
    return Reply(f"Next: {left[0][0]}.", calls=left[:1]) if left else Reply(last)


def _report(text: str) -> tuple[str, dict[str, Any]]:
    return ("completion-report", {"status": "complete", "summary": text, "output": text})


def environment(folder: Path, model: Model, *passes: str) -> dict[str, str]:
    """Settings of a server whose agents run the real programs on `model`, with a home of their own in `folder`.

    What the user and the folders above the workspace permit to OpenCode must not reach its agents.
    `passes`: more names that agents get from the environment.
    """
    home = folder / "user"
    _configure_opencode(home, model)
    (folder / "opencode.json").write_text(json.dumps(PERMISSIVE))
    return {
        "HOME": str(home),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "ANTHROPIC_API_KEY": "key",
        "ANTHROPIC_BASE_URL": model.url,
        "CHORUS_PARALLEL_RUNS": "8",
        "CHORUS_LOG_LEVEL": "warn",
        "CLAUDE_CODE_MAX_RETRIES": "1",
        "CHORUS_AGENT_ENVIRONMENT": " ".join([_PASSES, *passes]),
    }


def _configure_opencode(home: Path, model: Model) -> None:
    options = {"baseURL": f"{model.url}/v1", "apiKey": "key"}
    models = {"scripted": {"name": "scripted", "tool_call": True}}
    provider = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": models}
    path = home / ".config" / "opencode" / "opencode.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"provider": {"scripted": provider}} | PERMISSIVE))


def hire(server: Server, folder: Path, model: Model) -> None:
    """A writer and a reviewer on each provider, who work in `folder`; Claude Code plans."""
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
    let_plan(server, folder, "claude")


def _agent(name: str, provider: str, model: str | None) -> dict[str, Any]:
    agent = {"type": "user_defined", "name": name, "instructions": "You write notes.", "allowedTools": TOOLS}
    return agent | {"provider": provider, "model": model}


def let_plan(server: Server, folder: Path, provider: str) -> None:
    """The planner works on this provider from now on."""
    body = {"allowedAgentDirectories": [str(folder)], "initialAgentDirectory": str(folder)}
    status, _, raw = server.request("PUT", "/api/config", body | {"systemAgentProvider": provider})
    assert status == 200, raw


def own_tools(model: Model) -> set[str]:
    """Tools that were offered to a model and are not Chorus's."""
    ours = {name.replace("-", "_") for name in map(tools.function_name, tools.TOOLS)}
    return {name for talk in model.talks for name in talk.tools if plain(name).replace("-", "_") not in ours}
