"""`python -m tests.helpers.large_tools`: an MCP server whose one tool `large` answers with far too much of some text.

It is the server that agents have, with nothing behind it.
"""

import anyio

from agenttools.client import Client, Json
from agenttools.mcp import serve

SIZE = 300_000
SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


class Large(Client):
    def tools(self) -> list[Json]:
        return [{"name": "large", "description": "Much.", "output": {"content": "it"}, "inputSchema": SCHEMA}]

    def call(self, tool: str, arguments: Json, call_id: str | None = None) -> Json:
        return {"content": arguments["text"] * (SIZE // len(arguments["text"])), "end": tool}


if __name__ == "__main__":
    anyio.run(serve, Large("http://127.0.0.1:9", "token"))
