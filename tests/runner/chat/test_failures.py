"""What servers say when they refuse, and what follows from it. The words are those of real servers."""

import json
from typing import Any

import pytest

from runner.chat.failures import MAX_WAIT_S, Failure, Meaning, at_address, from_answer, suggested, told_in

NOW = 1_000_000_000.0
TOO_LONG = [
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 8545 tokens. "
    "Please reduce the length of the messages.",
    "prompt is too long: 213462 tokens > 200000 maximum",
    "Your input exceeds the context window of this model",
    "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575)",
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens",
    "Please reduce the length of the messages or completion",
    "the request exceeds the available context size, try increasing it",
    "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it",
    "Context size has been exceeded.",
    "tokens to keep from the initial prompt is greater than the context length",
    "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length "
    "of only 4096 tokens",
    "prompt token count of 140000 exceeds the limit of 128000",
    "invalid params, context window exceeds limit",
    "Your request exceeded model token limit: 262144 (requested: 300000)",
    "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
    "Input length 131393 exceeds the maximum allowed input length of 131040 tokens.",
    "Input length (265330) exceeds model's maximum context length (262144).",
    "Requested token count exceeds the model's maximum context length of 8192 tokens.",
    "input (40000 tokens) is longer than the model's context length (32768 tokens)",
    "prompt too long; exceeded max context length by 20 tokens",
    "Range of input length should be [1, 30720]",
    "Prompt too long: 5152 tokens exceeds max_seq_len 2048 (leave room for output tokens)",
    "input length and max_tokens exceed context limit: 170636 + 34048 > 200000",
    "max_tokens must be at least 1, got -5.",
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000",
    "the prompt has 5,000 tokens, but the configured context size is 4,096 tokens",
    "input is too long for requested model",
    "输入过长",
]
NO_TOOLS = [
    "registry.ollama.ai/library/gemma:2b does not support tools",
    "No endpoints found that support tool use. To learn more about provider routing, visit …",
    '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
    "tools param requires --jinja flag",
    "Unsupported param: tools",
    "This model does not support function calling",
    "Function calling is not enabled for models/gemma-3",
    "tool calling is not supported with this model",
    "`tool_choice` is not supported",
]


def refusal(status: int, body: Any, **headers: str) -> Failure:
    raw = body if isinstance(body, str) else json.dumps(body)
    return from_answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw, NOW)


def error(message: str, **members: Any) -> dict[str, Any]:
    return {"error": {"message": message} | members}


@pytest.mark.parametrize("words", TOO_LONG)
@pytest.mark.parametrize("status", [400, 500, None])
def test_too_long(words: str, status: int | None) -> None:
    assert Failure(words, status).meaning is Meaning.OVERFLOW


@pytest.mark.parametrize("words", NO_TOOLS)
@pytest.mark.parametrize("status", [400, 404, 500])
def test_no_tools(words: str, status: int) -> None:
    assert refusal(status, error(words)).meaning is Meaning.NO_TOOLS


QUOTA = "You exceeded your current quota, please check your plan and billing details."


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (400, error("no", code="context_length_exceeded"), Meaning.OVERFLOW),
        (413, "<html><head><title>413 Request Entity Too Large</title></head></html>", Meaning.OVERFLOW),
        (
            429,
            error("Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 31204."),
            Meaning.OVERFLOW,
        ),
        (429, error(QUOTA, type="insufficient_quota", code="insufficient_quota"), Meaning.UNPAID),
        (429, error("余额不足或无可用资源包,请充值。", code="1113"), Meaning.UNPAID),
        (429, error("Your account is suspended", type="exceeded_current_quota_error"), Meaning.UNPAID),
        (402, error("Insufficient Balance"), Meaning.UNPAID),
        (400, error("Your credit balance is too low to access the API."), Meaning.UNPAID),
        (403, error("Insufficient credits. Add more."), Meaning.UNPAID),
        (
            429,
            error("Allocated quota exceeded, please increase your quota limit.", code="insufficient_quota"),
            Meaning.LIMITED,
        ),
        (429, error(f"{QUOTA} See error-code#token-limit", type="insufficient_quota"), Meaning.LIMITED),
        (429, error(QUOTA, code="insufficient_quota", type="Throttling.AllocationQuota"), Meaning.LIMITED),
        (429, [error(f"{QUOTA} Please retry in 33.5s.", code=429, status="RESOURCE_EXHAUSTED")], Meaning.LIMITED),
        (429, error("Rate limit reached on tokens per day (TPD)"), Meaning.LIMITED),
        (429, error("Too many tokens, please wait before trying again."), Meaning.LIMITED),
        (429, {}, Meaning.LIMITED),
        (529, error("Overloaded"), Meaning.LIMITED),
        (500, "Internal Server Error", Meaning.PASSING),
        (503, error("busy"), Meaning.PASSING),
        (503, error("Tool calling is unavailable at the moment"), Meaning.PASSING),
        (408, "", Meaning.PASSING),
        (400, error("Failed to call a function.", code="tool_use_failed"), Meaning.PASSING),
        (400, error("Invalid value"), Meaning.REFUSED),
        (401, error("Invalid API key"), Meaning.REFUSED),
        (404, error("The model `x` does not exist", code="model_not_found"), Meaning.REFUSED),
    ],
)
def test_meaning(status: int, body: Any, meaning: Meaning) -> None:
    assert refusal(status, body).meaning is meaning


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (error("bad"), "bad"),
        ({"error": "bad"}, "bad"),
        ([error("bad")], "bad"),
        ({"message": "bad"}, "bad"),
        ({"detail": "bad"}, "bad"),
        ({"detail": [{"loc": ["body", "messages", 2], "msg": "bad", "type": "x"}]}, "body.messages.2: bad"),
        ({"errors": [{"message": "bad"}, {"message": "worse"}]}, "bad; worse"),
        (error('{"error": {"message": "bad"}}'), "bad"),
        (error("Provider returned error", metadata={"raw": '{"message": "bad"}'}), "Provider returned error: bad"),
        ("404 page not found", "404 page not found"),
        ("<html><body><h1>Bad</h1><p>gateway</p></body></html>", "a web page, “Bad gateway”"),
        ("<!doctype html><title> Log in </title><script>x</script>", "a web page, “Log in”"),
        ("", "HTTP status 400 without a word"),
        ('{"error": ' * 50_000, '{"error": '),
    ],
)
def test_words(body: Any, words: str) -> None:
    assert refusal(400, body).text.startswith(words.strip())
    assert len(refusal(400, body).text) < 700


