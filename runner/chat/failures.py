"""What the error of a server means, from its status, codes and words. Pure.

Servers agree neither on statuses nor on forms: an error may come with status 200, in the middle of a stream, as HTML,
as a list, as text inside of text. Its words are always told; what is done about it follows from them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from enum import Enum, auto
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]
MAX_WORDS = 600
MUTE = "without_words"  # as `codes`: it says nothing at all
MAX_WAIT_S = 31 * 24 * 3600.0  # that a server may ask for
_MAX_DEPTH = 6

_OVERFLOW = re.compile(
    r"context.{0,3}(length|window|size|limit)?.{0,40}(exceed|overflow|is full)|exceed\w*.{0,80}\bcontext\b"
    r"|max\w* (context|prompt|input|allowed input|model).{0,12}(len|size|window)|exceed\w* (the )?max_\w+"
    r"|context_length|context_window|exceed_context|max_prompt_tokens"
    r"|(prompt|input|request|conversation|messages?)(_| |\b.{0,20}\b(is|are) )(too|longer)[ _](long|large|than)"
    r"|(request|payload|content) entity too large|content too large|too many (input |prompt )?tokens"
    r"|(reduce|shorten|decrease|trim)\b.{0,20}\b(length|size|prompt|input|messages|conversation|context)\b"
    r"|token\w*\b.{0,40}(exceed\w*|>|greater than|larger than).{0,40}(max\w*|limit|allowed|context|\d{3,})"
    r"|exceed\w*.{0,60}(token limit|limit of \d|maximum.{0,30}(tokens?|length))|token limit exceeded"
    r"|(greater|longer|larger) than the .{0,20}context|too large for model|configured context size"
    r"|range of input length|(max_tokens|max_completion_tokens|max_new_tokens)\b.{0,60}(got -?\d|must be <=)"
    r"|\bkv.?cache\b.{0,40}(full|space|slot)|上下文|输入过长|(超出|超过).{0,12}(长度|token|最大)",
    re.IGNORECASE | re.DOTALL,
)
_TOO_LARGE_FOR_EVER = re.compile(r"request too large|must be reduced", re.IGNORECASE)
_THROTTLED = re.compile(
    r"rate.?limit|too many (concurrent )?requests|throttl|\bper[ _-]?(second|minute|min|hour|day)\b|\b[rt]p[smhd]\b"
    r"|concurren|slow down|overloaded|at capacity|allocated quota|token-limit|(try|retry)( again)? in \d"
    r"|resource.?exhausted|usage limit|quota exceeded|限流|频率|并发",
    re.IGNORECASE,
)
_UNPAID = re.compile(
    r"insufficient_quota|billing_(hard_limit|not_active)|exceeded_current_quota|quota_exhausted|hard billing limit"
    r"|billing hard limit|insufficient.{0,20}(balance|credit|fund)|balance is too low|(out of|no|enough) credits"
    r"|payment.required|recharge|top up|in arrears|overdue payment|余额|欠费|充值|account.{0,30}suspended",
    re.IGNORECASE,
)
_TOOLS = r"(tools?\b|tool[ _-]?(use|call\w*|choice)|functions?.?call\w*|\bfunctions\b)"
_NOT = r"(\bnot\b|n't\b|\bno\b|\bun|without)"
_NO_TOOLS = re.compile(
    rf"{_NOT}.{{0,25}}(support|allow|enabl|hav|offer|provid|avail).{{0,40}}{_TOOLS}"
    rf"|{_TOOLS}[^.]{{0,60}}{_NOT}.{{0,25}}(support|avail|enabl|allow|implement|configur)"
    r"|enable-auto-tool-choice|requires? --jinja|support tool use",
    re.IGNORECASE,
)
_BAD_CALL = re.compile(r"tool_use_failed|failed_generation|failed to call a function|malformed.function", re.IGNORECASE)
_WRONG_PATH = re.compile(
    r"unexpected endpoint|no route|cannot post|invalid url|unknown (url|path|endpoint)", re.IGNORECASE
)
_MODEL = re.compile(r"model|deployment|endpoints? found", re.IGNORECASE)
_IN_WORDS = re.compile(
    r"(?:retry|try)(?: again)? in (?:about )?((?:\d+(?:\.\d+)?\s*(?:ms|[a-z]+)?\s*)+)", re.IGNORECASE
)
_RETRY_DELAY = re.compile(r'"?retry_?(?:delay|after)"?\s*[:=]\s*"?(\d+(?:\.\d+)?)s?\b', re.IGNORECASE)
_OF_REQUESTS = (400, 404, 405, 415, 422, 500, 501, None)  # statuses that may be about what was asked
_UNITS = {
    "ms": 0.001,
    "m": 60.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
}


class Meaning(Enum):
    """What to do about a failure."""

    OVERFLOW = auto()  # the conversation is too long for the model
    NO_TOOLS = auto()  # the model cannot call tools
    UNPAID = auto()  # somebody has to pay first
    LIMITED = auto()  # later
    PASSING = auto()  # ask again
    REFUSED = auto()  # asking the same again is no use


@dataclass(eq=False)
class Failure(Exception):
    """`text` is what the server says, `codes` what it calls that; `status` an HTTP status or None.

    `wait_s`: how long it asks to wait. `in_api` False: this is no answer of an API (HTML, plain words).
    """

    text: str
    status: int | None = None
    codes: str = ""
    wait_s: float | None = None
    in_api: bool = True

    def __str__(self) -> str:
        return self.text

    @property
    def said(self) -> str:
        return f"{self.text} {self.codes}"

    @property
    def meaning(self) -> Meaning:
        tests = (
            (self._is_overflow, Meaning.OVERFLOW),
            (self._is_unpaid, Meaning.UNPAID),
            (self._is_limit, Meaning.LIMITED),
            (self._is_about_tools, Meaning.NO_TOOLS),
            (self._is_passing, Meaning.PASSING),
        )
        return next((meaning for test, meaning in tests if test()), Meaning.REFUSED)

    def _is_overflow(self) -> bool:
        if self.status == 413 or _TOO_LARGE_FOR_EVER.search(self.said):
            return True
        is_throttle = self.status == 429 or _THROTTLED.search(self.said)
        return not is_throttle and self.status not in (401, 402, 403) and _OVERFLOW.search(self.said) is not None

    def _is_unpaid(self) -> bool:
        if self.status == 402:
            return True
        if self.status not in (400, 403, 429, None) or not _UNPAID.search(self.said):
            return False
        return self.wait_s is None and not _THROTTLED.search(self.said)

    def _is_limit(self) -> bool:
        if self.status in (429, 529) or (self.status == 503 and self.wait_s is not None):
            return True
        return self.status is None and _THROTTLED.search(self.said) is not None

    def _is_about_tools(self) -> bool:
        return self.status in _OF_REQUESTS and _NO_TOOLS.search(self.said) is not None

    def _is_passing(self) -> bool:
        if self.status is None or self.status in (408, 409, 425) or self.status >= 500:
            return True
        return _BAD_CALL.search(self.said) is not None

    @property
    def is_wrong_address(self) -> bool:
        """Whether nothing at this address answers as an API does, or not to this path."""
        if _WRONG_PATH.search(self.said):
            return True
        if self.status in (404, 405):
            return not self.in_api or not _MODEL.search(self.said)
        return not self.in_api and self.status is not None and self.status < 400


def from_answer(status: int, headers: Mapping[str, str], body: str, now: float) -> Failure:
    """The failure of an answer with an error's status. `now`: s since the epoch."""
    value = _parsed(body)
    in_api = isinstance(value, dict | list)
    text = words_of(value) if in_api else readable(body)
    told = text or f"HTTP status {status} without a word"
    wait_s = _asked_wait_s(headers, now)
    codes = codes_of(value) if text else MUTE
    return Failure(told, status, codes, _wait_in(body) if wait_s is None else wait_s, in_api)


