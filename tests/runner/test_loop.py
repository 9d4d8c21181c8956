"""Our own loop as a program, on a scripted server: what it asks, counts and tells."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from common.settings import ROOT
from runner.openai_agent import Answer
from runner.providers import Job, openai_compat
from runner.records import Ending, How
from tests.helpers.model_server import Action, Refuse, Reply, Talk, model_server

pytestmark = pytest.mark.processes
NOW = 1_700_000_000_000


def turn(folder: Path, script: Callable[[Talk], Action]) -> tuple[openai_compat.Output, Ending]:
    """A turn without tools, read to its end."""
    with model_server(script) as model:
        row = {"api_base_url": f"{model.url}/v1", "api_key": "", "default_model": "scripted"}
        launch = openai_compat.launch(Job("Say it", "Be brief", str(folder), str(folder / "sessions"), row))
        (folder / "job.json").write_text(launch.files["job.json"])
        ended = subprocess.run(
            [sys.executable, *launch.arguments],
            cwd=ROOT,
            input=launch.stdin,
            capture_output=True,
            text=True,
            check=True,
        )
    output = openai_compat.Output()
    for line in ended.stdout.splitlines():
        output.line(line, NOW)
    return output, output.ending(ended.returncode, NOW)


def test_usage_that_comes_with_each_chunk_counts_once(tmp_path: Path) -> None:
    output, ending = turn(tmp_path, lambda _: Reply("One two three", tokens=(100, 20), cost=0.25))
    assert (ending.how, output.progress.output) == (How.DONE, "One two three")
    assert (output.progress.tokens_input, output.progress.tokens_output, output.progress.cost_usd) == (100, 20, 0.25)


@pytest.mark.parametrize("after", ["3600", "inf", "1e300"])
def test_limit_is_a_pause_whatever_its_length(tmp_path: Path, after: str) -> None:
    _, ending = turn(tmp_path, lambda _: Refuse(429, "slow down", headers={"retry-after": after}))
    assert ending.how is How.LIMITED
    assert (ending.resume_at or 0) >= NOW + 3_600_000


def test_character_that_came_in_halves_is_whole() -> None:
    """Servers in JavaScript cut a text between the two halves of an emoji."""
    said = Answer(text="\ud83d" + "\ude00").message()
    assert json.dumps(said, ensure_ascii=False).encode().decode() == '{"role": "assistant", "content": "😀"}'