def test_long_words_are_cut() -> None:
    assert len(refusal(400, error("x" * 100_000)).text) < 700


@pytest.mark.parametrize(
    ("headers", "body", "wait_s"),
    [
        ({"retry_after": "120"}, "", 120),
        ({"retry_after": "0.5"}, "", 0.5),
        ({"retry_after": "Sun, 09 Sep 2001 01:48:40 GMT"}, "", 120),
        ({"retry_after": "Sun, 09 Sep 2001 01:00:00 GMT"}, "", 0),
        ({"retry_after_ms": "1500"}, "", 1.5),
        ({"retry_after": "inf"}, "", MAX_WAIT_S),
        ({"retry_after": "-5"}, "", 0),
        ({"retry_after": "soon"}, "", None),
        ({"retry_after": "nan"}, "", None),
        ({}, "Please try again in 1m30.5s.", 90.5),
        ({}, "Please try again in 350ms.", 0.35),
        ({}, "Please retry in 20 seconds or so", 20),
        ({}, {"error": {"details": [{"retryDelay": "33s"}]}}, 33),
        ({}, "slow down", None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], body: Any, wait_s: float | None) -> None:
    assert refusal(429, body, **headers).wait_s == (pytest.approx(wait_s) if wait_s is not None else None)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, "404 page not found"),
        (404, {"detail": "Not Found"}),
        (404, {"error": "Not Found"}),
        (404, "<html><title>404</title></html>"),
        (405, "Method Not Allowed"),
        (404, error("Invalid URL (POST /chat/completions)")),
    ],
)
def test_wrong_address(status: int, body: Any) -> None:
    failure = refusal(status, body)
    assert failure.is_wrong_address
    assert "Did you mean http://localhost:1234/v1?" in at_address(failure, "http://localhost:1234")


def test_right_address() -> None:
    assert not refusal(404, error("model 'x' not found")).is_wrong_address
    assert not refusal(500, "<html>").is_wrong_address
    told = told_in({"error": "Unexpected endpoint or method. (POST /chat/completions)"})
    assert told is not None
    assert told.is_wrong_address


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("http://h:1", "http://h:1/v1"),
        ("http://h:1/", "http://h:1/v1"),
        ("https://h/api", "https://h/api/v1"),
        ("http://h/v1", None),
        ("https://h/api/paas/v4", None),
        ("https://h/v1beta/openai", None),
    ],
)
def test_address_that_was_meant(address: str, meant: str | None) -> None:
    assert suggested(address) == meant


@pytest.mark.parametrize(
    "document",
    [
        {"choices": [], "error": None},
        {"choices": [], "error": {}},
        {"choices": [], "error": {"message": None, "code": None}},
        {"choices": [], "base_resp": {"status_code": 0, "status_msg": "success"}},
        {"choices": [{}], "message": "fine"},
        {"id": "x", "usage": {"prompt_tokens": 1}},
        {"type": "ping"},
    ],
)
def test_no_error(document: dict[str, Any]) -> None:
    assert told_in(document) is None