def told_in(document: Json) -> Failure | None:
    """The error in a document that should be an answer; None: there is none."""
    error = _error_of(document)
    if error is None:
        return None
    text = words_of(error) or words_of(document) or _short(json.dumps(error))
    return Failure(text, _status_of(error) or _status_of(document), codes_of(document), _wait_in(json.dumps(document)))


def _error_of(document: Json) -> Any:
    for key in ("error", "errors"):
        error = document.get(key)
        if error and (not isinstance(error, dict) or any(error.values())):
            return error
    base = document.get("base_resp")
    if isinstance(base, dict) and base.get("status_code") not in (0, None, "0"):
        return base
    if any(document.get(key) for key in ("choices", "usage", "delta")) or isinstance(document.get("message"), dict):
        return None
    return document if any(_spoken(document.get(key)) for key in _WORDS) else None


_WORDS = ("message", "msg", "detail", "error_msg", "error_message", "status_msg", "errorMessage", "reason", "title")
_CODES = ("code", "type", "status", "error_code", "error_type", "status_code", "param")


def _spoken(value: Any) -> bool:
    return bool(value) and isinstance(value, str | list)


def words_of(value: Any, depth: int = 0) -> str:
    """What an error says, wherever it says it."""
    if depth > _MAX_DEPTH:
        return ""
    if isinstance(value, str):
        inner = _parsed(value)
        return _short((words_of(inner, depth + 1) if isinstance(inner, dict | list) else "") or readable(value))
    if isinstance(value, list):
        return _short("; ".join(filter(None, (words_of(each, depth + 1) for each in value[:5]))))
    return _short(_words_in(value, depth)) if isinstance(value, dict) else ""


