"""Test on a provider: it asks the way a run does."""

import os
from collections.abc import Callable

import pytest

from runner.check import Checked, check
from tests.helpers.completions import calls, chunk, events, piece
from tests.helpers.model_server import Action, Pieces, Refuse, Reply, Talk, model_server

pytestmark = pytest.mark.processes


def checked(script: Callable[[Talk], Action]) -> tuple[Checked, list[Talk]]:
    with model_server(script) as model:
        row = {"type": "openai-compat", "api_base_url": f"{model.url}/v1", "api_key": "", "default_model": "m"}
        return check(row, None, {"PATH": os.environ["PATH"]}), model.talks


def test_tools_are_offered() -> None:
    said, talks = checked(lambda _: Reply("ready"))
    assert said.ok
    assert said.message.startswith("It answered within")
    assert {"file_read", "file_patch", "handoff", "completion-report", "help"} <= set(talks[0].tools)


def test_call_of_a_tool_is_an_answer() -> None:
    call = Pieces(
        [events(calls(piece(0, "a", "completion-report", '{"status": "complete"}')), chunk({}, "tool_calls"))]
    )
    said, talks = checked(lambda _: call)
    assert (said.ok, len(talks)) == (True, 1)


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refuse(400, "gemma:2b does not support tools"), "this model cannot use tools"),
        (Refuse(404, "No endpoints found that support tool use."), "this model cannot use tools"),
        (Refuse(400, "Invalid tools[0]: no"), "Invalid tools[0]: no"),
    ],
)
def test_server_that_refuses_tools(refusal: Action, words: str) -> None:
    said, _ = checked(lambda talk: refusal if talk.tools else Reply("ready"))
    assert not said.ok
    assert words in said.message


def test_empty_answer_is_none() -> None:
    said, _ = checked(lambda _: Pieces([events(chunk({"content": ""}, "stop"))]))
    assert (said.ok, said.message) == (False, "It ended without an answer.")
