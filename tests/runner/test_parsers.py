"""Readers of outputs, fed with what the real programs wrote (recorded/), with the ends they mean, and with rubbish."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.output import OutputKind, body
from runner.environment import allowed
from runner.limits import Limits, Meter
from runner.providers import Job, Output, ToolServer, claude_code, openai_compat, opencode
from runner.providers.reading import LONGEST_WAIT_MS, limited
from runner.records import Ending, How

RECORDED = Path(__file__).parent / "recorded"
NOW = 1_700_000_000_000
OUTPUTS: dict[str, Callable[[], Output]] = {
    "claude": claude_code.Output,
    "opencode": opencode.Output,
    "compat": openai_compat.Output,
}
LAUNCHES = {"claude": claude_code.launch, "opencode": opencode.launch, "compat": openai_compat.launch}
ROW = {"api_base_url": "http://127.0.0.1:9/v1", "api_key": "sk-secret", "default_model": "small"}
JOB = Job(
    "do it", "be good", "/private", "/sessions", ROW, tools=ToolServer(["python", "-m", "x"], {"CHORUS_TOKEN": "t"})
)


def played(name: str) -> tuple[Output, list[Any], Ending]:
    """A recorded output through its reader, stderr first."""
    recorded = json.loads((RECORDED / f"{name}.json").read_text())
    output = OUTPUTS[name.partition("-")[0]]()
    records = [record for line in recorded["stderr"] for record in output.error_line(line, NOW)]
    records += [r for line in recorded["stdout"] for r in output.line(json.dumps(line), NOW)]
    return output, records, output.ending(recorded["code"], NOW)


def read(program: str, *lines: dict[str, Any], stderr: str = "", code: int = 0) -> tuple[Output, list[Any], Ending]:
    """These lines through a reader."""
    output = OUTPUTS[program]()
    for text in stderr.splitlines():
        output.error_line(text, NOW)
    records = [record for line in lines for record in output.line(json.dumps(line), NOW)]
    return output, records, output.ending(code, NOW)


def claude_says(*blocks: dict[str, Any], model: str = "claude", **more: Any) -> dict[str, Any]:
    message = {"id": str(blocks), "model": model, "content": list(blocks), "usage": {"input_tokens": 1}}
    return {"type": "assistant", "message": message, **more}


def result(text: str | None = "x", **changes: Any) -> dict[str, Any]:
    return {"type": "result", "subtype": "success", "is_error": False, "result": text, "usage": {}, **changes}


def step(reason: str | None, output: int = 1) -> dict[str, Any]:
    return {"type": "step_finish", "part": {"reason": reason, "tokens": {"input": 1, "output": output}}}


TEXT = {"type": "text", "text": "x"}
CALL = {"type": "tool_use", "id": "t", "name": "mcp__chorus__help", "input": {}}
CALLED = {"type": "tool_use", "part": {"tool": "help", "callID": "c", "state": {"status": "completed"}}}
STARTED = {"type": "step_start", "part": {}}
SPOKEN = {"type": "text", "part": {"text": "half"}}
RESET = {"name": "provider.transport", "data": {"message": "ECONNRESET: The socket connection was closed"}}
ERROR = {"type": "error", "error": RESET}


@pytest.mark.parametrize(
    ("lines", "how", "reason"),
    [
        ([ERROR, SPOKEN, step("stop")], How.DONE, ""),
        ([STARTED, ERROR, STARTED, CALLED, step("tool-calls"), ERROR, STARTED, SPOKEN, step("stop")], How.DONE, ""),
        ([SPOKEN, step("stop"), ERROR], How.DONE, ""),
        ([STARTED, SPOKEN, {"type": "step_finish", "part": {"type": "step-finish", "reason": "stop"}}], How.DONE, ""),
        ([SPOKEN, step(None)], How.DONE, ""),
        ([STARTED, CALLED, step("stop"), STARTED, SPOKEN, step("stop")], How.DONE, ""),
        ([SPOKEN, step("unknown"), STARTED, SPOKEN, step("stop")], How.DONE, ""),
        ([SPOKEN, ERROR], How.FAILED, "The provider failed: ECONNRESET"),
        ([STARTED, CALLED, step("stop"), ERROR], How.FAILED, "The provider failed: ECONNRESET"),
        ([SPOKEN, step("tool-calls"), ERROR], How.FAILED, "The provider failed: ECONNRESET"),
        ([{"type": "error", "error": "it broke"}], How.FAILED, "The provider failed: it broke"),
        ([{"type": "error", "error": {"name": "Odd", "data": None}}], How.FAILED, "The provider failed: Odd"),
        ([{"type": "error"}], How.FAILED, "The provider failed"),
        ([SPOKEN, step("length", 0)], How.FAILED, "The answer was cut off: it is longer than the model may write"),
        ([SPOKEN, step("content-filter")], How.FAILED, "The answer was cut off: the provider's filter"),
        ([SPOKEN, step("other")], How.FAILED, "The answer was cut off: the provider ended it with 'other'"),
        ([SPOKEN, step("unknown", 0)], How.FAILED, "The answer was cut off"),
        ([SPOKEN, step("error")], How.FAILED, "The answer was cut off"),
        ([SPOKEN, step("stop"), STARTED], How.FAILED, "OpenCode ended without a result"),
        ([SPOKEN, step("tool-calls")], How.FAILED, "OpenCode ended without a result"),
        ([SPOKEN], How.FAILED, "OpenCode ended without a result"),
    ],
)
@pytest.mark.parametrize("code", [0, 1])
def test_last_step_of_opencode_decides(lines: list[dict[str, Any]], how: How, reason: str, code: int) -> None:
    _, _, ending = read("opencode", *lines, code=code)
    assert ending.how is how
    assert ending.reason.startswith(reason if code == 0 else reason.replace("without a result", "with status 1"))


@pytest.mark.parametrize(
    ("lines", "how", "told"),
    [
        ([result(stop_reason="end_turn")], How.DONE, "x"),
        ([result(stop_reason=None)], How.DONE, "x"),
        ([result(), result(None, is_error=True, subtype="error_during_execution", num_turns=0)], How.DONE, "x"),
        ([result(), result(None, is_error=True, subtype="error_during_execution", num_turns=7)], How.DONE, "x"),
        ([result(), claude_says(TEXT), result("y")], How.DONE, "y"),
        ([result("aside", origin={"kind": "task-notification"}), result("y")], How.DONE, "y"),
        ([result("y"), claude_says(TEXT), result("aside", origin={"kind": "task-notification"})], How.DONE, "y"),
        ([result("broke", is_error=True), result("y")], How.DONE, "y"),
        ([result(), claude_says(TEXT), result("broke", is_error=True, num_turns=3)], How.FAILED, "broke"),
        ([result(None, is_error=True, subtype="error_max_turns")], How.FAILED, "error_max_turns"),
        ([result(None, subtype="error_during_execution", errors=["first", "second"])], How.FAILED, "first; second"),
        ([result(stop_reason="max_tokens")], How.FAILED, "cut off: it is longer than the model may write"),
        ([claude_says(TEXT), result(stop_reason="model_context_window_exceeded")], How.FAILED, "longer than the model"),
        ([result(stop_reason="refusal")], How.FAILED, "the model refused"),
        ([result(stop_reason="pause_turn")], How.FAILED, "cut off: Claude Code stopped with pause_turn"),
        ([result(stop_reason="end_turn", terminal_reason="aborted_streaming")], How.FAILED, "aborted_streaming"),
        ([result("API Error: 529 Overloaded", is_error=True, api_error_status=529)], How.LIMITED, "529 Overloaded"),
        ([claude_says(TEXT)], How.FAILED, "ended without a result"),
    ],
)
def test_results_of_claude_code(lines: list[dict[str, Any]], how: How, told: str) -> None:
    output, _, ending = read("claude", *lines)
    assert ending.how is how
    assert told in (output.progress.output if how is How.DONE else ending.reason)


NOTICE = "You've hit your session limit · resets 10:30pm (UTC)"  # NOW is 22:13:20
ENDS = NOW + 1_000_000


@pytest.mark.parametrize(
    "lines",
    [
        [result(NOTICE)],
        [result(NOTICE, is_error=True)],
        [result(NOTICE, is_error=True, api_error_status=429)],
        [result(NOTICE, is_error=True, api_error_status=400)],
        [claude_says({"type": "text", "text": NOTICE}), result(NOTICE)],
        [claude_says(TEXT, CALL), claude_says({"type": "text", "text": NOTICE}, model="<synthetic>"), result(NOTICE)],
        [claude_says(TEXT, CALL), claude_says(TEXT, model="<synthetic>", error="rate_limit"), result(NOTICE)],
        [
            {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "resetsAt": ENDS // 1000}},
            result("You've hit your limit"),
        ],
        [
            {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "resetsAt": ENDS}},
            result("You've hit your limit", is_error=True, api_error_status=429),
        ],
    ],
)
def test_limits_in_words_of_claude_code(lines: list[dict[str, Any]]) -> None:
    ending = read("claude", *lines)[2]
    assert (ending.how, ending.resume_at, ending.guessed) == (How.LIMITED, ENDS, False)


@pytest.mark.parametrize(
    ("lines", "resume_at", "guessed"),
    [
        ([{"type": "text", "part": {"text": NOTICE}}, step("stop")], ENDS, False),
        ([{"type": "error", "error": {"data": {"message": NOTICE, "statusCode": 429}}}], ENDS, False),
        ([{"type": "error", "error": {"data": {"message": NOTICE}}}], ENDS, False),
        ([{"type": "error", "error": {"name": "rate_limit_error"}}], NOW + 300_000, True),
        (
            [{"type": "error", "error": {"data": {"statusCode": 429, "responseHeaders": {"Retry-After": "900.5"}}}}],
            NOW + 900_500,
            False,
        ),
    ],
)
def test_limits_of_opencode(lines: list[dict[str, Any]], resume_at: int, guessed: bool) -> None:
    ending = read("opencode", *lines)[2]
    assert (ending.how, ending.resume_at, ending.guessed) == (How.LIMITED, resume_at, guessed)


@pytest.mark.parametrize(
    "text",
    [
        "The rate limit is 100 requests a minute; I documented that it resets at 9pm.",
        "Usage limit reached|1760000000 is parsed now.",
        "Rate limit reached: I added a retry after 30 seconds.",
    ],
)
def test_work_about_limits_is_work(text: str) -> None:
    said = {"type": "text", "text": text}
    assert read("claude", claude_says(TEXT, CALL), claude_says(said), result(text))[2].how is How.DONE
    assert read("opencode", CALLED, {"type": "text", "part": {"text": text}}, step("stop"))[2].how is How.DONE


def test_time_that_has_passed_is_a_guess() -> None:
    ending = read("claude", result(f"Claude AI usage limit reached|{NOW // 1000 - 60}"))[2]
    assert (ending.how, ending.resume_at, ending.guessed) == (How.LIMITED, NOW + 300_000, True)


def test_spent_money_is_no_pause() -> None:
    text = "You exceeded your current quota, please check your plan and billing details."
    body = {"message": text, "statusCode": 429, "responseBody": '{"error":{"code":"insufficient_quota"}}'}
    ending = read("opencode", {"type": "error", "error": {"name": "APIError", "data": body}})[2]
    assert (ending.how, ending.reason[:37]) == (How.FAILED, "The provider wants to be paid first: ")
    ending = read("claude", result("Credit balance is too low", is_error=True, api_error_status=400))[2]
    assert ending.reason.startswith("The provider wants to be paid first: ")


LOCKED = "Error: Unexpected error\n\ndatabase is locked\n"


@pytest.mark.parametrize(
    ("program", "stderr", "code", "again"),
    [
        ("opencode", LOCKED, 1, True),
        ("opencode", LOCKED, 0, True),
        ("opencode", "SQLiteError: locking protocol", 1, True),
        ("opencode", "Failed to execute statement", 1, True),
        ("opencode", "", 0, True),
        ("opencode", "TypeError: undefined is not a function", 1, False),
        ("claude", "Claude configuration file at /home/x/.claude.json is corrupted: Unexpected EOF", 1, True),
        ("claude", "error: unknown option '--x'", 1, False),
        ("claude", "", 0, False),
    ],
)
def test_failures_that_pass_are_told_from_others(program: str, stderr: str, code: int, again: bool) -> None:
    output, _, ending = read(program, stderr=stderr, code=code)
    assert (ending.how, ending.again, output.progress.said) == (How.FAILED, again, 0)


def test_blocks_are_whole() -> None:
    """So that those who read them one after the other know where one begins."""
    thought = {"type": "thinking", "thinking": "hm"}
    for records in (
        read("claude", claude_says(thought, TEXT, TEXT))[1],
        read("opencode", {"type": "reasoning", "part": {"text": "hm"}}, SPOKEN, SPOKEN)[1],
    ):
        assert [record.kind for record in records] == [OutputKind.THINKING, OutputKind.TEXT, OutputKind.TEXT]
        assert all(record.data["first"] is True for record in records)


def test_finished_is_who_has_nothing_more_to_say() -> None:
    tasks = {"type": "system", "subtype": "background_tasks_changed"}
    aside = result("aside", origin={"kind": "task-notification"})
    for lines, finished in (
        ([claude_says(TEXT)], False),
        ([claude_says(TEXT), result()], True),
        ([result(is_error=True)], True),
        ([result(), {"type": "system", "subtype": "init"}], False),
        ([result(), tasks | {"tasks": [{"id": 1}]}], False),
        ([result(), tasks | {"tasks": [{"id": 1}]}, tasks | {"tasks": []}], True),
        ([aside], False),
        ([aside, result()], True),
    ):
        assert read("claude", *lines)[0].finished is finished, lines
    for lines, finished in (
        ([SPOKEN], False),
        ([SPOKEN, step("tool-calls")], False),
        ([SPOKEN, step("stop")], True),
        ([STARTED, CALLED, step("stop")], False),
        ([CALLED, step("tool-calls"), SPOKEN, step("stop")], True),
        ([SPOKEN, step("stop"), STARTED], False),
    ):
        assert read("opencode", *lines)[0].finished is finished, lines


@pytest.mark.parametrize("program", ["claude", "opencode"])
def test_work_with_a_tool(program: str) -> None:
    output, records, ending = played(f"{program}-tools")
    assert ending.how is How.DONE
    assert output.progress.output == "All done"
    assert output.progress.session_id
    assert (output.progress.tokens_input, output.progress.tokens_output) == (200, 40)
    kinds = [record.kind for record in records if record.kind not in (OutputKind.NOTICE, OutputKind.USAGE)]
    assert kinds == [OutputKind.TEXT, OutputKind.TOOL_CALL, OutputKind.TOOL_RESULT, OutputKind.TEXT]
    call, result = (record.data for record in records if record.kind in (OutputKind.TOOL_CALL, OutputKind.TOOL_RESULT))
    assert (call["tool"], call["input"], call["callId"]) == ("file.create", {"path": "a"}, result["callId"])
    assert "success" in result["output"]
    assert not result["isError"]


@pytest.mark.parametrize(
    ("name", "how", "reason"),
    [
        ("claude-refused_key", How.FAILED, "The provider refused the key or login: Invalid API key"),
        ("claude-unknown_model", How.FAILED, "The provider does not know the model claude-"),
        ("claude-no_login", How.FAILED, "Claude Code is not logged in."),
        ("claude-dropped", How.FAILED, "The provider failed: API Error: Connection to the API was lost"),
        ("claude-rubbish", How.FAILED, "The provider failed: API Error: API returned an empty or malformed response"),
        ("claude-limit", How.LIMITED, "The provider's limit is reached: API Error: Request rejected (429)"),
        ("claude-long_limit", How.LIMITED, "The provider's limit is reached"),
        ("claude-no_session", How.NO_SESSION, "The former session"),
        ("opencode-refused_key", How.FAILED, "The provider refused the key or login: invalid x-api-key."),
        ("opencode-unknown_model", How.FAILED, "The provider does not know the model scripted/none"),
        ("opencode-rubbish", How.FAILED, "The provider failed: JSON parsing failed"),
        ("opencode-limit", How.LIMITED, "The provider's limit is reached: rate limit"),
        ("opencode-no_session", How.NO_SESSION, "The former session"),
    ],
)
def test_failures(name: str, how: How, reason: str) -> None:
    _, _, ending = played(name)
    assert ending.how is how
    assert ending.reason.startswith(reason)
    assert (ending.resume_at is not None) == (how is How.LIMITED)


def test_wait_that_the_provider_names() -> None:
    assert played("claude-limit")[2].resume_at == NOW + 2_000
    output = claude_code.Output()
    info = {"status": "rejected", "resetsAt": NOW // 1000 + 7_200}
    output.line(json.dumps({"type": "rate_limit_event", "rate_limit_info": info}), NOW)
    retry = {"type": "system", "subtype": "api_retry", "error_status": 429, "retry_delay_ms": 90_000}
    output.line(json.dumps(retry), NOW)
    assert output.verdict is not None, "it does not wait with a process for that long"
    assert output.ending(None, NOW).resume_at == NOW + 7_200_000


@pytest.mark.parametrize("program", OUTPUTS)
@pytest.mark.parametrize(("code", "reason"), [(0, "ended without a result"), (-9, "signal 9"), (3, "with status 3")])
def test_program_that_says_nothing(program: str, code: int, reason: str) -> None:
    ending = OUTPUTS[program]().ending(code, NOW)
    assert ending.how is How.FAILED
    assert reason in ending.reason


@pytest.mark.parametrize(
    ("end", "how", "reason"),
    [
        ({"how": "done", "text": ""}, How.DONE, ""),
        ({"how": "failed", "status": 401, "text": "bad key", "model": "m"}, How.FAILED, "The provider refused the key"),
        (
            {"how": "failed", "status": 404, "text": "no", "model": "m"},
            How.FAILED,
            "The provider does not know the model m",
        ),
        (
            {"how": "failed", "status": None, "text": "the model refused: no", "model": "m"},
            How.FAILED,
            "The provider failed",
        ),
        (
            {"how": "limited", "status": 429, "text": "slow", "waitMs": 7_000, "model": "m"},
            How.LIMITED,
            "The provider's",
        ),
        ({"how": "no_session", "text": "gone"}, How.NO_SESSION, "gone"),
    ],
)
def test_ends_of_our_own_loop(end: dict[str, Any], how: How, reason: str) -> None:
    output = openai_compat.Output()
    output.line(json.dumps({"type": "end"} | end), NOW)
    ending = output.ending(0, NOW)
    assert ending.how is how
    assert ending.reason.startswith(reason)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_WORDS = st.sampled_from(
    ["system", "assistant", "user", "result", "text", "tool_use", "step_finish", "error", "end", "usage"]
)
_EVENT = st.fixed_dictionaries(
    {"type": _WORDS}, optional=dict.fromkeys(("message", "part", "usage", "error", "text"), _JSON)
)


@pytest.mark.parametrize("program", OUTPUTS)
@given(lines=st.lists(st.text() | _JSON.map(json.dumps) | _EVENT.map(json.dumps), max_size=8))
def test_rubbish_is_told_and_never_ends_well(program: str, lines: list[str]) -> None:
    """Whatever comes, a reader goes on; and a run is done only where its program said so in its own words."""
    output = OUTPUTS[program]()
    for line in lines:
        output.line(line, NOW)
        output.error_line(line, NOW)
    output.ending(0, NOW)


ODD: dict[str, list[str]] = {
    "claude": [
        '{"type": "system", "session_id": {"a": 1}}',
        '{"type": "system", "session_id": "\\ud800"}',
        '{"type": "assistant", "message": {"id": "m", "content": [{"type": "text", "text": 5}]}}',
        '{"type": "assistant", "message": {"id": "m", "content": [{"type": "text", "text": "\\uD83D"}]}}',
        '{"type": "assistant", "message": {"id": "m", "content": '
        '[{"type": "tool_use", "id": "t", "name": "x", "input": {"n": NaN, "m": 1e999}}]}}',
        '{"type": "result", "result": "\\ud800", "usage": {"input_tokens": 1e999}}',
        '{"type": "result", "result": {"a": 1}, "usage": {}}',
        '{"type": "result", "result": "x", "usage": {"input_tokens": -1}}',
        '{"type": "result", "result": "x", "usage": {}, "total_cost_usd": NaN}',
        '{"type": "result", "result": "x", "usage": {}, "total_cost_usd": "free"}',
        '{"type": "result", "result": "x", "usage": {}, "total_cost_usd": -5}',
        f'{{"type": "result", "result": "x", "usage": {{"input_tokens": {10**30}}}}}',
    ],
    "opencode": [
        '{"type": "text", "sessionID": 7, "part": {"text": "x"}}',
        '{"type": "text", "part": {"text": ["x"]}}',
        '{"type": "text", "part": {"text": "\\udfff"}}',
        '{"type": "step_finish", "part": {"tokens": {"input": 1e999, "output": 1}}}',
        '{"type": "step_finish", "part": {"tokens": {"input": 1, "output": 1}, "cost": -1}}',
    ],
    "compat": [
        '{"type": "session", "id": 5}',
        '{"type": "text", "first": true, "text": null}',
        '{"type": "text", "first": true, "text": "\\ud83d"}',
        '{"type": "usage", "input": 1e999, "output": 1, "costUsd": null}',
        '{"type": "usage", "input": 1, "output": 1, "costUsd": NaN}',
        '{"type": "tool_call", "callId": "c", "tool": "t", "input": {"n": NaN}}',
    ],
}


@pytest.mark.parametrize(("program", "line"), [(name, line) for name, lines in ODD.items() for line in lines])
def test_whatever_is_read_can_be_kept(program: str, line: str) -> None:
    """In records and in the row of its run: texts are text, numbers are numbers."""
    output = OUTPUTS[program]()
    for record in output.line(line, NOW):
        json.loads(f"{{{body(record.kind, record.data, NOW)}".encode())
    known = output.progress
    f"{known.output}{known.session_id or ''}{output.ending(0, NOW).reason}".encode()
    assert 0 <= known.tokens_input < 2**53
    assert known.cost_usd is None or known.cost_usd >= 0


def test_result_that_is_garbled_is_none() -> None:
    output = claude_code.Output()
    output.line('{"type": "result", "is_error": false, "result": {"a": 1}, "usage": {}}', NOW)
    assert "could not be read" in output.ending(0, NOW).reason


def test_pieces_of_an_answer() -> None:
    """The first one of each kind is marked; the answer is the last text, all of it."""
    output = openai_compat.Output()
    told = [("thinking", "hm", True), ("text", "a", True), ("text", "b", False), ("notice", "again", None)]
    told += [("text", "c", True), ("thinking", "hm", False), ("text", "d", False)]
    lines = [json.dumps({"type": kind, "text": text, "first": first}) for kind, text, first in told]
    records = [record for line in [*lines, '{"type": "alive"}'] for record in output.line(line, NOW)]
    assert [(record.kind, record.data.get("first")) for record in records] == [
        (kind, first or None) for kind, _, first in told
    ]
    assert output.progress.output == "cd"


def test_cost_of_all_answers_of_a_turn_counts() -> None:
    output = openai_compat.Output()
    for cost in (0.25, 0.5, None):
        output.line(json.dumps({"type": "usage", "input": 10, "output": 1, "costUsd": cost}), NOW)
    assert (output.progress.tokens_input, output.progress.cost_usd) == (30, 0.75)


@pytest.mark.parametrize("wait_ms", [None, 1, 7_000, 10**30])
def test_pause_ends_within_a_month(wait_ms: int | None) -> None:
    assert 0 < (limited("slow", NOW, wait_ms).resume_at or 0) - NOW <= LONGEST_WAIT_MS


@pytest.mark.parametrize("program", OUTPUTS)
def test_secrets_and_texts_are_not_in_the_arguments(program: str) -> None:
    """(S11)"""
    launch = LAUNCHES[program](JOB)
    told = " ".join(launch.arguments)
    assert not any(word in told for word in ("do it", "be good", "sk-secret", "CHORUS_TOKEN"))
    assert launch.stdin == "do it"
    assert any("be good" in text for text in launch.files.values())


def test_confined_programs_have_no_tools_of_their_own() -> None:
    """(D7, S10)"""
    arguments = claude_code.launch(JOB).arguments
    assert arguments[arguments.index("--tools") + 1] == ""
    assert arguments[arguments.index("--allowedTools") + 1] == "mcp__chorus__*"
    launch = opencode.launch(JOB)
    config = json.loads(launch.files["opencode.json"])
    assert config["tools"] == {"*": False, "chorus_*": True}
    assert set(config["permission"].values()) == {"deny"}
    [(name, agent)] = config["agent"].items()
    assert agent["permission"] == {"*": "deny", "chorus_*": "allow", "websearch": "deny"}
    assert launch.arguments[launch.arguments.index("--agent") + 1] == name
    assert name not in opencode.launch(replace(JOB, folder="/another")).files["opencode.json"], "it is nobody else's"
    assert launch.environ["OPENCODE_DISABLE_PROJECT_CONFIG"] == "1"


def test_budget_is_never_less_than_what_is_left() -> None:
    """Else the program could stop a little below the cap, and its end would not be told as the cap's."""
    arguments = claude_code.launch(replace(JOB, budget_usd=0.12341)).arguments
    assert arguments[arguments.index("--max-budget-usd") + 1] == "0.1235"


