"""What the readers of all providers share: lines of JSON, and words that tell one failure from another. Pure."""

import json
import re
from typing import Any

from common.output import OutputKind, clean
from common.tools import TOOLS, function_name
from common.wire import dumps
from runner.providers import ratelimit
from runner.records import Ending, How, Progress, Record

STDERR_LINES = 20
LINE_KEPT = 500
WAIT_MS = 5 * 60 * 1000  # for a limit that does not say when it ends; doubled while nothing else comes of it
LONGEST_WAIT_MS = 31 * 24 * 3_600_000  # until it is tried again, whatever was said
_MOST = 2**53 - 1  # in one line: no program counts further
_OURS = {function_name(name): name for name in TOOLS}  # as the MCP server calls them
_PASSING = re.compile(
    r"database (?:table )?is locked|SQLITE_BUSY|locking protocol|LockTimeout|Failed to execute statement|ELOCKED|"
    r"lock file is already being held|text file busy|ETXTBSY|EADDRINUSE|address already in use|EAGAIN|"
    r"resource temporarily unavailable|configuration file .{1,300} is corrupted|Unexpected (?:server )?error",
    re.I,
)
_SAID = {OutputKind.TEXT, OutputKind.THINKING, OutputKind.TOOL_CALL}


class Lines:
    """Takes lines of JSON apart: `_event` gets each object. What is no JSON is told once and counted.

    `zone` is that of the machine, for times that name none.
    """

    def __init__(self) -> None:
        self.progress = Progress()
        self.verdict: Ending | None = None
        self.zone: ratelimit.Zone = ratelimit.DEFAULT_ZONE
        self._garbled = 0

    @property
    def finished(self) -> bool:
        """Whether the program has given its result, so that nothing but its exit is awaited."""
        return False

    def line(self, text: str, now: int) -> list[Record]:
        if not text.strip():
            return []
        try:
            event = _parsed(text)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            return self._not_json(text, now)
        try:
            found = self._event(event, now)
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError):
            return self._not_json(text, now)
        self.progress.said += sum(record.kind in _SAID for record in found)
        return found

    def error_line(self, text: str, now: int) -> list[Record]:
        self.progress.stderr = [*self.progress.stderr[1 - STDERR_LINES :], text[:LINE_KEPT]]
        return []

    def _event(self, event: dict[str, Any], now: int) -> list[Record]:
        raise NotImplementedError

    def _not_json(self, text: str, now: int) -> list[Record]:
        self._garbled += 1
        if self._garbled > 1:
            return []
        return [Record(OutputKind.ERROR, now, {"text": f"Output that cannot be read: {text[:LINE_KEPT]}"})]

    def _usage(self, now: int) -> Record:
        known = self.progress
        data = {"input": known.tokens_input, "output": known.tokens_output, "costUsd": known.cost_usd}
        return Record(OutputKind.USAGE, now, data)

    def _limited(self, text: str, now: int, wait_ms: int | None = None, resume_at: int | None = None) -> Ending:
        return limited(text, now, wait_ms, resume_at, self.zone)

    def _died(self, code: int | None, program: str) -> Ending:
        """For a program that ended without saying how."""
        said = _plain(" ".join(self.progress.stderr[-3:])).strip()
        how = f"was ended by signal {-code}" if code is not None and code < 0 else f"ended with status {code}"
        if code == 0:
            how = "ended without a result" + (", and its output could not be read" if self._garbled else "")
        again = is_passing(" ".join(self.progress.stderr))
        return Ending(How.FAILED, f"{program} {how}" + (f": {said}" if said else "."), again=again)


def is_passing(text: str) -> bool:
    """Whether an error is known to pass by itself in a moment: other processes use the same files."""
    return _PASSING.search(text) is not None


def _parsed(text: str) -> Any:
    """A line of JSON, its texts without lone surrogates, which cannot be stored. Raises ValueError, RecursionError."""
    event = json.loads(text)
    return json.loads(clean(dumps(event))) if "\\ud" in text.lower() else event


def words(value: Any) -> str:
    """A text. Raises TypeError."""
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def count(value: Any) -> int:
    """A number of tokens; none are 0. Raises TypeError, ValueError, OverflowError."""
    number = int(value or 0)
    if not 0 <= number <= _MOST:
        raise ValueError("no number of tokens")
    return number


def dollars(value: Any) -> float | None:
    """What something cost, where that is told. Raises TypeError, ValueError."""
    if value is None:
        return None
    if not 0 <= float(value) <= _MOST:
        raise ValueError("no amount")
    return float(value)


def _plain(text: str) -> str:
    """Without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def tool_name(name: str, prefix: str) -> str:
    """A tool of ours as Chorus calls it, `prefix` being what the program puts before it; others as they are."""
    bare = name.removeprefix(prefix)
    return _OURS.get(bare, bare) if bare != name else name


def is_limit(status: int | None, text: str) -> bool:
    """Whether an error says: not now, but later."""
    if status in (429, 529):
        return not ratelimit.names_payment(text)
    if status is None:
        return ratelimit.names_limit(text) and not ratelimit.names_payment(text)
    return ratelimit.is_notice(text)


def limited(
    text: str,
    now: int,
    wait_ms: int | None = None,
    resume_at: int | None = None,
    zone: ratelimit.Zone = ratelimit.DEFAULT_ZONE,
) -> Ending:
    """The provider takes no more until `resume_at`, or the time that its words name.

    Where neither lies ahead, it is `wait_ms`, or 5 minutes: a guess, unless it is a long wait that was asked for.
    """
    until = resume_at if resume_at is not None else ratelimit.resets_at(text, now, zone)
    guessed = until is None or until <= now
    if until is None or guessed:
        until = now + (wait_ms or WAIT_MS)
        guessed = wait_ms is None or wait_ms < WAIT_MS
    until = min(max(until, now + 1_000), now + LONGEST_WAIT_MS)
    return Ending(How.LIMITED, f"The provider's limit is reached: {text}", until, guessed=guessed)


def refused(status: int | None, text: str, model: str | None) -> Ending:
    """A sentence for an error of the provider, by its HTTP status."""
    told = text.strip().rstrip(".")
    if status == 402 or ratelimit.names_payment(text):
        return Ending(How.FAILED, f"The provider wants to be paid first: {told}.")
    if status in (401, 403):
        return Ending(How.FAILED, f"The provider refused the key or login: {told}.")
    if status == 404:
        return Ending(How.FAILED, f"The provider does not know the model {model or '(its default)'}: {told}.")
    return Ending(How.FAILED, f"The provider failed: {told}.")
