"""Claude Code: `claude -p`, lines of JSON out. Pure.

Flags and lines were taken from version 2.1 itself (`claude --help`, recorded runs in tests/runner/recorded).

Usually one `result` ends a turn. A program whose background tasks end later works on by itself and gives another one,
and some versions give a last one that tells of an error of theirs, not of the work.
"""

import json
import math
from dataclasses import replace
from typing import Any

from common.output import OutputKind
from runner.providers import Job, Launch, ratelimit
from runner.providers.reading import Lines, count, dollars, is_limit, is_passing, refused, tool_name, words
from runner.records import Ending, How, Record

PROGRAM = "claude"
INSTALL = "Install Claude Code (npm install -g @anthropic-ai/claude-code@latest), then run claude once and log in."
PREFIX = "mcp__chorus__"
MILLISECONDS = 10**11  # a larger number is a time in ms, a smaller one in s
WEEK_MS = str(7 * 24 * 3_600_000)
LONG_WAIT_MS = 30_000  # a longer one is a pause of the run, not of the program
KEEPS_SYSTEM_PROMPT = (2, 1, 257)  # from here on a resumed session keeps its first one, unless told otherwise
_QUIET = {
    "DISABLE_TELEMETRY": "1",
    "DISABLE_AUTOUPDATER": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
    "MCP_CONNECTION_NONBLOCKING": "0",  # the first question must wait for the tools, however busy the machine
    "MCP_TIMEOUT": "60000",
    "MCP_CONNECT_TIMEOUT_MS": "60000",
    "MCP_TOOL_TIMEOUT": WEEK_MS,  # a hand-off waits as long as the other agent works
    "MCP_TOOL_IDLE_TIMEOUT": WEEK_MS,
    "MAX_MCP_OUTPUT_TOKENS": "60000",  # above what our answers have: a larger one goes to a file it cannot read
}


def launch(job: Job) -> Launch:
    """Confined: no tool of its own but the web search, where granted; no settings but the user's own."""
    files = {"system.md": job.system, "mcp.json": json.dumps({"mcpServers": _servers(job)})}
    arguments = ["-p", "--output-format", "stream-json", "--verbose", "--setting-sources", "user"]
    arguments += ["--strict-mcp-config", "--mcp-config", f"{job.folder}/mcp.json"]
    if job.session:
        arguments += ["--resume", job.session]
        if job.version is not None and job.version >= KEEPS_SYSTEM_PROMPT:
            arguments += ["--system-prompt-snapshot", "off"]  # the agent's instructions may have changed
    arguments += ["--model", job.model] if job.model else []
    if job.budget_usd is not None:  # rounded up: a budget below the cap would end it for another reason than the cap
        arguments += ["--max-budget-usd", f"{math.ceil(job.budget_usd * 10_000) / 10_000:.4f}"]
    if job.unconfined:
        arguments += [
            "--append-system-prompt-file",
            f"{job.folder}/system.md",
            "--permission-mode",
            "bypassPermissions",
        ]
    else:
        own = ["WebSearch"] if job.web_search else []
        arguments += ["--system-prompt-file", f"{job.folder}/system.md", "--disable-slash-commands"]
        arguments += ["--tools", " ".join(own), "--allowedTools", " ".join([f"{PREFIX}*", *own])]
    return Launch(PROGRAM, arguments, job.message, dict(_QUIET), files)


def _servers(job: Job) -> dict[str, Any]:
    if job.tools is None:
        return {}
    program, *arguments = job.tools.command
    return {"chorus": {"command": program, "args": arguments, "env": job.tools.environ}}


_COMPLETE = {None, "", "end_turn", "stop_sequence", "stop"}
_CUT = {
    "max_tokens": "it is longer than the model may write",
    "length": "it is longer than the model may write",
    "model_context_window_exceeded": "the conversation is longer than the model can read",
}
_REFUSED = {"refusal", "content_filter"}
_ABORTED = {"aborted_streaming", "aborted_tools", "model_error"}


