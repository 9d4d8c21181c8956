"""A model that follows a script, on loopback: Anthropic Messages and OpenAI chat completions, with tool calls.

    def script(talk: Talk) -> Reply:
        if not talk.results:
            return Reply(calls=[("completion-report", {"status": "complete", …})])
        return Reply("Done.")

    with model_server(script) as model:
        …  # ANTHROPIC_BASE_URL=model.url, or an OpenAI address of f"{model.url}/v1"

A script is asked once for each request and sees the whole conversation, so it needs no memory of its own.
"""

import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
Call = tuple[str, Json]


@dataclass(frozen=True)
class Talk:
    """One request as a script sees it, the same for both formats."""

    protocol: str  # anthropic or openai
    model: str
    system: str
    asked: list[str]  # the user's texts, oldest first
    calls: list[Call]  # the tools called so far, by their Chorus names
    results: list[str]  # their results
    done: list[str]  # the tools that had their effect, by plain name
    failures: int  # calls that failed since anything else happened
    tools: list[str]  # names as offered
    headers: dict[str, str]
    raw: Json

    @property
    def last(self) -> str:
        return self.asked[-1] if self.asked else ""

    def offered(self, tool: str) -> str:
        """The name under which a Chorus tool was offered, such as `mcp__chorus__file_read` for `file.read`."""
        named = [name for name in self.tools if plain(name) == plain(tool)]
        return named[0] if named else tool


def plain(name: str) -> str:
    """A tool's name without what programs put before it, and with one kind of separator."""
    return re.sub(r"[.\-]", "_", re.sub(r"^(mcp__chorus__|chorus_)", "", name))


@dataclass(frozen=True)
class Reply:
    """What the model says and calls. `tokens` are input and output; `cost` in USD, which OpenRouter tells."""

    text: str = ""
    calls: Sequence[Call] = ()
    tokens: tuple[int, int] = (100, 20)
    cost: float | None = None


@dataclass(frozen=True)
class Refuse:
    """An HTTP error instead of an answer; `body`: in words of its own."""

    status: int
    message: str = "refused by the script"
    kind: str = "error"
    headers: Json = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True)
class Hang:
    """Never answers: the request stays open until the client or the server goes."""


@dataclass(frozen=True)
class Drop:
    """Begins the answer and cuts the connection in its middle."""


@dataclass(frozen=True)
class Rubbish:
    """Answers 200 with something that is no event stream."""

    body: bytes = b"data: {not json\n\n\x00\xff<html>"


@dataclass(frozen=True)
class Pieces:
    """Answers 200 with these bytes, one by one, `pause_s` apart; as they stand, whatever was asked for.

    `is_whole` False: then the connection is cut instead of ended.
    """

    pieces: Sequence[bytes | str]
    pause_s: float = 0.0
    content_type: str = "text/event-stream"
    is_whole: bool = True


Action = Reply | Refuse | Hang | Drop | Rubbish | Pieces
Script = Callable[[Talk], Action]


