"""The MCP server on standard input and output: the tools of a run, or of an access token, for any MCP client."""

import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.to_thread
from mcp import MCPError
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, TextContent, Tool

from agenttools.client import Client, Json, Misconfigured, Refused, Stopped, Unreachable, from_environment
from common.answersize import fitted
from common.build import VERSION
from common.tools import TOOLS, function_name
from common.wire import dumps

PROGRESS_EVERY_S = 5.0
NO_TOOLS = -32_001  # JSON-RPC: an error of the server's own
INSTRUCTIONS = (
    "Tools of Chorus, the board that started you or that you were given access to. Paths are relative to the working "
    "folder. An error names its code and what to do; do not repeat a refused call unchanged."
)
_OURS = {function_name(name): name for name in TOOLS}


def server_of(client: Client) -> Server[Any]:
    """Lists tools anew each time, since people may grant and take them while an agent works."""

    async def list_tools(_context: Any, _params: Any) -> ListToolsResult:
        return ListToolsResult(tools=await anyio.to_thread.run_sync(_listed, client, abandon_on_cancel=True))

    async def call_tool(context: Any, params: CallToolRequestParams) -> CallToolResult:
        name = _OURS.get(params.name, params.name)
        async with anyio.create_task_group() as group:
            group.start_soon(_tell_progress, context.session.report_progress)
            result = await anyio.to_thread.run_sync(
                _called, client, name, params.arguments or {}, abandon_on_cancel=True
            )
            group.cancel_scope.cancel()
        return result

    return Server(
        "chorus", version=VERSION, instructions=INSTRUCTIONS, on_list_tools=list_tools, on_call_tool=call_tool
    )


def _listed(client: Client) -> list[Tool]:
    try:
        return [_tool(described) for described in client.tools()]
    except (Refused, Unreachable, Stopped) as problem:
        raise MCPError(NO_TOOLS, str(problem)) from None


def _tool(described: Json) -> Tool:
    gives = "; ".join(f"{key}: {meaning}" for key, meaning in described["output"].items())
    return Tool(
        name=function_name(described["name"]),
        description=f"{described['description']} The answer is JSON with {gives}.",
        input_schema=described["inputSchema"],
    )


def _called(client: Client, name: str, arguments: Json) -> CallToolResult:
    try:
        return _result(client.call(name, arguments))
    except Refused as refusal:
        return _result({"error": refusal.error}, is_error=True)
    except (Unreachable, Stopped) as problem:
        return _result({"error": {"code": "UNREACHABLE", "message": str(problem)}}, is_error=True)


def _result(content: Json, *, is_error: bool = False) -> CallToolResult:
    text = TextContent(type="text", text=dumps(fitted(content)))
    return CallToolResult(content=[text], is_error=is_error)


async def _tell_progress(report: Callable[..., Awaitable[None]]) -> None:
    """So that a client does not give up a hand-off that takes long. Clients that have not asked get nothing."""
    began = time.monotonic()
    while True:
        await anyio.sleep(PROGRESS_EVERY_S)
        await report(time.monotonic() - began, message="Still at work.")


async def serve(client: Client) -> None:
    """Until standard input ends."""
    server = server_of(client)
    try:
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())
    finally:
        client.stop()


def main() -> None:
    try:
        client = from_environment(os.environ)
    except Misconfigured as problem:
        sys.exit(str(problem))
    anyio.run(serve, client)


if __name__ == "__main__":
    main()
