"""The tools of Chorus as a model with function calling sees them."""

import json
from collections.abc import Iterable
from typing import Any, Protocol

from agenttools.client import Client, Refused, Unreachable
from common.tools import PLANNER_OUTPUT, REPORT, function_name

Json = dict[str, Any]


class Tools(Protocol):
    """What an agent may call."""

    def offered(self) -> list[Json]:
        """The tools as functions."""
        ...

    def name_of(self, function: str) -> str:
        """The tool that a model means; an unknown one is left as it is."""
        ...

    def call(self, tool: str, arguments: Json) -> tuple[bool, str]:
        """Whether it failed, and its answer as text: what went wrong is for the model to read."""
        ...

    def ends_work(self, tool: str) -> bool:
        """Whether nothing is owed any more after it."""
        ...


class RunTools:
    """What the run of a client's token may call."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._names: dict[str, str] = {}

    def offered(self) -> list[Json]:
        """Asked for each time, since people may grant and take tools meanwhile."""
        tools = self._client.tools()
        self._names = {function_name(tool["name"]): tool["name"] for tool in tools}
        return functions(tools)

    def name_of(self, function: str) -> str:
        """An unknown one is refused by the API."""
        return self._names.get(function, function)

    def call(self, tool: str, arguments: Json) -> tuple[bool, str]:
        try:
            return False, json.dumps(self._client.call(tool, arguments), ensure_ascii=False)
        except Refused as refusal:
            return True, json.dumps({"error": refusal.error}, ensure_ascii=False)
        except Unreachable as problem:
            return True, str(problem)

    def ends_work(self, tool: str) -> bool:
        return tool in (REPORT, PLANNER_OUTPUT)


class ShownTools:
    """Tools that do nothing, for a test of a provider: the model may call one, and has shown then that it can."""

    def __init__(self, tools: Iterable[Json]) -> None:
        self._functions = functions(tools)

    def offered(self) -> list[Json]:
        return self._functions

    def name_of(self, function: str) -> str:
        return function

    def call(self, tool: str, arguments: Json) -> tuple[bool, str]:
        return False, f"This is a test: {tool} was not called, with {len(arguments)} arguments."

    def ends_work(self, _: str) -> bool:
        return True


def functions(tools: Iterable[Json]) -> list[Json]:
    """Described tools as functions."""
    return [{"type": "function", "function": _described(tool)} for tool in tools]


def _described(tool: Json) -> Json:
    return {"name": function_name(tool["name"]), "description": tool["description"], "parameters": tool["inputSchema"]}