@dataclass
class Model:
    """A running model. `talks` are all requests so far; assign `script` to change what it does."""

    url: str
    script: Script
    talks: list[Talk] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def model_server(script: Script) -> Iterator[Model]:
    """Serves until the block ends; requests that hang are cut then."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.model = Model(f"http://127.0.0.1:{server.server_address[1]}", script)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="model server")
    thread.start()
    try:
        yield server.model
    finally:
        server.model.closing.set()
        server.shutdown()
        thread.join()
        server.cut()
        server.server_close()  # joins the threads of requests


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    model: Model

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def cut(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no error of the model."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._json(200, {"object": "list", "data": [{"id": "scripted", "object": "model", "owned_by": "tests"}]})

    def do_HEAD(self) -> None:
        self._json(200, {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.startswith("/v1/messages/count_tokens"):
            return self._json(200, {"input_tokens": 10})
        protocol = "anthropic" if self.path.startswith("/v1/messages") else "openai"
        read = _anthropic_talk if protocol == "anthropic" else _openai_talk
        talk = read(body, dict(self.headers.items()))
        self.server.model.talks.append(talk)
        if not talk.tools and protocol == "openai" and "title" in talk.system.lower():
            return self._say(protocol, talk, Reply("A title"))
        self._say(protocol, talk, self.server.model.script(talk))

    def _say(self, protocol: str, talk: Talk, action: Action) -> None:
        match action:
            case Refuse():
                self._json(
                    action.status, _error(protocol, action) if action.body is None else action.body, action.headers
                )
            case Hang():
                self.server.model.closing.wait()
                self.close_connection = True
            case Drop():
                self._stream(_stream(protocol, talk, Reply("This answer stops in its mid"))[:3], whole=False)
            case Rubbish():
                self._head(200, {"Content-Type": "text/event-stream", "Content-Length": str(len(action.body))})
                self.wfile.write(action.body)
            case Pieces():
                self._send(action)
            case Reply():
                if talk.raw.get("stream"):
                    self._stream(_stream(protocol, talk, action))
                else:
                    self._json(200, _whole(protocol, talk, action))

    def _send(self, action: Pieces) -> None:
        self._head(200, {"Content-Type": action.content_type, "Transfer-Encoding": "chunked"})
        for piece in action.pieces:
            raw = piece.encode() if isinstance(piece, str) else piece
            self._chunk(raw)
            self.server.model.closing.wait(action.pause_s)
        self._end(whole=action.is_whole)

    def _chunk(self, raw: bytes) -> None:
        if raw:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw))
            self.wfile.flush()

    def _end(self, *, whole: bool) -> None:
        if whole:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def _stream(self, events: list[str], *, whole: bool = True) -> None:
        self._head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
        for event in events:
            self._chunk(event.encode())
        self._end(whole=whole)

    def _json(self, status: int, body: Any, headers: Json | None = None) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._head(status, {"Content-Type": "application/json", "Content-Length": str(len(raw))} | (headers or {}))
        if self.command != "HEAD":
            self.wfile.write(raw)

    def _head(self, status: int, headers: Json) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """The tests look at `talks` instead."""


# --- reading ---


class _Told:
    """What was called, and what came of it, read message by message."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.results: list[str] = []
        self.done: list[str] = []
        self.failures = 0
        self._names: dict[str, str] = {}

    def call(self, key: str, name: str, arguments: Any) -> None:
        self.calls.append((name, arguments))
        self._names[key] = plain(name)

    def result(self, key: str, text: str) -> None:
        name = self._names.get(key, "")
        self.results.append(text)
        if _had_effect(name, text):
            self.done.append(name)
            self.failures = 0
        else:
            self.failures += 1


def _had_effect(tool: str, text: str) -> bool:
    """Now, or by an earlier call, as a conflict says; but a hand-off whose result was lost did not."""
    answer = _loads(text)
    if not isinstance(answer, dict):
        return False
    error = answer.get("error", {})
    return not error or (error.get("code") == "CONFLICT" and "already" in error["message"] and tool != "handoff")


def _anthropic_talk(body: Json, headers: dict[str, str]) -> Talk:
    asked: list[str] = []
    told = _Told()
    for message in body["messages"]:
        blocks = message["content"]
        blocks = [{"type": "text", "text": blocks}] if isinstance(blocks, str) else blocks
        if message["role"] == "user" and not any(block["type"] == "tool_result" for block in blocks):
            told.failures = 0
        for block in blocks:
            if block["type"] == "tool_use":
                told.call(block["id"], block["name"], block["input"])
            elif block["type"] == "tool_result":
                told.result(block["tool_use_id"], _text(block.get("content", "")))
            elif block["type"] == "text" and message["role"] == "user":
                asked.append(block["text"])
    tools = [tool["name"] for tool in body.get("tools", [])]
    return _talk("anthropic", body, headers, _text(body.get("system", "")), asked, told, tools)


def _openai_talk(body: Json, headers: dict[str, str]) -> Talk:
    system: list[str] = []
    asked: list[str] = []
    told = _Told()
    for message in body["messages"]:
        text = _text(message.get("content") or "")
        if message["role"] == "system":
            system.append(text)
        elif message["role"] == "user":
            asked.append(text)
            told.failures = 0
        elif message["role"] == "tool":
            told.result(message["tool_call_id"], text)
        for call in message.get("tool_calls") or []:
            told.call(call["id"], call["function"]["name"], _loads(call["function"]["arguments"]))
    tools = [tool["function"]["name"] for tool in body.get("tools", [])]
    return _talk("openai", body, headers, "\n".join(system), asked, told, tools)


