"""OpenCode: `opencode run --format json`, with a configuration of its own in the run's private folder. Pure.

Options and lines were taken from version 1.18 itself (`opencode run --help`, recorded runs in tests/runner/recorded).
Its own log on stderr is the only place where it tells of answers that it tries again and again. An `error` is not the
end where a step is finished after it.
"""

import json
import re
from dataclasses import replace
from typing import Any

from common.output import OutputKind
from runner.providers import Job, Launch, ratelimit
from runner.providers.reading import Lines, count, dollars, is_limit, is_passing, refused, tool_name, words
from runner.records import Ending, How, Record

PROGRAM = "opencode"
INSTALL = "Install OpenCode (npm install -g opencode-ai@latest), then run opencode auth login."
PREFIX = "chorus_"
MOST_RETRIES = 4  # about half a minute of its growing pauses
TOOL_TIMEOUT_MS = 7 * 24 * 3_600_000  # a hand-off waits as long as the other agent works
_QUIET = {
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
}
_CONFINED = {"OPENCODE_DISABLE_PROJECT_CONFIG": "1"}  # else the folders above its own name tools and programs to start
_SEARCHING = {"OPENCODE_ENABLE_EXA": "1"}  # else only OpenCode's own models are offered the web search
_ERROR = re.compile(r'error\.error="(?P<text>(?:[^"\\]|\\.)*)"')
_UNKNOWN_MODEL = re.compile(r"Model not found: (?P<model>[^\s\"]+?)\.?[\s\")]")


def launch(job: Job) -> Launch:
    """Confined: of all tools only those of Chorus, and the web search where granted; no plugins of anybody."""
    arguments = [
        "run",
        "--format",
        "json",
        "--agent",
        _agent_name(job),
        "--title",
        "Chorus",
        "--print-logs",
        "--log-level",
        "ERROR",
    ]
    arguments += ["--auto"] if job.unconfined else ["--pure"]
    arguments += ["--session", job.session] if job.session else []
    arguments += ["--model", job.model] if job.model else []
    environ = _QUIET | {"OPENCODE_CONFIG": f"{job.folder}/opencode.json"}
    environ |= ({} if job.unconfined else _CONFINED) | (_SEARCHING if job.web_search else {})
    return Launch(PROGRAM, arguments, job.message, environ, {"opencode.json": json.dumps(_config(job))})


def _agent_name(job: Job) -> str:
    """Nobody's own agent bears it: OpenCode would merge the two, with what the other one permits."""
    return f"chorus-{job.folder.rpartition('/')[2]}"


def _config(job: Job) -> dict[str, Any]:
    agent: dict[str, Any] = {"mode": "primary", "description": "An agent of Chorus", "prompt": job.system}
    config: dict[str, Any] = {"autoupdate": False, "share": "disabled", "agent": {_agent_name(job): agent}}
    if job.tools is not None:
        config["mcp"] = {
            "chorus": {
                "type": "local",
                "command": job.tools.command,
                "environment": job.tools.environ,
                "timeout": TOOL_TIMEOUT_MS,
                "enabled": True,
            }
        }
    if not job.unconfined:
        search = "allow" if job.web_search else "deny"
        config["tools"] = {"*": False, f"{PREFIX}*": True} | ({"websearch": True} if job.web_search else {})
        config["permission"] = {"edit": "deny", "bash": "deny", "webfetch": "deny", "websearch": search}
        # of the agent itself: these stand above what the user's own configuration permits in general
        agent["permission"] = {"*": "deny", f"{PREFIX}*": "allow", "websearch": search}
    return config


_CUT = {
    "length": "it is longer than the model may write",
    "content-filter": "the provider's filter stopped it",
}