def _words_in(value: Json, depth: int) -> str:
    found = [words_of(value[key], depth + 1) for key in ("error", "errors", *_WORDS) if value.get(key)]
    text = next(filter(None, found), "")
    where = value.get("loc")
    if text and isinstance(where, list):
        text = f"{'.'.join(map(str, where))}: {text}"
    raw = value.get("metadata")
    if isinstance(raw, dict) and (more := words_of(raw.get("raw"), depth + 1)) and more not in text:
        text = f"{text}: {more}"  # gateways tell the words of the server behind them there
    return text


def codes_of(value: Any, depth: int = 0) -> str:
    """Everything in an error that is a name for it."""
    return " ".join(dict.fromkeys(_codes(value, depth)))


def _codes(value: Any, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        value = _parsed(value)
    if isinstance(value, list):
        for each in value[:5]:
            yield from _codes(each, depth + 1)
    if isinstance(value, dict):
        yield from (str(value[key])[:100] for key in _CODES if isinstance(value.get(key), str | int))
        for key in ("error", "errors", "metadata", "raw", "base_resp"):
            yield from _codes(value.get(key), depth + 1)


def _status_of(error: Any) -> int | None:
    if not isinstance(error, dict):
        return None
    for key in ("status", "code", "status_code", "http_code"):
        text = str(error.get(key))
        if re.fullmatch(r"[45]\d\d", text):
            return int(text)
    return None


def readable(text: str) -> str:
    """Plain words of a page: its title or what stands on it, without its markup."""
    if not re.search(r"<(!doctype|html|head|body|title|h1|p|div|center)\b", text[:2_000], re.IGNORECASE):
        return _short(text)
    bare = re.sub(r"<(script|style)\b.*?(</\1>|\Z)", " ", text, flags=re.IGNORECASE | re.DOTALL)
    title = re.search(r"<title[^>]*>(.*?)</title>", bare, re.IGNORECASE | re.DOTALL)
    shown = _short(re.sub(r"<[^>]*>", " ", title[1] if title and title[1].strip() else bare), 200)
    return f"a web page, “{shown}”" if shown else "a web page"


def _short(text: str, most: int = MAX_WORDS) -> str:
    flat = re.sub(r"\s+", " ", text[: most * 8]).strip()
    return flat if len(flat) <= most else flat[:most] + " …"


def _parsed(text: str) -> Any:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _asked_wait_s(headers: Mapping[str, str], now: float) -> float | None:
    """What `Retry-After` says: seconds or a date."""
    if (ms := _number(headers.get("retry-after-ms"))) is not None:
        return _bounded(ms / 1000)
    told = headers.get("retry-after")
    if (seconds := _number(told)) is not None:
        return _bounded(seconds)
    date = parsedate_tz(told) if told else None
    try:
        return _bounded(mktime_tz(date) - now) if date else None
    except (ValueError, OverflowError):
        return None


def _wait_in(text: str) -> float | None:
    """How long to wait, as the words of an error say it."""
    if found := _RETRY_DELAY.search(text):
        return _bounded(float(found[1]))
    found = _IN_WORDS.search(text)
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]*)", found[1], re.IGNORECASE) if found else []
    return _bounded(sum(float(number) * _unit(name.lower()) for number, name in parts)) if parts else None


def _unit(name: str) -> float:
    return _UNITS.get(name, _UNITS.get(name.rstrip("s"), 1.0) if name != "s" else 1.0)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if number == number else None


def _bounded(seconds: float) -> float:
    return min(MAX_WAIT_S, max(0.0, seconds))


def at_address(failure: Failure, base_url: str) -> str:
    """The words for a failure that comes from a wrong address."""
    answered = f"{base_url} answered" + (f" with status {failure.status}" if failure.status else "")
    hint = suggested(base_url)
    return f"{answered}: {failure.text.rstrip('.')}. " + (f"Did you mean {hint}?" if hint else "Look at its address")


def suggested(base_url: str) -> str | None:
    """The address that was probably meant: most servers have their API below /v1."""
    path = urlsplit(base_url).path
    return None if re.search(r"/v\d+|/openai", path) else f"{base_url.rstrip('/')}/v1"
