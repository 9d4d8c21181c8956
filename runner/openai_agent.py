"""`python -m runner.openai_agent job.json`: one turn of an agent on a server with OpenAI's chat completions.

The message is read from stdin. It asks the model, calls the tools that the model asks for through the HTTP API of
Chorus, and goes on until the model asks for none. On stdout it writes lines of JSON that
runner/providers/openai_compat.py reads. The conversation is kept in a file of its own, to go on with in a later turn.
"""

import contextlib
import json
import os
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai

from agenttools.client import Refused, Unreachable, from_environment
from common.output import clean
from common.schemas.base import is_uuid
from runner.toolcalls import Tools

MOST_TRIES = 4
LONGEST_WAIT_S = 30.0  # a longer one is a pause of the run
MOST_WAIT_S = 31 * 24 * 3600.0  # that a server may ask for
TEXT_EVERY_S = 0.1
READ_TIMEOUT_S = 300.0
Json = dict[str, Any]


@dataclass
class Answer:
    """What the model said in one answer, gathered from its chunks."""

    text: str = ""
    calls: dict[int, Json] = field(default_factory=dict)
    reason: str | None = None
    refusal: str = ""

    def message(self) -> Json:
        calls = [
            {
                "id": c["id"],
                "type": "function",
                "function": {"name": clean(c["name"]), "arguments": clean(c["arguments"])},
            }
            for c in self.calls.values()
        ]
        return {"role": "assistant", "content": clean(self.text) or None} | ({"tool_calls": calls} if calls else {})


class Unreadable(Exception):
    """The server's answer makes no sense; the text says why."""


def tell(kind: str, **data: Any) -> None:
    sys.stdout.write(json.dumps({"type": kind} | data) + "\n")
    sys.stdout.flush()


class Conversation:
    """The messages so far, kept in a file named after the session."""

    def __init__(self, folder: Path, session: str | None, system: str) -> None:
        """Raises FileNotFoundError where the session to go on with is not there."""
        self.session = session if session and is_uuid(session) else str(uuid.uuid4())
        self._path = folder / f"{self.session}.json"
        self.messages: list[Json] = []
        if session:
            self.messages = json.loads(self._path.read_text())
        self.messages = [{"role": "system", "content": system}, *self.messages[1:]]
        self._close_calls()

    def _close_calls(self) -> None:
        """Calls without a result, of a turn that was cut off: no server takes a conversation with such a hole."""
        answered = {message.get("tool_call_id") for message in self.messages}
        last = self.messages[-1]
        for call in next((m for m in reversed(self.messages) if m.get("tool_calls")), last).get("tool_calls", []):
            if call["id"] not in answered:
                self.messages.append({"role": "tool", "tool_call_id": call["id"], "content": "It was interrupted."})

    def add(self, message: Json) -> None:
        """Best effort on the disk: the next message writes all of them again."""
        self.messages.append(message)
        making = self._path.with_suffix(".making")
        with contextlib.suppress(OSError):
            making.touch(mode=0o600)
            making.write_text(json.dumps(self.messages, ensure_ascii=False))
            making.replace(self._path)


class Loop:
    def __init__(self, job: Json, conversation: Conversation, tools: Tools | None) -> None:
        self._model = job["model"]
        self._conversation = conversation
        self._tools = tools
        self._client = openai.OpenAI(
            base_url=job["baseUrl"], api_key=job["apiKey"] or "none", max_retries=0, timeout=READ_TIMEOUT_S
        )

    def run(self, message: str) -> None:
        self._conversation.add({"role": "user", "content": message})
        while True:
            answer = self._ask()
            self._conversation.add(answer.message())
            if not answer.calls:
                return _check(answer)
            for call in answer.calls.values():
                self._call(call)

    def _ask(self) -> Answer:
        """Asks again where that may help and nothing was said yet. Raises openai.OpenAIError, Unreadable."""
        for attempt in range(1, MOST_TRIES + 1):
            answer = Answer()
            try:
                self._stream(answer)
                return answer
            except openai.APIError as error:
                wait_s = _wait_s(error, attempt)
                if answer.text or answer.calls or attempt == MOST_TRIES or wait_s is None or wait_s > LONGEST_WAIT_S:
                    raise
                time.sleep(wait_s)
        raise AssertionError("unreachable")

    def _stream(self, answer: Answer) -> None:
        offered = self._tools.offered() if self._tools else []
        options: Json = {"tools": offered} if offered else {}
        create: Any = self._client.chat.completions.create  # its types know no messages that were read from a file
        options |= {"model": self._model, "messages": self._conversation.messages}
        chunks = create(stream=True, stream_options={"include_usage": True}, **options)
        first = True
        for text in _gathered(_read(chunks, answer)):
            tell("text", text=text, first=first)
            first = False

    def _call(self, call: Json) -> None:
        """Calls a tool; what fails is told to the model, which can do something about it."""
        assert self._tools is not None
        name = self._tools.name_of(call["name"])
        try:
            arguments = json.loads(call["arguments"] or "{}")
        except ValueError:
            arguments = None
        tell("tool_call", callId=call["id"], tool=name, input=arguments if arguments is not None else call["arguments"])
        if isinstance(arguments, dict):
            failed, output = self._tools.call(name, arguments)
        else:
            failed, output = True, "The arguments are not a JSON object. Nothing was done."
        tell("tool_result", callId=call["id"], output=output, isError=failed)
        self._conversation.add({"role": "tool", "tool_call_id": call["id"], "content": output})


