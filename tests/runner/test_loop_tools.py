"""Our own loop with the tools of a run, on a server of chat completions that is as odd, or as strict, as there are."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from common.output import OutputKind
from core.workspaces.current import Workspace
from runner.records import How
from tests.agenttools.environment import equipped, of
from tests.helpers.agents import Worker, at_work, entries
from tests.helpers.completions import calls, chunk, events, piece, whole
from tests.helpers.loop import Turn, turn
from tests.helpers.model_server import Action, Pieces, Refuse, Reply, Talk
from tests.helpers.server import Server
from tests.helpers.workspace import open_workspace
from tests.runner.chat.test_history import complaints

pytestmark = pytest.mark.processes
REPORT: dict[str, Any] = {"status": "complete", "summary": "s", "output": "o"}
SIGNED = {"google": {"thought_signature": "SIG"}}
A, B = '{"path":"a.txt"}', '{"path":"b.txt"}'
BOTH = [piece(0, "a", "file_read", A), piece(1, "b", "file_read", B)]
END = chunk({}, "tool_calls")
Script = Callable[[Talk], Action]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with equipped(tmp_path_factory.mktemp("loop") / "home") as started:
        folder = started.home.parent / "project"
        (folder / "a.txt").write_text("the letter a")
        (folder / "b.txt").write_text("the letter b")
        for n in range(9):
            (folder / f"long{n}.txt").write_text(f"{n} is long\n" * 2_000)
        yield started


@pytest.fixture
def workspace(server: Server) -> Iterator[Workspace]:
    with open_workspace(server.home) as opened:
        yield opened


@pytest.fixture
def worker(workspace: Workspace) -> Iterator[Worker]:
    made = at_work(workspace)
    yield made
    made.end()


@pytest.fixture
def work(server: Server, worker: Worker, tmp_path: Path) -> Callable[..., Turn]:
    """A turn of an agent; each request is looked at as the strictest server does."""

    def do(script: Script, **options: Any) -> Turn:
        done = turn(tmp_path, script, tools=of(worker, server), **options)
        for talk in done.talks:
            if talk.tools:
                assert complaints(talk.raw["messages"], talk.tools) == []
        assert done.stderr == ""
        return done

    return do


def steps(*actions: Action) -> Script:
    """One after the other; then the report."""
    left = list(actions)
    return lambda _: left.pop(0) if left else Reply(calls=[("completion-report", REPORT)])


def stream(*documents: Any) -> Pieces:
    return Pieces([events(*documents)])


ODD: dict[str, Action] = {
    "index 0 for both": stream(calls(piece(0, "a", "file_read", A)), calls(piece(0, "b", "file_read", B)), END),
    "no index": stream(calls(piece(None, "a", "file_read", A), piece(None, "b", "file_read", B)), END),
    "objects": stream(calls(piece(0, "a", "file_read", json.loads(A)), piece(1, "b", "file_read", json.loads(B))), END),
    "encoded twice": stream(calls(piece(0, "a", "file_read", json.dumps(A)), piece(1, "b", "file_read", B)), END),
    "one id for both": stream(calls(piece(0, "a", "file_read", A), piece(1, "a", "file_read", B)), END),
    "no ids": stream(calls(piece(0, None, "file_read", A), piece(1, None, "file_read", B)), END),
    "names with a prefix": stream(
        calls(piece(0, "a", "functions.file_read", A), piece(1, "b", "file_read<|channel|>json", B)), END
    ),
    "a whole answer": Pieces([json.dumps(whole({"content": "", "tool_calls": BOTH}))]),
    "reason stop": stream(calls(*BOTH), chunk({}, "stop")),
    "with text": stream(chunk({"content": "I look."}), calls(*BOTH), END),
}


@pytest.mark.parametrize("form", ODD)
def test_calls_in_odd_forms(work: Callable[..., Turn], form: str) -> None:
    done = work(steps(ODD[form]))
    assert done.ending.how is How.DONE, done.ending.reason
    told = [result["output"] for result in done.results[:2]]
    assert ["the letter a" in told[0], "the letter b" in told[1]] == [True, True]
    assert len(done.talks) == 2


def test_nothing_is_owed_after_the_report(work: Callable[..., Turn], worker: Worker) -> None:
    done = work(steps())
    assert (done.ending.how, done.ending.reason, len(done.talks)) == (How.DONE, "", 1)
    assert [entry["status"] for entry in entries(worker.workspace, worker.task_id)] == ["success"]


def test_report_that_is_refused_is_not_the_end(work: Callable[..., Turn]) -> None:
    done = work(steps(Reply(calls=[("completion-report", {"status": "well"})])))
    assert [result["isError"] for result in done.results] == [True, False]


@pytest.mark.parametrize(
    ("arguments", "reason", "words"),
    [
        ('{"path": ', "tool_calls", 'The arguments are not one JSON object. Nothing was done. They begin: {"path": '),
        (A + B, "tool_calls", "not one JSON object"),
        ('{"path": ', "length", "cut off by the length limit"),
        ("", "length", "cut off by the length limit"),
    ],
)
def test_arguments_that_are_none(work: Callable[..., Turn], arguments: str, reason: str, words: str) -> None:
    """The model is told why, and what it sent is not sent back."""
    done = work(steps(stream(calls(piece(0, "a", "file_read", arguments)), chunk({}, reason))))
    assert done.ending.how is How.DONE
    assert (done.results[0]["isError"], words in done.results[0]["output"]) == (True, True)
    [call] = next(message["tool_calls"] for message in done.sent() if message.get("tool_calls"))
    assert call["function"]["arguments"] == "{}"


def test_call_without_arguments(work: Callable[..., Turn]) -> None:
    done = work(steps(stream(calls(piece(0, "a", "help", "")), END)))
    assert "tools" in json.loads(done.results[0]["output"])


def test_unknown_tool_is_told_in_words(work: Callable[..., Turn], worker: Worker) -> None:
    """It is refused and recorded; no request has a function that is not offered."""
    done = work(steps(Reply(calls=[("no_such_tool", {"x": 1}), ("help", {})]), Reply(calls=[("no_such_tool", {})])))
    assert [result["isError"] for result in done.results] == [True, False, True, False]
    assert "There is no tool named 'no_such_tool'" in json.dumps(done.sent())
    kinds = [entry["tool"] for entry in entries(worker.workspace, worker.task_id)]
    assert kinds == ["no_such_tool", "help", "no_such_tool", "completion-report"]


def test_what_the_server_sent_comes_back(work: Callable[..., Turn]) -> None:
    first = stream(
        chunk({"reasoning_content": "I ", "reasoning_details": [{"type": "reasoning.text", "text": "I ", "index": 0}]}),
        chunk({"reasoning_content": "think"}),
        calls(piece(0, "a", "file_read", A, extra_content=SIGNED)),
        END,
    )
    done = work(steps(first))
    [message] = [message for message in done.sent() if message["role"] == "assistant"]
    assert message["reasoning_content"] == "I think"
    assert message["reasoning_details"] == [{"type": "reasoning.text", "text": "I ", "index": 0}]
    assert message["tool_calls"][0]["extra_content"] == SIGNED
    assert done.texts(OutputKind.THINKING)


def test_server_that_takes_nothing_unknown(work: Callable[..., Turn]) -> None:
    """It refuses its own members, and is asked without them for the rest of the turn."""
    think = stream(chunk({"reasoning": "hm"}), calls(piece(0, "a", "file_read", A)), END)
    script = steps(think, think)

    def strict(talk: Talk) -> Action:
        unknown = any("reasoning" in message for message in talk.raw["messages"])
        return Refuse(400, "property 'reasoning' is unsupported") if unknown else script(talk)

    done = work(strict)
    assert (done.ending.how, len(done.talks)) == (How.DONE, 4)


def test_server_that_misses_its_thoughts(work: Callable[..., Turn]) -> None:
    script = steps(Reply(calls=[("file.read", json.loads(A))]))

    def strict(talk: Talk) -> Action:
        told = [message for message in talk.raw["messages"] if message.get("tool_calls")]
        if all(message.get("reasoning_content") for message in told):
            return script(talk)
        return Refuse(400, "reasoning_content is missing in assistant tool call message at index 2")

    assert work(strict).ending.how is How.DONE


@pytest.mark.parametrize("member", ["stream_options", "stream", "enum"])
def test_what_is_refused_is_left_out_and_remembered(work: Callable[..., Turn], member: str) -> None:
    script = steps(Reply(calls=[("file.read", json.loads(A))]))
    words = {"stream": "streaming is not supported with tools", "enum": 'Unknown name "enum": no such keyword'}

    def strict(talk: Talk) -> Action:
        sends = bool(talk.raw.get(member)) or (member == "enum" and '"enum"' in json.dumps(talk.raw["tools"]))
        return Refuse(400, words.get(member, f"Unrecognized argument: {member}")) if sends else script(talk)

    done = work(strict)
    assert (done.ending.how, len(done.talks)) == (How.DONE, 3), done.ending.reason


def test_schemas_that_every_server_takes(work: Callable[..., Turn]) -> None:
    def keywords(value: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict):
            for key, each in value.items():
                yield key, each
                yield from keywords(list(each.values()) if key == "properties" else each)
        if isinstance(value, list):
            for each in value:
                yield from keywords(each)

    done = work(steps())
    found = list(keywords([tool["function"]["parameters"] for tool in done.talks[0].raw["tools"]]))
    assert {key for key, _ in found} <= {"type", "properties", "required", "items", "enum", "description"}
    assert all(isinstance(value, str) for key, value in found if key == "type")
    assert all(value for key, value in found if key in ("properties", "required", "items", "enum"))


def test_same_refused_call_for_ever_ends(work: Callable[..., Turn], worker: Worker) -> None:
    done = work(lambda _: Reply(calls=[("file.read", {"path": "missing.txt"})]))
    assert done.ending.how is How.FAILED
    assert "it repeated one call of file.read 5 times, refused each time:" in done.ending.reason
    assert len(entries(worker.workspace, worker.task_id)) == 5


def test_other_calls_between_them_do_not_help(work: Callable[..., Turn]) -> None:
    def script(talk: Talk) -> Action:
        return Reply(calls=[("help", {}) if len(talk.calls) % 2 else ("file.read", {"path": "missing.txt"})])

    assert "it repeated one call of file.read" in work(script).ending.reason


def test_announced_call_that_did_not_come(work: Callable[..., Turn]) -> None:
    done = work(steps(stream(chunk({"content": "I read the file first."}), END)))
    assert done.ending.how is How.DONE
    assert "none arrived" in done.sent()[-1]["content"]


def test_call_as_text_is_not_made(work: Callable[..., Turn], worker: Worker) -> None:
    said = f'<tool_call>\n{{"name": "file_read", "arguments": {A}}}\n</tool_call>'
    done = work(steps(Reply(said)))
    assert "Use function calling" in done.sent()[-1]["content"]
    assert [entry["tool"] for entry in entries(worker.workspace, worker.task_id)] == ["completion-report"]


def test_bad_call_that_the_server_refused_is_made_again(work: Callable[..., Turn]) -> None:
    done = work(steps(Refuse(400, "Failed to call a function.", "tool_use_failed")))
    assert (done.ending.how, len(done.talks)) == (How.DONE, 2)


def reads_all(talk: Talk) -> Action:
    """Nine long files, one after the other."""
    read = sum(name == "file_read" for name, _ in talk.calls)
    return Reply(calls=[("file.read", {"path": f"long{read}.txt"})] if read < 9 else [("completion-report", REPORT)])


class TestTooLong:
    """The model's context is small: its work goes on all the same."""

    def test_results_are_shortened(self, work: Callable[..., Turn]) -> None:
        count: list[int] = []

        def script(talk: Talk) -> Action:
            if len(json.dumps(talk.raw["messages"])) > 200_000:
                return Refuse(400, "exceeds the available context size", "exceed_context_size_error")
            count.append(1)
            return reads_all(talk) if len(count) < 10 else Reply(calls=[("completion-report", REPORT)])

        done = work(script)
        assert done.ending.how is How.DONE, done.ending.reason
        assert len(done.results) == 10
        [notice, *_] = done.texts(OutputKind.NOTICE)
        assert "old results of tools were shortened. The server: exceeds the available" in notice

    def test_past_is_summarised(self, work: Callable[..., Turn]) -> None:
        """By the model, where its own words are what is long."""
        asked: list[int] = []

        def script(talk: Talk) -> Action:
            if not talk.tools:
                return Reply("I read some files.")
            if len(json.dumps(talk.raw["messages"])) > 30_000:
                return Refuse(400, "prompt is too long: 9 tokens > 8 maximum")
            asked.append(1)
            call = ("completion-report", REPORT) if len(asked) > 9 else ("help", {"name": f"{len(asked)}{'x' * 6_000}"})
            return Reply("y" * 1_000, calls=[call])

        done = work(script)
        assert done.ending.how is How.DONE, done.ending.reason
        assert "its past was summarised" in done.texts(OutputKind.NOTICE)[0]
        assert "I read some files." in json.dumps(done.sent())
        assert "I read some files." not in done.texts()

    def test_no_room_for_an_answer(self, work: Callable[..., Turn]) -> None:
        """The server says `length` at once, where nothing is left."""
        count: list[int] = []

        def script(talk: Talk) -> Action:
            if len(json.dumps(talk.raw["messages"])) > 100_000:
                return stream(chunk({"content": ""}, "length"))
            count.append(1)
            return reads_all(talk) if len(count) < 9 else Reply(calls=[("completion-report", REPORT)])

        done = work(script)
        assert done.ending.how is How.DONE, done.ending.reason
        assert "no room was left" in done.texts(OutputKind.NOTICE)[0]

    @pytest.mark.parametrize(
        "refusal", [Refuse(413, body=b"<h1>413 Request Entity Too Large</h1>"), Refuse(400, body=b"")]
    )
    def test_server_that_hardly_says_so(self, work: Callable[..., Turn], refusal: Action) -> None:
        script = steps(*[Reply(calls=[("file.read", {"path": f"long{n}.txt"})]) for n in range(4)])
        done = work(lambda talk: refusal if len(json.dumps(talk.raw["messages"])) > 90_000 else script(talk))
        assert done.ending.how is How.DONE, done.ending.reason
