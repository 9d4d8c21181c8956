"""The agents of a new workspace: their instructions stand beside this file, one Markdown file an agent."""

from pathlib import Path
from typing import Any

from common.entities.agent import INTERNAL, USER_DEFINED
from common.fields.names import NOT_CONFIGURED
from common.tools import FILE_TOOLS
from core.agents.verbs import PLANNER

_READING = ["file.read", "file.list", "file.search"]
_WRITING = [tool for tool in FILE_TOOLS if tool != "file.delete"]
_TOOLS: dict[str, list[str]] = {
    "researcher": ["web.search"],
    "planner": _WRITING,
    "writer-workflow": ["handoff", *_READING],
    "writer": _WRITING,
    "editor": _READING,
    "fact-checker": [*_READING, "web.search"],
}


def seeded_agents() -> list[dict[str, Any]]:
    """The columns of each, without name-independent ones; none has a provider yet."""
    user = [_agent(name, USER_DEFINED, tools) for name, tools in _TOOLS.items()]
    return [*user, _agent(PLANNER, INTERNAL, [])]


def _agent(name: str, kind: str, tools: list[str]) -> dict[str, Any]:
    instructions = (Path(__file__).parent / f"{name}.md").read_text()
    return {
        "name": name,
        "type": kind,
        "instructions": instructions,
        "allowed_tools": tools,
        "provider": NOT_CONFIGURED,
        "model": None,
        "unconfined": False,
        "version": 1,
        "field_versions": {},
    }