class Output(Lines):
    def __init__(self) -> None:
        super().__init__()
        self._error: Ending | None = None
        self._reason: str | None = None  # why the last step ended; None while one is under way
        self._calls = 0  # of the step
        self._worked = False  # it has called a tool, or said more than its last text
        self._retries = 0
        self._model: str | None = None

    @property
    def finished(self) -> bool:
        """A step with calls is followed by another one, whatever its reason says."""
        return self._reason == "stop" and not self._calls

    def _event(self, event: dict[str, Any], now: int) -> list[Record]:
        self.progress.session_id = words(event.get("sessionID") or "") or self.progress.session_id
        kind, part = event.get("type"), event.get("part") or {}
        if kind == "error":
            self._error = self._failure(event.get("error"), now)
            self._reason = self._reason if self.finished else None
            return []
        self._retries = 0
        if kind == "step_finish":
            return self._step(part, now)
        if kind in ("step_start", "text", "reasoning", "tool_use"):
            return self._under_way(str(kind), part, now)
        return []

    def _under_way(self, kind: str, part: dict[str, Any], now: int) -> list[Record]:
        if self._reason is not None or kind == "step_start":
            self._reason, self._calls = None, 0
        if kind == "text":
            self._worked |= bool(self.progress.output)
            self.progress.output = words(part["text"])
            return [Record(OutputKind.TEXT, now, {"text": part["text"], "first": True})]
        if kind == "reasoning":
            return [Record(OutputKind.THINKING, now, {"text": words(part["text"]), "first": True})]
        if kind == "tool_use":
            self._calls, self._worked = self._calls + 1, True
            return _tool(part, now)
        return []

    def _step(self, part: dict[str, Any], now: int) -> list[Record]:
        """A reason that is not told is that of a finished answer, as in versions that told none."""
        tokens, known = part.get("tokens") or {}, self.progress
        cache = tokens.get("cache") or {}
        known.tokens_input += count(tokens.get("input")) + count(cache.get("read")) + count(cache.get("write"))
        known.tokens_output += count(tokens.get("output")) + count(tokens.get("reasoning"))
        if cost := dollars(part.get("cost")):
            known.cost_usd = (known.cost_usd or 0) + cost
        self._reason = str(part.get("reason") or "stop")
        if self._reason == "stop":
            self._error = None
        return [self._usage(now)]

    def error_line(self, text: str, now: int) -> list[Record]:
        super().error_line(text, now)
        if unknown := _UNKNOWN_MODEL.search(text):
            self._model = unknown["model"]
        if "stream error" not in text or not (found := _ERROR.search(text)):
            return []
        self._retries += 1
        told = found["text"].replace("AI_APICallError: ", "")
        if self._retries >= MOST_RETRIES or (is_limit(None, told) and self._retries >= MOST_RETRIES // 2):
            self.verdict = self._limited(told, now) if is_limit(None, told) else refused(None, told, None)
        return [Record(OutputKind.NOTICE, now, {"text": f"The provider failed: {told}; try {self._retries}."})]

    def ending(self, code: int | None, now: int) -> Ending:
        if self.verdict is not None:
            return self.verdict
        if self._model is not None:
            return refused(404, "it is in no configuration of OpenCode", self._model)
        if any("Session not found" in line for line in self.progress.stderr):
            return Ending(How.NO_SESSION, "The former session is not there any more.")
        if self._reason == "stop":
            return self._answered(now)
        if self._error is not None:
            return self._error
        if self._reason not in (None, "tool-calls"):
            why = _CUT.get(self._reason, f"the provider ended it with {self._reason!r}")
            return Ending(How.FAILED, f"The answer was cut off: {why}.", again=self._reason != "content-filter")
        died = self._died(code, "OpenCode")
        return replace(died, again=died.again or code == 0)  # a locked database of its own may end it without a word

    def _answered(self, now: int) -> Ending:
        text = self.progress.output
        is_told = ratelimit.is_bare_notice(text, now, self.zone) if self._worked else ratelimit.is_notice(text)
        return self._limited(text, now) if is_told else Ending(How.DONE)

    def _failure(self, error: Any, now: int) -> Ending:
        """What an `error` means if nothing comes after it. Versions differ in where they put the words."""
        told = error if isinstance(error, dict) else {"message": error}
        data = told["data"] if isinstance(told.get("data"), dict) else told
        status, text = data.get("statusCode"), str(data.get("message") or told.get("message") or told.get("name"))
        status = status if isinstance(status, int) else None
        if is_limit(status, text) and not ratelimit.names_payment(str(data.get("responseBody"))):
            headers = data.get("responseHeaders")
            told_wait = {key.lower(): value for key, value in headers.items()} if isinstance(headers, dict) else {}
            return self._limited(text, now, ratelimit.header_wait_ms(told_wait.get("retry-after"), now))
        if ratelimit.names_payment(str(data.get("responseBody"))):
            status = 402
        if "ProviderAuthError" in str(told.get("name")):
            status = 401
        return replace(refused(status, text, None), again=is_passing(text))


def _tool(part: dict[str, Any], now: int) -> list[Record]:
    """A call and its result come in one line, once it has ended."""
    state = part["state"]
    call = {"callId": part["callID"], "tool": tool_name(part["tool"], PREFIX), "input": state.get("input") or {}}
    failed = state["status"] == "error"
    output = str(state.get("error" if failed else "output") or "")
    result = {"callId": part["callID"], "output": output, "isError": failed}
    return [Record(OutputKind.TOOL_CALL, now, call), Record(OutputKind.TOOL_RESULT, now, result)]
