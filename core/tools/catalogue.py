"""Which tools there are, which of them a run may use, and how they are described to agents."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from marshmallow import ValidationError

from common.entities.run import AGENT, PLANNER
from common.errors import BadRequest, Forbidden, ValidationFailed
from common.schemas.tools import ARGUMENTS
from common.tools import ALWAYS, HANDOFF, PLANNER_OUTPUT, REPORT, TOOLS, function_name
from core.runs.records import Run
from core.tools import control, files, lenient
from core.tools.described import schema_of
from core.tools.tool import Arguments, Result, Tool, immediate, without_effect

_BY_KIND = {AGENT: REPORT, PLANNER: PLANNER_OUTPUT}


def granted(run: Run) -> list[str]:
    """All tools a run may use; web.search is not ours."""
    names = [*run["allowed_tools"], _BY_KIND[run["kind"]], *ALWAYS]
    return [name for name in names if name in TABLE]


def find(run: Run, name: str) -> Tool:
    """Raises BadRequest (unknown), Forbidden (not granted)."""
    if name not in TABLE:
        raise BadRequest(f"There is no tool named {name[:100]!r}. Call help for a list.")
    if name not in granted(run):
        names = ", ".join(granted(run))
        raise Forbidden(f"Agent {run['agent_name']!r} may not use {name}. Its tools: {names}.")
    return TABLE[name]


def valid(name: str, arguments: Any) -> Arguments:
    """The arguments of a tool with its defaults, read leniently. Raises ValidationFailed."""
    schema = ARGUMENTS[name]()
    try:
        values: Arguments = schema.load(lenient.read(schema, arguments))
    except ValidationError as error:
        raise ValidationFailed("Some arguments are not valid.", fields=error.messages_dict) from None
    return values


def helped(_tx: object, run: Run, arguments: Arguments) -> Result:
    names = granted(run)
    wanted = [name for name in names if arguments.get("name") in (name, function_name(name))]
    return {"tools": described(wanted or names)}


def described(names: Iterable[str]) -> list[Result]:
    """For `help`, for MCP and for model providers; `inputSchema` is JSON Schema."""
    return [_described(name) for name in names]


@cache
def _described(name: str) -> Result:
    declared = ARGUMENTS[name]().fields
    told = {key: str(field.metadata.get("description", "")) for key, field in declared.items()}
    required = {key: text for key, text in told.items() if declared[key].required}
    optional = {key: text for key, text in told.items() if not declared[key].required}
    return {
        "name": name,
        "description": TOOLS[name].description,
        "parameters": {"required": required, "optional": optional},
        "output": TOOLS[name].output,
        "inputSchema": schema_of(ARGUMENTS[name]()),
    }


TABLE: dict[str, Tool] = {
    "file.read": without_effect(files.read),
    "file.create": files.create,
    "file.write": files.write,
    "file.patch": files.patch,
    "file.delete": files.delete,
    "file.list": without_effect(files.list_folder),
    "file.search": without_effect(files.search_files),
    "task.get": immediate(control.get_task),
    "task.list": immediate(control.list_tasks),
    HANDOFF: immediate(control.hand_off),
    REPORT: immediate(control.report),
    PLANNER_OUTPUT: immediate(control.plan),
    "help": immediate(helped),
}
