"""Our own loop as a program, on a scripted server, without tools: what it asks, counts and tells."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from common.output import OutputKind
from core.tools import catalogue
from runner.records import How
from tests.helpers.completions import calls, chunk, events, piece, text, whole
from tests.helpers.loop import NOW, turn
from tests.helpers.model_server import Action, Drop, Pieces, Refuse, Reply, Rubbish, Talk

pytestmark = pytest.mark.processes
WORDS = [
    "Here",
    " is",
    " the",
    " code",
    ":\n\n```",
    "py\n",
    "def",
    " f():",
    "\n    return",
    " **1**",
    "\n```",
    "\n",
    ".",
]
HTML = "<html><head><title>Log in</title></head><body>x</body></html>"


def once(first: Action, then: Action | None = None) -> Any:
    """A script: one action, then another."""
    left = [first]
    return lambda _: left.pop() if left else then or Reply("Done.")


def test_usage_that_comes_with_each_chunk_counts_once(tmp_path: Path) -> None:
    done = turn(tmp_path, lambda _: Reply("One two three", tokens=(100, 20), cost=0.25))
    known = done.progress
    assert (done.ending.how, known.output) == (How.DONE, "One two three")
    assert (known.tokens_input, known.tokens_output, known.cost_usd) == (100, 20, 0.25)


def test_usage_of_an_answer_that_broke_off_counts(tmp_path: Path) -> None:
    broken = events(chunk({"content": "x"}) | {"usage": {"prompt_tokens": 7}}, done=False)
    done = turn(tmp_path, once(Pieces([broken]), Reply("ok", tokens=(100, 20))))
    assert done.progress.tokens_input == 107


def test_slow_answer_is_one_block(tmp_path: Path) -> None:
    """Its pieces are told as they come; the first one is marked."""
    done = turn(tmp_path, lambda _: Pieces([events(each, done=False) for each in text(WORDS)], pause_s=0.12))
    told = [record.data for record in done.records if record.kind is OutputKind.TEXT]
    assert len(told) > 3
    assert [data.get("first") for data in told] == [True] + [None] * (len(told) - 1)
    assert "".join(data["text"] for data in told) == done.progress.output == "".join(WORDS)


def test_thoughts_are_told_as_such(tmp_path: Path) -> None:
    chunks = [chunk({"reasoning_content": "hm "}), chunk({"reasoning_content": "hm"}), *text(["ok"])]
    done = turn(tmp_path, lambda _: Pieces([events(each, done=False) for each in chunks], pause_s=0.15))
    assert "".join(done.texts(OutputKind.THINKING)) == "hm hm"
    assert (done.ending.how, done.progress.output) == (How.DONE, "ok")
    assert done.records[0].data["first"]


def test_block_that_the_template_opened_is_no_answer(tmp_path: Path) -> None:
    parts = ["I think.\n", "\n</think>\n\n", "Answer"]
    done = turn(tmp_path, lambda _: Pieces([events(each, done=False) for each in text(parts)], pause_s=0.15))
    assert done.progress.output == "Answer"


def test_characters_are_not_cut(tmp_path: Path) -> None:
    halves = [chunk({"content": "\ud83d"}), chunk({"content": "\ude00"}), chunk({}, "stop")]
    done = turn(tmp_path, lambda _: Pieces([events(each, done=False) for each in halves], pause_s=0.15))
    assert "".join(done.texts()) == done.progress.output == "😀"


def test_long_answer_in_one_piece_is_told_whole(tmp_path: Path) -> None:
    said = "".join(f"{n:07} €\n" for n in range(10_000))
    done = turn(tmp_path, lambda _: Pieces([json.dumps(whole({"content": said}))], content_type="application/json"))
    assert "".join(done.texts()) == done.progress.output == said
    assert max(len(each.encode()) for each in done.texts()) < 32 * 1024


@pytest.mark.parametrize("after", ["3600", "inf", "1e300", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_limit_is_a_pause_whatever_its_length(tmp_path: Path, after: str) -> None:
    done = turn(tmp_path, lambda _: Refuse(429, "slow down", headers={"retry-after": after}))
    assert done.ending.how is How.LIMITED
    assert (done.ending.resume_at or 0) >= NOW + 3_600_000


def test_pauses_grow(tmp_path: Path) -> None:
    """Where the server does not say how long; an answer ends that."""
    pauses: list[int] = []
    session: str | None = None
    for script in (*[_limited] * 2, lambda _: Reply("ok"), _limited):
        done = turn(tmp_path, script, session=session)
        session = done.progress.session_id
        pauses += [((done.ending.resume_at or 0) - NOW) // 1000] if done.ending.how is How.LIMITED else []
    assert pauses == [300, 600, 300]


def _limited(_: Talk) -> Action:
    return Refuse(429, "Rate limit reached", headers={"retry-after": "0"})


def test_spent_quota_is_no_pause(tmp_path: Path) -> None:
    words = "You exceeded your current quota, please check your plan and billing details."
    done = turn(tmp_path, lambda _: Refuse(429, words, "insufficient_quota"))
    assert done.ending.how is How.FAILED
    assert done.ending.reason.startswith("The provider wants to be paid first: You exceeded your current quota")
    assert len(done.talks) == 1


@pytest.mark.parametrize(
    "first",
    [
        Drop(),
        Rubbish(),
        Refuse(503, "busy"),
        Refuse(500, "Internal Server Error", body=b"oops"),
        Pieces([events(chunk({"content": "half"}), chunk({"content": ""}, "error"))]),
        Pieces([events(chunk({"content": "half"}), {"error": {"message": "boom", "code": 502}})]),
        Pieces([events(chunk({"content": "half"}), done=False)]),
        Pieces([events(chunk({"content": "half"}), done=False)], is_whole=False),
        Pieces([events(chunk({"content": "x"}, "stop", native_finish_reason="network_error"))]),
        Pieces([b""]),
    ],
)
def test_failure_that_passes_is_asked_again(tmp_path: Path, first: Action) -> None:
    done = turn(tmp_path, once(first, Reply("Whole answer.")))
    assert (done.ending.how, done.progress.output) == (How.DONE, "Whole answer.")
    assert len(done.talks) == 2
    assert done.sent() == done.sent(0), "nothing of it is kept"
    assert "is asked again" in done.texts(OutputKind.NOTICE)[0]


def test_failure_that_stays_is_told(tmp_path: Path) -> None:
    done = turn(tmp_path, lambda _: Pieces([events({"error": {"message": "out of order", "code": 502}})]))
    assert (done.ending.how, done.ending.reason) == (How.FAILED, "The provider failed: out of order.")


@pytest.mark.parametrize(
    ("action", "path", "words"),
    [
        (
            Pieces(['{"error":"Unexpected endpoint or method. (POST /chat/completions)"}'], 0, "application/json"),
            "",
            "Unexpected endpoint or method. (POST /chat/completions). Did you mean http://127.0.0.1:",
        ),
        (Pieces([HTML], 0, "text/html"), "", "answered with status 200: a web page, “Log in”. Did you mean"),
        (Pieces([HTML], 0, "text/html"), "/v1", "a web page, “Log in”"),
        (Refuse(404, body=b"404 page not found"), "", "404 page not found. Did you mean http://127.0.0.1:"),
        (Refuse(405, body={"detail": "Method Not Allowed"}), "/api", "/api/v1?"),
        (Refuse(301, headers={"location": "https://example.com/v1"}), "/v1", "it has moved to https://example.com/v1"),
        (Refuse(404, "The model `scripted` does not exist"), "/v1", "does not know the model scripted: The model"),
        (Refuse(401, "Invalid API key"), "/v1", "The provider refused the key or login: Invalid API key."),
        (
            Refuse(400, body={"detail": [{"loc": ["body", "x"], "msg": "field required"}]}),
            "/v1",
            "body.x: field required",
        ),
    ],
)
def test_wrong_address_or_key_is_told(tmp_path: Path, action: Action, path: str, words: str) -> None:
    done = turn(tmp_path, lambda _: action, path=path)
    assert done.ending.how is How.FAILED
    assert words in done.ending.reason
    assert len(done.talks) == 1
    assert done.stderr == ""


def test_whole_path_as_address(tmp_path: Path) -> None:
    assert turn(tmp_path, lambda _: Reply("ok"), path="/v1/chat/completions").progress.output == "ok"


def test_redirection_on_the_same_host_is_followed(tmp_path: Path) -> None:
    moved = Refuse(308, headers={"location": "/v1/other/chat/completions"})
    done = turn(tmp_path, once(moved, Reply("ok")))
    assert (done.ending.how, done.sent()) == (How.DONE, done.sent(0))


def test_server_that_streams_only_wholes(tmp_path: Path) -> None:
    """It ignores `stream`, or refuses it."""
    ignores = Pieces([json.dumps(whole({"content": "ok", "reasoning_content": "hm"}))], 0, "application/json")
    assert turn(tmp_path, lambda _: ignores).progress.output == "ok"

    def refuses(talk: Talk) -> Action:
        return Refuse(400, "streaming is not supported") if talk.raw.get("stream") else Reply("whole")

    done = turn(tmp_path, refuses)
    assert (done.ending.how, done.progress.output) == (How.DONE, "whole")


@pytest.mark.parametrize("reason", ["length", "max_tokens"])
def test_answer_that_was_cut_goes_on(tmp_path: Path, reason: str) -> None:
    half = Pieces([events(chunk({"content": "one " * 100}, reason))])
    done = turn(tmp_path, once(half, Reply("two")))
    assert done.progress.output == "one " * 100 + "two"
    assert [record.data.get("first") for record in done.records if record.kind is OutputKind.TEXT] == [True, None]
    assert [message["role"] for message in done.sent()] == ["system", "user", "assistant", "user"]


def test_answer_that_is_cut_for_ever(tmp_path: Path) -> None:
    done = turn(tmp_path, lambda _: Pieces([events(chunk({"content": "x" * 300}, "length"))]))
    assert done.ending.reason == "The provider failed: the answer is longer than the model may write."


def test_refusal_of_the_model(tmp_path: Path) -> None:
    done = turn(tmp_path, lambda _: Pieces([events(chunk({"refusal": "I will "}), chunk({"refusal": "not."}, "stop"))]))
    assert done.ending.reason == "The provider failed: the model refused: I will not."
    done = turn(tmp_path, lambda _: Pieces([events(chunk({"content": "x"}, "content_filter"))]))
    assert "its filter stopped the answer" in done.ending.reason


def test_empty_answer_gets_one_reminder(tmp_path: Path) -> None:
    """And is never kept: no server takes it back."""
    done = turn(tmp_path, once(Pieces([events(chunk({"content": ""}, "stop"))]), Reply("ok")))
    assert done.progress.output == "ok"
    assert [message["role"] for message in done.sent()] == ["system", "user"]
    done = turn(tmp_path, lambda _: Pieces([events(chunk({"content": ""}, "stop"))]))
    assert (done.ending.how, done.progress.output, len(done.talks)) == (How.DONE, "", 2)


def too_long(limit: int) -> Any:
    """A script with a small context: it counts the characters of a request."""

    def script(talk: Talk) -> Action:
        if len(json.dumps(talk.raw["messages"])) > limit:
            return Refuse(400, "This model's maximum context length is 100 tokens. Please reduce the length.")
        return Reply(f"Fits {len(talk.raw['messages'])}")

    return script


def test_session_that_has_become_too_long_goes_on(tmp_path: Path) -> None:
    """With a summary by the model, which is told."""
    session = None
    for _ in range(4):
        session = turn(tmp_path, lambda _: Reply("x" * 5_000), session=session).progress.session_id
    done = turn(tmp_path, too_long(12_000), session=session)
    assert done.ending.how is How.DONE, done.ending.reason
    assert "no longer fitted into the model's context" in done.texts(OutputKind.NOTICE)[0]
    again = turn(tmp_path, too_long(12_000), session=session)
    assert len(again.talks) == 1, "it stays short"


def test_context_that_is_too_small_for_the_task(tmp_path: Path) -> None:
    done = turn(tmp_path, too_long(10))
    assert done.ending.how is How.FAILED
    assert "the model's context is too small for this work: This model's maximum context" in done.ending.reason


def test_former_session_is_taken_over(tmp_path: Path) -> None:
    """A file of a former version, with all that it kept; the end of a newer one may be half a line."""
    session = "11111111-1111-4111-8111-111111111111"
    path = tmp_path / "sessions" / f"{session}.json"
    path.parent.mkdir()
    call = {"id": "a", "type": "function", "function": {"name": "help", "arguments": '{"x": '}}
    kept: list[dict[str, Any]] = [
        {"role": "system", "content": "old"},
        {"role": "user", "content": "do it"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "assistant", "content": None},
    ]
    path.write_text(json.dumps(kept))
    assert turn(tmp_path, lambda _: Reply("ok"), session=session).progress.output == "ok"
    path.write_text(path.read_text() + '{"role": "user", "con')
    done = turn(tmp_path, lambda _: Reply("ok"), session=session)
    assert [message["role"] for message in done.sent()] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert done.sent()[0]["content"] == "Be brief"
    assert not done.sent()[1].get("tool_calls"), "it is offered no tools now"


@pytest.mark.parametrize("kept", ["", "[]", "rubbish", '{"role": "assistant"}'])
def test_session_in_which_nothing_is_left(tmp_path: Path, kept: str) -> None:
    session = "11111111-1111-4111-8111-111111111111"
    (tmp_path / "sessions").mkdir()
    (tmp_path / "sessions" / f"{session}.json").write_text(kept)
    assert turn(tmp_path, lambda _: Reply("ok"), session=session).ending.how is How.NO_SESSION


def test_conversation_is_kept_line_by_line(tmp_path: Path) -> None:
    session = turn(tmp_path, lambda _: Reply("x" * 1_000)).progress.session_id
    path = tmp_path / "sessions" / f"{session}.json"
    assert [json.loads(line)["role"] for line in path.read_text().splitlines()] == ["user", "assistant"]
    assert path.stat().st_mode & 0o077 == 0


class TestShownTools:
    """A test of a provider: it offers tools as a run does."""

    shown = catalogue.described(["file.read", "help"])

    def test_call_is_an_answer(self, tmp_path: Path) -> None:
        call = Pieces([events(calls(piece(0, "a", "help", "{}")), chunk({}, "tool_calls"))])
        done = turn(tmp_path, lambda _: call, shown=self.shown)
        assert (done.ending.how, len(done.talks)) == (How.DONE, 1)
        assert [record.kind for record in done.records] == [OutputKind.TOOL_CALL, OutputKind.TOOL_RESULT]

    def test_call_where_nothing_was_offered(self, tmp_path: Path) -> None:
        call = Pieces([events(calls(piece(0, "a", "help", "{}")), chunk({}, "tool_calls"))])
        done = turn(tmp_path, once(call, Reply("ok")))
        assert (done.ending.how, done.progress.output) == (How.DONE, "ok")

    def test_model_without_tools(self, tmp_path: Path) -> None:
        done = turn(tmp_path, lambda _: Refuse(400, "gemma does not support tools"), shown=self.shown)
        assert "this model cannot use tools, and an agent works with nothing else: gemma does not" in done.ending.reason

    def test_call_as_text(self, tmp_path: Path) -> None:
        said = '<tool_call>\n{"name": "file_read", "arguments": {"path": "a"}}\n</tool_call>'
        done = turn(tmp_path, lambda _: Reply(said), shown=self.shown)
        assert (
            done.ending.reason == "The provider failed: it wrote a tool call as text: the server's tool parser is off."
        )
        assert done.results == []


def test_thoughts_are_a_sign_of_life(tmp_path: Path) -> None:
    """So are comments of the server: something is told each second."""

    def slowly(_: Talk) -> Action:
        return Pieces([": keep-alive\n\n"] * 12 + [events(*text(["ok"]))], pause_s=0.25)

    began = time.monotonic()
    done = turn(tmp_path, slowly)
    assert done.progress.output == "ok"
    assert time.monotonic() - began > 2.5