class Output(Lines):
    def __init__(self) -> None:
        super().__init__()
        self._model: str | None = None
        self._result: dict[str, Any] | None = None
        self._messages: dict[str, tuple[int, int]] = {}  # tokens by message, which comes in several lines
        self._wait_ms: int | None = None
        self._resets_at: int | None = None
        self._at_work = True  # something came since the last result
        self._tasks = False  # some work on in the background
        self._limit_message = False  # the last text is the program's own notice of a limit
        self._stop: object = None  # why the last message ended, where that is told
        self._said: set[str] = set()  # texts, to tell the last one from other work
        self._called = False

    @property
    def finished(self) -> bool:
        return self._result is not None and not (self._at_work or self._tasks or _is_aside(self._result))

    def _event(self, event: dict[str, Any], now: int) -> list[Record]:
        kind = event.get("type")
        self.progress.session_id = words(event.get("session_id") or "") or self.progress.session_id
        if kind == "system":
            return self._system(event, now)
        if kind == "assistant":
            self._limit_message = event.get("error") == "rate_limit"
            return self._assistant(event["message"], now)
        if kind == "user":
            self._at_work = True
            return _results(event["message"], now)
        if kind == "rate_limit_event":
            self._limit_told(event["rate_limit_info"])
        if kind == "result":
            return self._end(event, now)
        return []

    def _system(self, event: dict[str, Any], now: int) -> list[Record]:
        if event.get("subtype") == "init":
            self._at_work = True
            self._model = event.get("model")
            lost = [server["name"] for server in event.get("mcp_servers", []) if server.get("status") == "failed"]
            if lost:
                self.verdict = Ending(How.FAILED, "The tools of Chorus could not be started for this agent.")
            return [Record(OutputKind.NOTICE, now, {"text": f"Claude Code works with {self._model}."})]
        if event.get("subtype") == "background_tasks_changed":
            self._tasks = bool(event.get("tasks"))
        if event.get("subtype") == "api_retry":
            return self._retry(event, now)
        return []

    def _retry(self, event: dict[str, Any], now: int) -> list[Record]:
        """The program waits before it asks again. A long wait for a limit is better spent without a process."""
        status = event.get("error_status")
        text = f"The provider answered {status or 'nothing'} ({event.get('error')})"
        if status == 429:
            self._wait_ms = int(event["retry_delay_ms"])
            if self._wait_ms >= LONG_WAIT_MS:
                self.verdict = self._limited(text, now, self._wait_ms, self._resets_at)
        return [Record(OutputKind.NOTICE, now, {"text": f"{text}; try {event.get('attempt')}."})]

    def _limit_told(self, info: dict[str, Any]) -> None:
        if info.get("status") == "rejected" and info.get("resetsAt"):
            told = int(info["resetsAt"])
            self._resets_at = told if told > MILLISECONDS else told * 1000

    def _assistant(self, message: dict[str, Any], now: int) -> list[Record]:
        self._at_work, self._stop = True, message.get("stop_reason")
        by_model = message.get("model") != "<synthetic>"
        found = [record for block in message["content"] for record in self._block(block, now, by_model=by_model)]
        used = message.get("usage") or {}
        if by_model:
            self._messages[message["id"]] = (_input(used), count(used.get("output_tokens")))
        self.progress.tokens_input = sum(pair[0] for pair in self._messages.values())
        self.progress.tokens_output = sum(pair[1] for pair in self._messages.values())
        return found

    def _block(self, block: dict[str, Any], now: int, *, by_model: bool) -> list[Record]:
        """Each block is whole. What the program itself says in the model's place is a notice."""
        if block["type"] == "text":
            text = self.progress.output = words(block["text"])
            if not by_model:
                return [Record(OutputKind.NOTICE, now, {"text": text})]
            self._said.add(text)
            return [Record(OutputKind.TEXT, now, {"text": text, "first": True})]
        if block["type"] == "thinking" and (thought := words(block.get("thinking") or "")):
            return [Record(OutputKind.THINKING, now, {"text": thought, "first": True})]
        if block["type"] == "tool_use":
            self._called = True
            data = {"callId": block["id"], "tool": tool_name(block["name"], PREFIX), "input": block["input"]}
            return [Record(OutputKind.TOOL_CALL, now, data)]
        return []

    def _end(self, event: dict[str, Any], now: int) -> list[Record]:
        known, used = self.progress, event.get("usage") or {}
        text = words(event.get("result") or "")
        known.tokens_input = max(known.tokens_input, _input(used))  # where it ends in an error, it tells none
        known.tokens_output = max(known.tokens_output, count(used.get("output_tokens")))
        told = (known.cost_usd, dollars(event.get("total_cost_usd")))  # the last of several may tell 0
        known.cost_usd = max((usd for usd in told if usd is not None), default=None)
        if self._result is not None and not self._counts(event):
            text = words(self._result.get("result") or "")
        else:
            self._result = event
        known.output = text or known.output
        self._at_work = False
        return [self._usage(now)]

    def _counts(self, event: dict[str, Any]) -> bool:
        """Whether this result stands for the turn, or the one before it does."""
        if self._result is None or _is_error(self._result):
            return True
        if _is_error(event):
            return self._at_work and event.get("num_turns") != 0
        return not _is_aside(event) or _is_aside(self._result)

    def ending(self, code: int | None, now: int) -> Ending:
        if self.verdict is not None:
            return self.verdict
        if any("No conversation found" in line for line in self.progress.stderr):
            return Ending(How.NO_SESSION, "The former session is not there any more.")
        if self._result is None:
            return self._died(code, "Claude Code")
        if _is_error(self._result):
            return self._failed(self._result, now)
        if self._is_limit(self._result, now):
            return self._limited(self.progress.output, now, self._wait_ms, self._resets_at)
        return self._answered(self._result)

    def _is_limit(self, result: dict[str, Any], now: int) -> bool:
        """Whether an answer is none, but the notice of a limit. Some versions give it as if it were one."""
        text = self.progress.output
        if self._limit_message or result.get("api_error_status") == 429:
            return True
        has_worked = self._called or bool(self._said - {text})
        return ratelimit.is_bare_notice(text, now, self.zone) if has_worked else ratelimit.is_notice(text)

    def _answered(self, result: dict[str, Any]) -> Ending:
        stop = result.get("stop_reason") or self._stop
        if stop in _REFUSED:
            return Ending(How.FAILED, "The provider failed: the model refused to answer.")
        if result.get("terminal_reason") in _ABORTED:
            stop = result["terminal_reason"]
        if stop in _COMPLETE:
            return Ending(How.DONE)
        why = _CUT.get(str(stop), f"Claude Code stopped with {stop}")
        return Ending(How.FAILED, f"The answer was cut off: {why}.", again=True)

    def _failed(self, result: dict[str, Any], now: int) -> Ending:
        status, text = result.get("api_error_status"), _error_text(result)
        if result.get("subtype") == "error_max_budget_usd":
            return Ending(How.FAILED, "It has spent what the caps of cost had left.")
        if is_limit(status, text) or self._limit_message:
            return self._limited(text, now, self._wait_ms, self._resets_at)
        if "/login" in text:
            return Ending(How.FAILED, "Claude Code is not logged in. Run claude in a terminal and log in.")
        return replace(refused(status, text, self._model), again=is_passing(text))


def _is_error(result: dict[str, Any]) -> bool:
    return bool(result.get("is_error")) or (str(result.get("subtype")).startswith("error") and not result.get("result"))


def _is_aside(result: dict[str, Any]) -> bool:
    """Whether it is about a task in the background, not about what was asked."""
    origin = result.get("origin")
    return isinstance(origin, dict) and origin.get("kind") == "task-notification"


def _error_text(result: dict[str, Any]) -> str:
    errors = result.get("errors")
    told = "; ".join(map(str, errors)) if isinstance(errors, list) else ""
    return str(result.get("result") or told or result.get("subtype"))


def _input(usage: dict[str, Any]) -> int:
    """Tokens in, those from and to the cache included."""
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return sum(count(usage.get(name)) for name in names)


def _results(message: dict[str, Any], now: int) -> list[Record]:
    blocks = message["content"] if isinstance(message["content"], list) else []
    return [
        Record(
            OutputKind.TOOL_RESULT,
            now,
            {
                "callId": block["tool_use_id"],
                "output": _text(block.get("content", "")),
                "isError": bool(block.get("is_error")),
            },
        )
        for block in blocks
        if block["type"] == "tool_result"
    ]


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(block.get("text", "")) for block in content)
