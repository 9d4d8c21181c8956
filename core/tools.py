"""The control tools: what an agent calls to report, plan, hand off and look at tasks (contract B 5.2)."""

import json
from collections.abc import Callable
from typing import Any

from marshmallow import Schema, ValidationError, fields

from common.clock import now_ms
from common.db.write import WriteTransaction
from common.errors import BadRequest, Conflict, Forbidden, ValidationFailed
from common.events import TaskStatus
from common.schemas.run import (
    AGENT,
    PLANNER,
    CompletionReportRequest,
    HandoffToolRequest,
    NoArguments,
    PlannerOutputRequest,
    TaskGetRequest,
    TaskListRequest,
)
from common.tools import ALWAYS, PLANNER_OUTPUT, REPORT
from common.wire import dumps
from core.runs import verbs
from core.runs.records import Run
from core.runs.stack import RunState
from core.tasks import history, queries
from core.tasks import records as tasks

Result = dict[str, Any]


def call(tx: WriteTransaction, run: Run, tool: str, arguments: Result, call_id: str) -> Result:
    """Runs a tool for a run and records it. Raises Forbidden, BadRequest (unknown), ValidationFailed, Conflict."""
    if run["state"] not in (RunState.STARTING, RunState.RUNNING):
        raise Conflict(f"This run cannot act now: it is {run['state']}.")
    if tool not in _TOOLS:
        raise BadRequest(f"There is no tool named {tool!r}. Call help for a list.")
    _check_permission(run, tool)
    schema, act = _TOOLS[tool]
    result = act(tx, run, _valid(schema, arguments))
    record(tx, run, tool, arguments, call_id, "success", dumps(result))
    return result


def record(
    tx: WriteTransaction, run: Run, tool: str, arguments: Result, call_id: str, status: str, output: str
) -> None:
    """The history entry of a call, with what went in and what came out."""
    told = {"tool": tool, "status": status, "input": dumps(arguments), "output": output}
    history.append(tx, run["task_id"], "tool_executed", **told, callId=call_id, runId=run["id"])


def _check_permission(run: Run, tool: str) -> None:
    by_kind = {AGENT: REPORT, PLANNER: PLANNER_OUTPUT}[run["kind"]]
    if tool == by_kind or tool in ALWAYS or tool in run["allowed_tools"]:
        return
    raise Forbidden(f"Agent {run['agent_name']!r} may not use {tool}. Its tools: {', '.join(granted(run))}.")


def granted(run: Run) -> list[str]:
    """All tools a run may use."""
    by_kind = {AGENT: REPORT, PLANNER: PLANNER_OUTPUT}[run["kind"]]
    return [*run["allowed_tools"], by_kind, *ALWAYS]


def _valid(schema: type[Schema], arguments: Result) -> Result:
    try:
        values: Result = schema().load(arguments)
    except ValidationError as error:
        raise ValidationFailed("Some arguments are not valid.", fields=error.messages_dict) from None
    return values


def _report(tx: WriteTransaction, run: Run, arguments: Result) -> Result:
    verbs.report(tx, run, arguments)
    return {"success": True, "status": arguments["status"]}


def _plan(tx: WriteTransaction, run: Run, arguments: Result) -> Result:
    verbs.take_plan(tx, run, arguments)
    return {"success": True}


def _hand_off(tx: WriteTransaction, run: Run, arguments: Result) -> Result:
    return {"runId": verbs.hand_off(tx, run, arguments["agentName"], arguments["prompt"])["id"]}


def _get_task(tx: WriteTransaction, _: Run, arguments: Result) -> Result:
    return {"data": tasks.load(tx, arguments["taskId"]).full_form, "meta": {"timestamp": now_ms()}}


def _list_tasks(tx: WriteTransaction, _: Run, arguments: Result) -> Result:
    status = TaskStatus(arguments["status"]) if "status" in arguments else None
    return {"data": json.loads(queries.board(tx, status)), "meta": {"timestamp": now_ms()}}


def _help(_tx: WriteTransaction, run: Run, _: Result) -> Result:
    return {"tools": [_describe(name) for name in granted(run) if name in _TOOLS]}


def _describe(name: str) -> Result:
    schema, _ = _TOOLS[name]
    declared = schema().fields
    required = {key: _kind(field) for key, field in declared.items() if field.required}
    optional = {key: _kind(field) for key, field in declared.items() if not field.required}
    description = _DESCRIPTIONS[name]
    return {"name": name, "description": description, "parameters": {"required": required, "optional": optional}}


def _kind(field: fields.Field[Any]) -> str:
    return "list of strings" if isinstance(field, fields.List) else "string"


_TOOLS: dict[str, tuple[type[Schema], Callable[[WriteTransaction, Run, Result], Result]]] = {
    REPORT: (CompletionReportRequest, _report),
    PLANNER_OUTPUT: (PlannerOutputRequest, _plan),
    "handoff": (HandoffToolRequest, _hand_off),
    "task.get": (TaskGetRequest, _get_task),
    "task.list": (TaskListRequest, _list_tasks),
    "help": (NoArguments, _help),
}
_DESCRIPTIONS = {
    REPORT: "Say how the work ended: complete, blocked or failed. Exactly once, before you finish.",
    PLANNER_OUTPUT: "Give the plan, questions or an error. Exactly once.",
    "handoff": "Let another agent do a part of the work, and get its output.",
    "task.get": "Read one task.",
    "task.list": "List the tasks on the board.",
    "help": "List your tools.",
}