def _talk(
    protocol: str, body: Json, headers: dict[str, str], system: str, asked: list[str], told: _Told, tools: list[str]
) -> Talk:
    past = (told.calls, told.results, told.done, told.failures)
    return Talk(protocol, body["model"], system, asked, *past, tools, headers, body)


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", "") for block in content if isinstance(block, dict))


# --- answering ---


def _error(protocol: str, refuse: Refuse) -> Json:
    inner = {"type": refuse.kind, "message": refuse.message}
    return {"type": "error", "error": inner} if protocol == "anthropic" else {"error": inner | {"code": refuse.kind}}


def _stream(protocol: str, talk: Talk, reply: Reply) -> list[str]:
    return _anthropic_events(talk, reply) if protocol == "anthropic" else _openai_events(talk, reply)


def _whole(protocol: str, talk: Talk, reply: Reply) -> Json:
    number = len(talk.raw["messages"])
    if protocol == "anthropic":
        blocks = [{"type": "text", "text": reply.text}] if reply.text else []
        return _anthropic_message(talk, reply, number) | {"content": blocks, "stop_reason": "end_turn"}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": reply.text}}
    return _openai_head(talk, number) | {"object": "chat.completion", "choices": [choice], "usage": _usage(reply)}


def _anthropic_message(talk: Talk, reply: Reply, number: int) -> Json:
    return {
        "id": f"msg_{number:04}",
        "type": "message",
        "role": "assistant",
        "model": talk.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": reply.tokens[0], "output_tokens": 1},
    }


def _anthropic_events(talk: Talk, reply: Reply) -> list[str]:
    number = len(talk.raw["messages"])
    events: list[Json] = [{"type": "message_start", "message": _anthropic_message(talk, reply, number)}]
    blocks: list[tuple[Json, Json]] = []
    if reply.text:
        blocks.append(({"type": "text", "text": ""}, {"type": "text_delta", "text": reply.text}))
    for place, (tool, arguments) in enumerate(reply.calls):
        use = {"type": "tool_use", "id": f"toolu_{number:04}_{place}", "name": talk.offered(tool), "input": {}}
        blocks.append((use, {"type": "input_json_delta", "partial_json": json.dumps(arguments)}))
    for index, (block, delta) in enumerate(blocks):
        events += [
            {"type": "content_block_start", "index": index, "content_block": block},
            {"type": "content_block_delta", "index": index, "delta": delta},
            {"type": "content_block_stop", "index": index},
        ]
    reason = "tool_use" if reply.calls else "end_turn"
    events += [
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": {"output_tokens": reply.tokens[1]},
        },
        {"type": "message_stop"},
    ]
    return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]


def _openai_head(talk: Talk, number: int) -> Json:
    return {"id": f"chatcmpl-{number:04}", "created": 1, "model": talk.model}


def _usage(reply: Reply) -> Json:
    given, said = reply.tokens
    used: Json = {"prompt_tokens": given, "completion_tokens": said, "total_tokens": given + said}
    return used if reply.cost is None else used | {"cost": reply.cost}


def _openai_events(talk: Talk, reply: Reply) -> list[str]:
    number = len(talk.raw["messages"])
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": part} for part in re.findall(r"\S+\s*", reply.text)]
    for index, (tool, arguments) in enumerate(reply.calls):
        function = {"name": talk.offered(tool), "arguments": ""}
        call_id = f"call_{number:04}_{index}"
        deltas.append({"tool_calls": [{"index": index, "id": call_id, "type": "function", "function": function}]})
        text = json.dumps(arguments)
        for part in (text[: len(text) // 2], text[len(text) // 2 :]):
            deltas.append({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
    head = _openai_head(talk, number) | {"object": "chat.completion.chunk"}
    head |= {"usage": _usage(reply)}  # some servers tell it with each chunk, others with the last
    chunks = [head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    reason = "tool_calls" if reply.calls else "stop"
    chunks.append(head | {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    chunks.append(head | {"choices": []})
    return [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"]