def test_budget_that_is_spent() -> None:
    """As version 2.1 tells it: without the tokens, which its messages told."""
    output = claude_code.Output()
    message = {"id": "m", "model": "claude", "content": [], "usage": {"input_tokens": 3_000, "output_tokens": 500}}
    output.line(json.dumps({"type": "assistant", "message": message}), NOW)
    none = {"input_tokens": 0, "output_tokens": 0}
    spent = {"type": "result", "subtype": "error_max_budget_usd", "is_error": True, "total_cost_usd": 0.0275}
    output.line(json.dumps(spent | {"usage": none}), NOW)
    known, ending = output.progress, output.ending(1, NOW)
    assert (known.tokens_input, known.tokens_output, known.cost_usd) == (3_000, 500, 0.0275)
    assert (ending.how, ending.reason) == (How.FAILED, "It has spent what the caps of cost had left.")


@pytest.mark.parametrize(
    ("version", "told"), [(None, False), ((2, 1, 197), False), ((2, 1, 257), True), ((3, 0, 0), True)]
)
def test_resumed_sessions_get_the_instructions_of_now(version: tuple[int, ...] | None, told: bool) -> None:
    """Versions that do not know the flag keep nothing."""
    assert "--system-prompt-snapshot" not in claude_code.launch(replace(JOB, version=version)).arguments
    arguments = claude_code.launch(replace(JOB, session="s", version=version)).arguments
    assert ("--system-prompt-snapshot" in arguments) == told


