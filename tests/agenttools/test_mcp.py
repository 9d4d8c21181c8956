"""The MCP server over standard input and output, with the official client."""

import json
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, ClientSession, MCPError, StdioServerParameters, stdio_client

import agenttools.mcp
from agenttools import client as connection
from common.answersize import fits
from core.runs import grants
from core.workspaces.current import Workspace
from tests.agenttools.environment import environment, of
from tests.helpers.agents import Worker, claimed, do, entries
from tests.helpers.processes import wait_for
from tests.helpers.server import Server

pytestmark = pytest.mark.processes


@asynccontextmanager
async def connected(environ: dict[str, str], cwd: Path) -> AsyncIterator[ClientSession]:
    command = StdioServerParameters(command=sys.executable, args=["-m", "agenttools.mcp"], env=environ, cwd=cwd)
    async with stdio_client(command) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        yield session


async def names(session: ClientSession) -> list[str]:
    return [tool.name for tool in (await session.list_tools()).tools]


async def call(session: ClientSession, tool: str, **arguments: Any) -> tuple[bool, Any]:
    """Whether it is an error, and the JSON of its text."""
    result: Any = await session.call_tool(tool, arguments)
    return result.is_error, json.loads(result.content[0].text)


def test_tools_of_a_run(server: Server, workspace: Workspace, worker: Worker, folder: Path) -> None:
    async def use() -> None:
        async with connected(of(worker, server), folder) as session:
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            assert {"file_read", "task_get", "handoff", "completion-report", "help"} <= tools.keys()
            assert "planner-output" not in tools
            assert tools["file_read"].input_schema["required"] == ["path"]
            assert "hash" in (tools["file_read"].description or "")
            assert (await call(session, "file_create", path="m.txt", content="hello"))[0] is False
            assert (await call(session, "file_read", path="m.txt"))[1]["content"] == "     1\thello"
            failed, told = await call(session, "file_read", path="../x")
            assert (failed, told["error"]["code"]) == (True, "FORBIDDEN")
            failed, told = await call(session, "file_read", path="m.txt", offset="a")
            assert (failed, told["error"]["code"], *told["error"]["fields"]) == (True, "VALIDATION_ERROR", "offset")
            assert (await call(session, "no_such_tool"))[1]["error"]["code"] == "BAD_REQUEST"
            do(workspace, grants.change, worker.task_id, [], ["file.read"])
            assert "file_read" not in await names(session)
            threading.Thread(target=play_child, args=(workspace, worker)).start()
            failed, told = await call(session, "handoff", agentName="editor", prompt="Review it")
            assert (failed, told["output"], told["report"]["summary"]) == (False, "APPROVED", "approved")
            assert (await call(session, "completion-report", status="complete", summary="s", output="o"))[0] is False
            assert (await call(session, "completion-report", status="complete", summary="s", output="o"))[0] is True
            worker.end("o")
            failed, told = await call(session, "file_list")
            assert (failed, told["error"]["code"]) == (True, "UNAUTHORIZED")

    finish(use)
    assert all(entry["runId"] for entry in entries(workspace, worker.task_id))


def play_child(workspace: Workspace, parent: Worker) -> None:
    def handed_off() -> bool:
        return entries(workspace, parent.task_id)[-1]["tool"] == "handoff"

    wait_for(handed_off, 20, "hand-off")
    child = claimed(workspace)
    child.call("completion-report", status="complete", summary="approved", output="all")
    child.end("APPROVED")


def finish(use: Callable[[], Any]) -> None:
    async def timely() -> None:
        with anyio.fail_after(60):
            await use()

    anyio.run(timely)


def test_tools_of_an_access_token(server: Server, folder: Path) -> None:
    made = server.json("POST", "/api/access-tokens", {"name": "laptop", "scopes": ["task.list", "task.create"]})

    async def use() -> None:
        async with connected(environment(server, made["token"]), folder) as session:
            assert await names(session) == ["task_list", "task_create"]
            failed, told = await call(session, "task_create", description="From afar")
            assert (failed, told["data"]["source"]["userId"]) == (False, "laptop")
            task_id = told["data"]["id"]
            assert task_id in [task["id"] for task in (await call(session, "task_list"))[1]["data"]]
            assert (await call(session, "task_get", taskId=task_id))[1]["error"]["code"] == "FORBIDDEN"
            assert (await call(session, "file_read", path="m.txt"))[1]["error"]["code"] == "BAD_REQUEST"
            server.json("DELETE", "/api/access-tokens/laptop")
            assert (await call(session, "task_list"))[1]["error"]["code"] == "UNAUTHORIZED"
            with pytest.raises(MCPError, match="access token"):
                await session.list_tools()

    finish(use)


def test_answers_fit_what_clients_accept() -> None:
    """The output of another agent may be far larger."""

    class Long(connection.Client):
        def tools(self) -> list[connection.Json]:
            return []

        def call(self, tool: str, arguments: connection.Json, call_id: str | None = None) -> connection.Json:
            if tool == "file.read":
                raise connection.Refused(409, {"code": "CONFLICT", "message": "no " * 100_000})
            return {
                "output": "漢字 " * 60_000,
                "state": "succeeded",
                "report": {"summary": "s", "output": "9" * 60_000},
            }

    async def use() -> None:
        async with Client(agenttools.mcp.server_of(Long("http://127.0.0.1:9", "t"))) as client:
            result: Any = await client.call_tool("handoff", {})
            told = json.loads(result.content[0].text)
            assert fits(told)
            assert (told["state"], told["report"]["summary"]) == ("succeeded", "s")
            assert told["output"].endswith("of 180000 characters]")
            refused: Any = await client.call_tool("file_read", {})
            told = json.loads(refused.content[0].text)
            assert (fits(told), refused.is_error, told["error"]["code"]) == (True, True, "CONFLICT")

    finish(use)


def test_progress_is_told_while_a_call_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients give up calls from which they hear nothing."""

    class Slow(connection.Client):
        def tools(self) -> list[connection.Json]:
            return []

        def call(self, tool: str, arguments: connection.Json, call_id: str | None = None) -> connection.Json:
            wait_for(lambda: heard, 10, "progress")
            return {"tool": tool}

    heard: list[float] = []
    monkeypatch.setattr(agenttools.mcp, "PROGRESS_EVERY_S", 0.01)

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(progress)

    async def use() -> None:
        async with Client(agenttools.mcp.server_of(Slow("http://127.0.0.1:9", "t"))) as client:
            result: Any = await client.call_tool("file_read", {}, progress_callback=hear)
            assert json.loads(result.content[0].text) == {"tool": "file.read"}

    finish(use)
    assert heard
