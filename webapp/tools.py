"""Route 12: agents call their tools with the bearer token of their run; programs outside with an access token."""

import hashlib
import json
import time
import uuid
from contextlib import nullcontext, suppress
from typing import Any

from flask import Response, request
from marshmallow import fields

from common.db.database import Reading
from common.entities.run import ENDED
from common.errors import BadRequest, Busy, ServiceUnavailable, ValidationFailed
from common.fields.base import RequestSchema, Text, WireSchema
from common.tools import HANDOFF
from common.wire import dumps
from core.idempotency import Answer
from core.runs import records
from core.tools import calls, outside
from core.workspaces.current import Workspace
from webapp import requests, state
from webapp.answers import json_response
from webapp.api import Api
from webapp.envelopes import BARE
from webapp.slots import slot

api = Api("tools")
WAITING_AT_MOST = 4
WAIT_AT_MOST_S = 600.0
INSTEAD = "Send Prefer: respond-async and ask GET /api/runs/:id, or try again later."
LOOK_EVERY_S = 0.2


class ToolCallSchema(RequestSchema):
    """`tool` and that tool's arguments beside it; `callId` optional."""

    tool = Text(required=True)


class ToolResultSchema(WireSchema):
    """The tool's own JSON."""


class ToolListSchema(WireSchema):
    """Each tool with name, description, parameters, output and inputSchema (JSON Schema)."""

    tools = fields.List(fields.Dict(), required=True)


@api.read("/api/tasks/<task_id>/tools", answer=ToolListSchema, errors=(401, 404), envelope=BARE)
def list_tools(reading: Reading, task_id: str) -> dict[str, Any]:
    """The tools that the run of the bearer token may use now."""
    return {"tools": calls.usable(reading, task_id, _bearer())}


@api.read("/api/tools", answer=ToolListSchema, errors=(401,), envelope=BARE)
def list_outside_tools(reading: Reading) -> dict[str, Any]:
    """The tools that the access token permits."""
    return {"tools": outside.usable(reading, _bearer())}


def call_tool(task_id: str) -> Response:
    """Call a tool as the agent of a run; `handoff` with `Prefer: respond-async` answers 202 at once."""
    tool, call_id, arguments, body_hash = _call()
    key = requests.idempotency_request(body_hash)
    call = calls.Call(task_id, _bearer(), tool, arguments, call_id, key)
    workspace = state.current().workspace.get()
    waits = tool == HANDOFF and "respond-async" not in request.headers.get("Prefer", "")
    with slot(state.current().settings.home, HANDOFF, WAITING_AT_MOST, INSTEAD) if waits else nullcontext():
        answer = calls.perform(workspace.database, call)
        if answer.status != 200 or tool != HANDOFF:
            return _response(answer)
        return _child_result(workspace, answer) if waits else _response(answer._replace(status=202))


def call_outside_tool() -> Response:
    """Call a tool with an access token of the workspace."""
    tool, _, arguments, body_hash = _call()
    call = outside.Call(_bearer(), tool, arguments, requests.idempotency_request(body_hash))
    return _response(outside.perform(state.current().workspace.get().database, call))


def _call() -> tuple[str, str, dict[str, Any], str]:
    """Tool, call id, arguments, and a hash of all that and the token: another's repeat gets no answer of ours."""
    body = requests.json_object()
    try:
        body_hash = hashlib.sha256(dumps([_bearer(), body]).encode()).hexdigest()
    except UnicodeEncodeError:
        problem = "Must not contain lone surrogates."
        raise ValidationFailed("Some arguments are not valid.", fields={"_schema": [problem]}) from None
    tool = body.pop("tool", None)
    if not isinstance(tool, str):
        raise BadRequest('Name the tool: {"tool": "help"}.')
    call_id = str(body.pop("callId", "") or uuid.uuid4())[:100]
    return tool, call_id, body, body_hash


def _bearer() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _response(answer: Answer) -> Response:
    return json_response(answer.body, answer.status, answer.seq_header)


def _child_result(workspace: Workspace, answer: Answer) -> Response:
    """Holds the request until the child has ended: for clients that cannot ask again. A few at a time."""
    run_id = json.loads(answer.body)["runId"]
    deadline = time.monotonic() + WAIT_AT_MOST_S
    while time.monotonic() < deadline:
        with suppress(Busy, ServiceUnavailable), workspace.database.read() as reading:  # then the next look tells
            run = records.load(reading, run_id)
            if run["state"] in ENDED:
                return json_response(dumps(_result(run)), 200, str(reading.position))
        time.sleep(LOOK_EVERY_S)
    raise ServiceUnavailable(f"The agent is still at work. Ask GET /api/runs/{run_id} for its output.")


def _result(run: records.Run) -> dict[str, Any]:
    """What the parent gets back: the child's output and its report."""
    report = run["completion_report"]
    return {"agent_name": run["agent_name"], "output": run["output"], "state": run["state"], "report": report}


_ERRORS = (401, 403, 404, 409, 429)
api.add(
    "POST",
    "/api/tasks/<task_id>/tools",
    call_tool,
    call_tool,
    answer=ToolResultSchema,
    body=ToolCallSchema,
    errors=_ERRORS,
    envelope=BARE,
)
api.add(
    "POST",
    "/api/tools",
    call_outside_tool,
    call_outside_tool,
    answer=ToolResultSchema,
    body=ToolCallSchema,
    errors=_ERRORS,
    envelope=BARE,
)