def _read(chunks: Any, answer: Answer) -> Iterator[str]:
    """Fills `answer` from the stream and yields its text as it comes."""
    usage = None
    for chunk in chunks:
        usage = getattr(chunk, "usage", None) or usage  # some servers tell with each chunk what was used so far
        if not chunk.choices:
            continue
        choice = chunk.choices[0]
        answer.reason = choice.finish_reason or answer.reason
        answer.refusal += getattr(choice.delta, "refusal", None) or ""
        for part in choice.delta.tool_calls or []:
            _add_call(answer, part)
        if choice.delta.content:
            answer.text += choice.delta.content
            yield choice.delta.content
    if usage:
        cost = getattr(usage, "cost", None)  # OpenRouter tells it
        tell("usage", input=usage.prompt_tokens or 0, output=usage.completion_tokens or 0, costUsd=cost)
    if answer.reason is None:
        raise Unreadable("the answer stopped in its middle")


def _add_call(answer: Answer, part: Any) -> None:
    call = answer.calls.setdefault(part.index or 0, {"id": "", "name": "", "arguments": ""})
    call["id"] = call["id"] or part.id or str(uuid.uuid4())
    call["name"] += (part.function and part.function.name) or ""
    call["arguments"] += (part.function and part.function.arguments) or ""


def _gathered(parts: Iterator[str]) -> Iterator[str]:
    """A few words at a time instead of one."""
    text, since = "", time.monotonic()
    for part in parts:
        text += part
        if time.monotonic() - since > TEXT_EVERY_S:
            yield text
            text, since = "", time.monotonic()
    if text:
        yield text


def _check(answer: Answer) -> None:
    """Raises Unreadable for a last answer that is none."""
    if answer.refusal or answer.reason == "content_filter":
        raise Unreadable(f"the model refused: {answer.refusal or 'its filter stopped the answer'}")
    if answer.reason == "length":
        raise Unreadable("the answer is longer than the model may write")
    if not answer.text.strip():
        raise Unreadable("the model answered nothing")


def _wait_s(error: openai.APIError, attempt: int) -> float | None:
    """How long to wait before asking again; None: it would not help."""
    if isinstance(error, openai.APIStatusError):
        if error.status_code not in (408, 409, 429) and error.status_code < 500:
            return None
        if (told := _retry_after_s(error)) is not None:
            return told
    return float(2 ** (attempt - 1))


def _retry_after_s(error: openai.APIStatusError) -> float | None:
    try:
        return min(MOST_WAIT_S, max(0.0, float(error.response.headers["retry-after"])))
    except (KeyError, ValueError):
        return None


def _failure(error: Exception, job: Json) -> Json:
    """The last line, for what went wrong."""
    told: Json = {"how": "failed", "status": None, "text": str(error) or type(error).__name__, "model": job["model"]}
    if isinstance(error, openai.APIConnectionError):
        told["text"] = f"{job['baseUrl']} could not be reached: {error.__cause__ or error}"
    if isinstance(error, openai.APIStatusError):
        body = error.body if isinstance(error.body, dict) else {}
        told |= {"status": error.status_code, "text": str(body.get("message") or error.message)}
        if error.status_code == 429:
            wait_s = _retry_after_s(error)
            told |= {"how": "limited", "waitMs": wait_s and int(wait_s * 1000)}
    return told


def main(path: str) -> None:
    job: Json = json.loads(Path(path).read_text())
    folder = Path(job["sessions"])
    folder.mkdir(mode=0o700, exist_ok=True)
    try:
        conversation = Conversation(folder, job["session"], job["system"])
    except (OSError, ValueError):
        return tell("end", how="no_session", text="The former session is not there any more.")
    tell("session", id=conversation.session)
    try:
        tools = Tools(from_environment(job["tools"])) if job["tools"] else None
        Loop(job, conversation, tools).run(sys.stdin.read())
        tell("end", how="done", text="")
    except (openai.OpenAIError, Unreadable, Refused, Unreachable, OSError, ValueError) as error:
        tell("end", **_failure(error, job))


if __name__ == "__main__":
    os.umask(0o077)
    main(sys.argv[1])
