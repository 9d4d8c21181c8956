"""Claude Code: `claude -p`, lines of JSON out. Pure.

Flags and lines were taken from version 2.1 itself (`claude --help`, recorded runs in tests/runner/recorded).
"""

import json
import math
from typing import Any

from common.output import OutputKind
from runner.providers import Job, Launch
from runner.providers.reading import Lines, count, dollars, is_limit, limited, refused, tool_name, words
from runner.records import Ending, How, Record

PROGRAM = "claude"
INSTALL = "Install Claude Code (npm install -g @anthropic-ai/claude-code), then run claude once and log in."
PREFIX = "mcp__chorus__"
WEEK_MS = str(7 * 24 * 3_600_000)
LONG_WAIT_MS = 30_000  # a longer one is a pause of the run, not of the program
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
}


def launch(job: Job) -> Launch:
    """Confined: no tool of its own but the web search, where granted; no settings but the user's own."""
    files = {"system.md": job.system, "mcp.json": json.dumps({"mcpServers": _servers(job)})}
    arguments = ["-p", "--output-format", "stream-json", "--verbose", "--setting-sources", "user"]
    arguments += ["--strict-mcp-config", "--mcp-config", f"{job.folder}/mcp.json"]
    arguments += ["--resume", job.session] if job.session else []
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


class Output(Lines):
    def __init__(self) -> None:
        super().__init__()
        self._model: str | None = None
        self._result: dict[str, Any] | None = None
        self._messages: dict[str, tuple[int, int]] = {}  # tokens by message, which comes in several lines
        self._wait_ms: int | None = None
        self._resets_at: int | None = None

    def _event(self, event: dict[str, Any], now: int) -> list[Record]:
        kind = event.get("type")
        self.progress.session_id = words(event.get("session_id") or "") or self.progress.session_id
        if kind == "system":
            return self._system(event, now)
        if kind == "assistant":
            return self._assistant(event["message"], now)
        if kind == "user":
            return _results(event["message"], now)
        if kind == "rate_limit_event":
            self._limit_told(event["rate_limit_info"])
        if kind == "result":
            return self._end(event, now)
        return []

    def _system(self, event: dict[str, Any], now: int) -> list[Record]:
        if event.get("subtype") == "init":
            self._model = event.get("model")
            lost = [server["name"] for server in event.get("mcp_servers", []) if server.get("status") == "failed"]
            if lost:
                self.verdict = Ending(How.FAILED, "The tools of Chorus could not be started for this agent.")
            return [Record(OutputKind.NOTICE, now, {"text": f"Claude Code works with {self._model}."})]
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
                self.verdict = limited(text, now, self._wait_ms, self._resets_at)
        return [Record(OutputKind.NOTICE, now, {"text": f"{text}; try {event.get('attempt')}."})]

    def _limit_told(self, info: dict[str, Any]) -> None:
        if info.get("status") == "rejected" and info.get("resetsAt"):
            self._resets_at = int(info["resetsAt"]) * 1000

    def _assistant(self, message: dict[str, Any], now: int) -> list[Record]:
        found = []
        for block in message["content"]:
            if block["type"] == "text":
                self.progress.output = words(block["text"])
                found.append(Record(OutputKind.TEXT, now, {"text": block["text"]}))
            elif block["type"] == "tool_use":
                data = {"callId": block["id"], "tool": tool_name(block["name"], PREFIX), "input": block["input"]}
                found.append(Record(OutputKind.TOOL_CALL, now, data))
        used = message.get("usage") or {}
        if message.get("model") != "<synthetic>":
            self._messages[message["id"]] = (_input(used), count(used.get("output_tokens")))
        self.progress.tokens_input = sum(pair[0] for pair in self._messages.values())
        self.progress.tokens_output = sum(pair[1] for pair in self._messages.values())
        return found

    def _end(self, event: dict[str, Any], now: int) -> list[Record]:
        known, used = self.progress, event.get("usage") or {}
        known.tokens_input = max(known.tokens_input, _input(used))  # where it ends in an error, it tells none
        known.tokens_output = max(known.tokens_output, count(used.get("output_tokens")))
        known.cost_usd = dollars(event.get("total_cost_usd"))
        known.output = words(event.get("result") or "") or known.output
        self._result = event
        return [self._usage(now)]

    def ending(self, code: int | None, now: int) -> Ending:
        if self.verdict is not None:
            return self.verdict
        if any("No conversation found" in line for line in self.progress.stderr):
            return Ending(How.NO_SESSION, "The former session is not there any more.")
        if self._result is None:
            return self._died(code, "Claude Code")
        if not self._result.get("is_error"):
            return Ending(How.DONE)
        return self._failed(self._result, now)

    def _failed(self, result: dict[str, Any], now: int) -> Ending:
        status, text = result.get("api_error_status"), str(result.get("result") or result.get("subtype"))
        if text == "error_max_budget_usd":
            return Ending(How.FAILED, "It has spent what the caps of cost had left.")
        if is_limit(status, text):
            return limited(text, now, self._wait_ms, self._resets_at)
        if "/login" in text:
            return Ending(How.FAILED, "Claude Code is not logged in. Run claude in a terminal and log in.")
        return refused(status, text, self._model)


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