def test_web_search_is_on_where_it_is_granted() -> None:
    job = replace(JOB, web_search=True)
    arguments = claude_code.launch(job).arguments
    assert arguments[arguments.index("--tools") + 1] == "WebSearch"
    launch = opencode.launch(job)
    [agent] = json.loads(launch.files["opencode.json"])["agent"].values()
    assert agent["permission"]["websearch"] == "allow"
    assert launch.environ["OPENCODE_ENABLE_EXA"] == "1"
    assert "OPENCODE_ENABLE_EXA" not in opencode.launch(JOB).environ


def test_limits_count_what_is_the_agents_own() -> None:
    meter = Meter(Limits(run_s=10, idle_s=5, output_bytes=100, processes=1), now=0)
    meter.tick(4, waiting=False)
    meter.tick(1_000, waiting=True)
    assert meter.exceeded() is None
    meter.tick(1_002, waiting=False)
    assert "silent" in (meter.exceeded() or "")
    meter.heard(50)
    assert meter.exceeded() is None
    meter.tick(1_005, waiting=False)
    meter.heard(51)
    assert "bytes" in (meter.exceeded() or "")
    meter.tick(1_006.5, waiting=False)
    assert "longer than 10" in (meter.exceeded() or "")


@pytest.mark.parametrize("program", LAUNCHES)
def test_agents_own_model_is_asked_for(program: str) -> None:
    """(B20) An OpenAI-compatible server is told the agent's model, or else the provider's."""
    launch = LAUNCHES[program](replace(JOB, model="vendor/mine"))
    assert "vendor/mine" in " ".join([*launch.arguments, *launch.files.values()])
    usual = LAUNCHES[program](JOB)
    assert ("small" in " ".join([*usual.arguments, *usual.files.values()])) == (program == "compat")


def test_environment_is_what_the_list_names() -> None:
    """(S10)"""
    environ = {"HOME": "/h", "ANTHROPIC_API_KEY": "k", "ANTHROPIC": "x", "AWS_KEY": "y", "home": "z"}
    assert allowed(environ, ["HOME", "ANTHROPIC_*"]) == {"HOME": "/h", "ANTHROPIC_API_KEY": "k"}
