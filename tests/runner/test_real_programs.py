"""The real programs, each version that package.json pins, against a scripted model: what our launches rely on."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from common.answersize import MAX_BYTES
from common.settings import ROOT
from runner import starting, versions
from runner.limits import Limits
from runner.providers import Job, Output, ToolServer
from runner.providers.known import PROVIDERS
from runner.records import Ending, How
from runner.turn import Turn
from tests.helpers.model_server import Model, Reply, Talk, model_server
from tests.helpers.staff import BIN, NEWEST_CLAUDE

pytestmark = pytest.mark.processes
CLAUDE = {
    "2.1.197": BIN / "claude",
    "2.1.332": NEWEST_CLAUDE,
}
OPENCODE = BIN / "opencode"
LIMITS = Limits(run_s=120, idle_s=120, output_bytes=10_000_000, processes=64)
LARGE = ToolServer([sys.executable, "-m", "tests.helpers.large_tools"], {"PYTHONPATH": str(ROOT)})


class Place:
    """A home, a folder to work in, and one program on the PATH."""

    def __init__(self, folder: Path, model: Model, kind: str, program: Path) -> None:
        self.folder, self._kind = folder, kind
        for name in ("bin", "home", "work"):
            (folder / name).mkdir()
        (folder / "bin" / ("claude" if kind == "claude-code" else "opencode")).symlink_to(program)
        self.environ = {
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder / "home"),
            "ANTHROPIC_BASE_URL": model.url,
            "ANTHROPIC_API_KEY": "key",
        }
        if kind == "opencode":
            options = {"baseURL": f"{model.url}/v1", "apiKey": "key"}
            models = {"scripted": {"name": "scripted", "tool_call": True}}
            provider = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": models}
            settings = folder / "home" / ".config" / "opencode" / "opencode.json"
            settings.parent.mkdir(parents=True)
            settings.write_text(json.dumps({"provider": {"scripted": provider}}))

    def turn(self, message: str, system: str = "Be brief", **more: Any) -> tuple[Output, Ending]:
        private = str(starting.private_folder(self.folder / "private"))
        model = "scripted/scripted" if self._kind == "opencode" else None
        job = Job(message, system, private, str(self.folder / "sessions"), {}, model=model, **more)
        provider = PROVIDERS[self._kind]
        output = provider.output()
        process = starting.start("a-run", provider, job, self.folder / "work", self.environ, LIMITS.processes)
        turn = Turn(process, output, LIMITS, waiting=lambda: False, on_records=lambda _: None, on_tick=lambda: None)
        try:
            return output, turn.read()
        finally:
            process.close()


def test_versions_are_those_that_are_pinned() -> None:
    pinned = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert [pinned["@anthropic-ai/claude-code"], pinned["claude-code-newest"].rpartition("@")[2]] == list(CLAUDE)


@pytest.mark.parametrize("version", CLAUDE)
def test_version_is_asked_for_once(tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"PATH": os.defpath, "HOME": str(tmp_path)}
    asked = versions.installed("a-run", str(CLAUDE[version]), environ, tmp_path)
    assert asked == tuple(map(int, version.split(".")))
    monkeypatch.setattr(versions, "_first_line", lambda *_: pytest.fail("asked again"))
    assert versions.installed("a-run", str(CLAUDE[version]), environ, tmp_path) == asked


@pytest.mark.parametrize("body", ["echo what?", """echo '{"claude_code_version": "2.1.332"}'; sleep 300""", "exit 1"])
def test_program_that_tells_no_version(tmp_path: Path, body: str) -> None:
    program = tmp_path / "claude"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    began = time.monotonic()
    assert versions.installed("a-run", str(program), {"PATH": os.defpath}, tmp_path) is None
    assert time.monotonic() - began < versions.VERSION_TIMEOUT_S, "it is not waited for"


def test_program_that_is_replaced_is_asked_again(tmp_path: Path) -> None:
    program = tmp_path / "claude"
    for version in ("1.2.3", "10.20.30"):
        program.write_text(f"#!/bin/sh\necho '{version} (Claude Code)'\n")
        program.chmod(0o755)
        asked = versions.installed("a-run", str(program), {"PATH": os.defpath}, tmp_path)
        assert asked == tuple(map(int, version.split(".")))
    assert versions.installed("a-run", str(tmp_path / "none"), {}, tmp_path) is None


@pytest.mark.parametrize("version", CLAUDE)
def test_resumed_session_gets_the_instructions_of_now(tmp_path: Path, version: str) -> None:
    """People change an agent's instructions while its run is paused."""
    with model_server(lambda _: Reply("Done.")) as model:
        place = Place(tmp_path, model, "claude-code", CLAUDE[version])
        output, ending = place.turn("First", "You are MORNING.")
        assert ending.how is How.DONE, ending.reason
        _, ending = place.turn("Second", "You are EVENING.", session=output.progress.session_id)
        assert ending.how is How.DONE, ending.reason
    last = model.talks[-1]
    assert [text for text in last.asked if text in ("First", "Second")] == ["First", "Second"], "it is one session"
    assert "EVENING" in last.system
    assert "MORNING" not in last.system


@pytest.mark.parametrize(
    ("kind", "program"),
    [
        *(pytest.param("claude-code", path, id=version) for version, path in CLAUDE.items()),
        pytest.param("opencode", OPENCODE, id="opencode", marks=pytest.mark.soak),  # slow to start
    ],
)
def test_largest_answer_reaches_the_model(tmp_path: Path, kind: str, program: Path) -> None:
    """Else the program keeps it in a file, and its model is told of a path that it cannot read."""
    texts = {"prose": "All is well. ", "digits": "0123456789", "lines": "漢字\n"}

    def script(talk: Talk) -> Reply:
        left = list(texts.values())[len(talk.results) :]
        return Reply(calls=[("large", {"text": left[0]})]) if left else Reply("Done.")

    with model_server(script) as model:
        _, ending = Place(tmp_path, model, kind, program).turn("Go", tools=LARGE)
    assert ending.how is How.DONE, ending.reason
    results = [json.loads(text) for text in model.talks[-1].results]
    assert [result["end"] for result in results] == ["large"] * len(texts)
    assert all(result["content"].startswith(text) for result, text in zip(results, texts.values(), strict=True))
    assert len(results[0]["content"]) > MAX_BYTES * 0.9
