"""Route 12: agents call their tools, with the bearer token of their run."""

import threading
import time
import uuid
from typing import Any

from flask import Response, g, request

from common.errors import BadRequest, ChorusError, ServiceUnavailable, Unauthorized
from common.schemas.base import RequestSchema, Text, WireSchema
from common.wire import dumps
from core import tools
from core.runs import records, tokens
from core.runs.stack import ENDED
from core.tasks import records as tasks
from core.workspaces.current import Workspace
from webapp import requests, state
from webapp.answers import BARE, json_response
from webapp.api import Api

api = Api("tools")
BLOCKING_AT_MOST = 4
LOOK_EVERY_S = 0.2
_blocking = threading.BoundedSemaphore(BLOCKING_AT_MOST)


class ToolCallSchema(RequestSchema):
    """`tool` and that tool's arguments beside it; `callId` optional."""

    tool = Text(required=True)


class ToolResultSchema(WireSchema):
    """The tool's own JSON."""


def call_tool(task_id: str) -> Response:
    """Call a tool as the agent of a run; `handoff` with `Prefer: respond-async` answers 202 at once."""
    raw = requests.json_object()
    tool = raw.pop("tool", None)
    if not isinstance(tool, str):
        raise BadRequest('Name the tool: {"tool": "help"}.')
    call_id = str(raw.pop("callId", "") or uuid.uuid4())[:100]
    workspace = state.current().workspace.get()
    result, status = _act(workspace, task_id, tool, raw, call_id)
    if tool == "handoff" and "respond-async" not in request.headers.get("Prefer", ""):
        result = _wait_for_child(workspace, result["runId"])
    elif tool == "handoff":
        status = 202
    return json_response(dumps(result), status, g.position)


def _act(workspace: Workspace, task_id: str, tool: str, arguments: Any, call_id: str) -> tuple[Any, int]:
    run = None
    try:
        with workspace.database.write() as tx:
            g.position = str(tx.position)
            tasks.load(tx, task_id)
            run = tokens.run_of(tx, _bearer(), task_id)
            result = tools.call(tx, run, tool, arguments, call_id)
            g.position = str(tx.position)
            return result, 200
    except ChorusError as error:
        if run is not None and not isinstance(error, Unauthorized) and error.status < 500:
            with workspace.database.write() as tx:
                tools.record(tx, run, tool, arguments, call_id, "error", error.message)
        raise


def _bearer() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _wait_for_child(workspace: Workspace, run_id: str) -> dict[str, Any]:
    """Holds the request until the child has ended: for clients that cannot ask again. A few at a time."""
    if not _blocking.acquire(blocking=False):
        raise ServiceUnavailable(
            f"{BLOCKING_AT_MOST} hand-offs are waited for already. Send Prefer: respond-async, then "
            f"GET /api/runs/{run_id}."
        )
    try:
        while True:
            with workspace.database.read() as reading:
                run = records.load(reading, run_id)
            if run["state"] in ENDED:
                return child_result(run)
            time.sleep(LOOK_EVERY_S)
    finally:
        _blocking.release()


def child_result(run: records.Run) -> dict[str, Any]:
    """What the parent gets back: the child's output and its report."""
    report = run["completion_report"]
    return {"agent_name": run["agent_name"], "output": run["output"], "state": run["state"], "report": report}


api.add(
    "POST",
    "/api/tasks/<task_id>/tools",
    call_tool,
    call_tool,
    answer=ToolResultSchema,
    body=ToolCallSchema,
    errors=(401, 403, 404, 409),
    envelope=BARE,
)
