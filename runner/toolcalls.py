"""The tools of Chorus as a model with function calling sees them."""

import json
import re
from typing import Any

from agenttools.client import Client, Refused, Unreachable

Json = dict[str, Any]


class Tools:
    """What the run of a client's token may call."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._names: dict[str, str] = {}

    def offered(self) -> list[Json]:
        """The tools as functions; asked for each time, since people may grant and take tools meanwhile."""
        tools = self._client.tools()
        self._names = {_function(tool["name"]): tool["name"] for tool in tools}
        return [{"type": "function", "function": _described(tool)} for tool in tools]

    def name_of(self, function: str) -> str:
        """The tool that a model means; an unknown one is left as it is, and refused by the API."""
        return self._names.get(function, function)

    def call(self, tool: str, arguments: Json) -> tuple[bool, str]:
        """Whether it failed, and its answer as text: what went wrong is for the model to read."""
        try:
            return False, json.dumps(self._client.call(tool, arguments), ensure_ascii=False)
        except Refused as refusal:
            return True, json.dumps({"error": refusal.error}, ensure_ascii=False)
        except Unreachable as problem:
            return True, str(problem)


def _described(tool: Json) -> Json:
    return {"name": _function(tool["name"]), "description": tool["description"], "parameters": tool["inputSchema"]}


def _function(tool: str) -> str:
    """A name that all servers take."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", tool)
