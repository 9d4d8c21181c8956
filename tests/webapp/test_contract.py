"""The contract as one table: every route, the statuses it may answer, the shape of what it answers."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from flask import Flask
from marshmallow import RAISE, Schema
from werkzeug.test import TestResponse

from common.schemas.access import AccessTokenDeletedSchema, AccessTokenSchema, NewAccessTokenSchema
from common.schemas.agent import AgentDeletedSchema, AgentSchema
from common.schemas.history import HistoryEntrySchema, HistorySchema
from common.schemas.insights import InsightsSchema
from common.schemas.output import OutputSchema
from common.schemas.provider import ProviderDeletedSchema, ProviderSchema
from common.schemas.queue import MessageSchema, QueueSchema
from common.schemas.run import RunDetailSchema, RunSchema
from common.schemas.task import DeletedSchema, RestoredSchema, TaskSchema, TaskWithUndoSchema
from common.schemas.workspace import EventsSchema, LiveSchema, SnapshotSchema
from core.board import lifecycle, planning
from core.runs import records as run_records
from core.tasks import verbs as tasks
from tests.helpers.api import Api, refused
from tests.helpers.workspace import SOURCE, quickly_prepared
from webapp import create_app, state
from webapp.api import OPERATIONS

NO_ONE = "00000000-0000-4000-8000-000000000000"
NEW = {"description": "x", "source": SOURCE}
INVALID = "VALIDATION_ERROR"
AGENT = {"type": "user_defined", "name": "new", "instructions": "I", "allowedTools": [], "provider": "claude"}
OPENAI: dict[str, Any] = {
    "name": "local",
    "providerType": {
        "type": "openai-compat",
        "apiBaseUrl": "http://localhost:11434/v1",
        "apiKey": "sk-0123456789abcdef",
        "defaultModel": "m",
    },
}


def openai(**changed: str) -> dict[str, Any]:
    return OPENAI | {"providerType": OPENAI["providerType"] | changed}


HANDOFF_CALL = {"agentName": "writer", "prompt": "p"}
HANDOFF = {"agentName": "writer", "prompt": "p", "force": True}
CONFIG = {"allowedAgentDirectories": ["/a"], "initialAgentDirectory": "/a", "systemAgentProvider": "claude"}

# method, path, JSON body, status, schema of `data` (a list: of its items)
ANSWERS: list[tuple[str, str, Any, int, Any]] = [
    ("GET", "/api/tasks", None, 200, [TaskSchema]),
    ("GET", "/api/tasks?status=pending", None, 200, [TaskSchema]),
    ("GET", "/api/tasks?archived=true&q=x&limit=5", None, 200, [TaskSchema]),
    ("GET", "/api/tasks/{id}", None, 200, TaskSchema),
    ("POST", "/api/tasks", NEW, 201, TaskSchema),
    ("POST", "/api/tasks", NEW | {"version": 3, "createdAt": 1}, 201, TaskSchema),
    ("PATCH", "/api/tasks/{id}", {"description": "y"}, 200, TaskSchema),
    ("PUT", "/api/tasks/{id}/status", {"status": "failed"}, 200, TaskSchema),
    ("PUT", "/api/tasks/{id}/status", {"status": {"type": "failed", "message": "no"}}, 200, TaskSchema),
    ("PUT", "/api/tasks/{id}/planning", {}, 200, TaskSchema),
    ("PUT", "/api/tasks/{id}/planning", {"summary": "s", "plan": ["a"]}, 200, TaskSchema),
    ("DELETE", "/api/tasks/{id}", None, 200, DeletedSchema),
    ("GET", "/api/tasks/{id}/history", None, 200, HistorySchema),
    ("GET", "/api/tasks/{id}/history?limit=1", None, 200, HistorySchema),
    ("GET", "/api/tasks/{id}/history/{entry}", None, 200, HistoryEntrySchema),
    ("GET", "/api/tasks/{id}/queue", None, 200, QueueSchema),
    ("POST", "/api/tasks/{id}/queue", {"content": "hello"}, 201, MessageSchema),
    ("DELETE", "/api/tasks/{id}/queue/{message}", None, 200, DeletedSchema),
    ("POST", "/api/tasks/{id}/attachments?filename=b.txt", None, 201, TaskSchema),
    ("DELETE", "/api/tasks/{id}/attachments/a%20%26%3D%23.md", None, 200, TaskWithUndoSchema),
    ("POST", "/api/undo/{undo}", None, 200, RestoredSchema),
    ("POST", "/api/undo/{undo_access}", None, 200, RestoredSchema),
    ("POST", "/api/undo/{undo_provider}", None, 200, RestoredSchema),
    ("POST", "/api/undo/{undo_workspace}", None, 200, RestoredSchema),
    ("GET", "/api/tasks/{id}/runs", None, 200, [RunSchema]),
    ("GET", "/api/runs/{run}", None, 200, RunDetailSchema),
    ("GET", "/api/runs/{run}/output", None, 200, OutputSchema),
    ("GET", "/api/runs/{run}/output?since=0&limit=10", None, 200, OutputSchema),
    ("GET", "/api/runs/{run}/output?q=x&before=5", None, 200, OutputSchema),
    ("GET", "/api/runs/{ended}/output", None, 200, OutputSchema),
    ("POST", "/api/runs/{run}/cancel", None, 200, RunSchema),
    ("POST", "/api/runs/{ended}/resume", None, 200, TaskSchema),
    ("POST", "/api/tasks/{id}/plan", None, 200, TaskSchema),
    ("POST", "/api/tasks/{asked}/answers", {"answers": ["yes"]}, 200, TaskSchema),
    ("POST", "/api/tasks/{id}/handoff", {"agentName": "writer", "prompt": "p", "force": True}, 200, TaskSchema),
    ("PUT", "/api/tasks/{busy}/handoff/complete", {"output": "o"}, 200, TaskSchema),
    ("GET", "/api/agents", None, 200, [AgentSchema]),
    ("GET", "/api/agents/writer", None, 200, AgentSchema),
    ("POST", "/api/agents", AGENT, 201, AgentSchema),
    ("POST", "/api/agents", AGENT | {"model": "m", "isValid": True, "version": 7}, 201, AgentSchema),
    ("POST", "/api/agents", {"type": "internal", "name": "i", "instructions": ""}, 201, AgentSchema),
    ("PUT", "/api/agents/writer", AGENT, 200, AgentSchema),
    ("PUT", "/api/agents/brand-new", AGENT, 200, AgentSchema),
    ("DELETE", "/api/agents/editor", None, 200, AgentDeletedSchema),
    ("GET", "/api/providers", None, 200, [ProviderSchema]),
    ("GET", "/api/providers/claude", None, 200, ProviderSchema),
    ("POST", "/api/providers", OPENAI, 201, ProviderSchema),
    ("POST", "/api/providers", {"name": "o", "providerType": {"type": "opencode"}}, 201, ProviderSchema),
    ("PUT", "/api/providers/local", OPENAI, 200, ProviderSchema),
    ("DELETE", "/api/providers/claude", None, 200, ProviderDeletedSchema),
    ("GET", "/api/access-tokens", None, 200, [AccessTokenSchema]),
    ("POST", "/api/access-tokens", {"name": "laptop"}, 201, NewAccessTokenSchema),
    ("DELETE", "/api/access-tokens/desk", None, 200, AccessTokenDeletedSchema),
    ("GET", "/api/snapshot", None, 200, SnapshotSchema),
    ("GET", "/api/events?epoch={epoch}&since=0", None, 200, EventsSchema),
    ("GET", "/api/live", None, 200, LiveSchema),
    ("GET", "/api/insights", None, 200, InsightsSchema),
    ("GET", "/api/insights?days=7", None, 200, InsightsSchema),
]

# method, path, JSON body, status, code, key in `fields`
REFUSALS: list[tuple[str, str, Any, int, str, str | None]] = [
    ("GET", "/api/tasks?status=nonsense", None, 422, INVALID, "status"),
    ("GET", "/api/tasks?limit=0", None, 422, INVALID, "limit"),
    ("GET", "/api/insights?days=0", None, 422, INVALID, "days"),
    ("GET", "/api/insights?days=367", None, 422, INVALID, "days"),
    ("GET", f"/api/tasks?archived=true&before={NO_ONE}", None, 404, "NOT_FOUND", None),
    ("GET", f"/api/tasks/{NO_ONE}", None, 404, "NOT_FOUND", None),
    ("GET", "/api/tasks/not-a-uuid", None, 404, "NOT_FOUND", None),
    ("GET", "/api/tasks/..%2f..%2fetc", None, 404, "NOT_FOUND", None),
    ("GET", "/api/nothing", None, 404, "NOT_FOUND", None),
    ("GET", "/api", None, 404, "NOT_FOUND", None),
    ("DELETE", "/api/tasks", None, 405, "METHOD_NOT_ALLOWED", None),
    ("POST", "/api/tasks", {}, 422, INVALID, "description"),
    ("POST", "/api/tasks", [], 422, INVALID, "_schema"),
    ("POST", "/api/tasks", NEW | {"surprise": 1}, 422, INVALID, "surprise"),
    ("POST", "/api/tasks", NEW | {"description": 5}, 422, INVALID, "description"),
    ("POST", "/api/tasks", NEW | {"description": None}, 422, INVALID, "description"),
    ("POST", "/api/tasks", NEW | {"description": "a\0b"}, 422, INVALID, "description"),
    ("POST", "/api/tasks", NEW | {"description": "\ud800"}, 422, INVALID, "description"),
    ("POST", "/api/tasks", NEW | {"description": "x" * 65_537}, 422, INVALID, "description"),
    ("POST", "/api/tasks", NEW | {"source": {"sourceType": "fax"}}, 422, INVALID, "source"),
    ("PATCH", f"/api/tasks/{NO_ONE}", {"description": "y"}, 404, "NOT_FOUND", None),
    ("PATCH", "/api/tasks/{id}", {}, 422, INVALID, "description"),
    ("PATCH", "/api/tasks/{archived}", {"description": "y"}, 409, "CONFLICT", None),
    ("PUT", f"/api/tasks/{NO_ONE}/status", {"status": "failed"}, 404, "NOT_FOUND", None),
    ("PUT", "/api/tasks/{id}/status", {"status": "nonsense"}, 422, INVALID, "status"),
    ("PUT", "/api/tasks/{id}/status", {"status": "completed"}, 409, "INVALID_TRANSITION", None),
    ("PUT", "/api/tasks/{id}/status", {"status": "pending"}, 409, "INVALID_TRANSITION", None),
    ("PUT", "/api/tasks/{id}/status", {"status": "planning"}, 409, "INVALID_TRANSITION", None),
    ("PUT", "/api/tasks/{id}/status", {"status": "active"}, 409, "INVALID_TRANSITION", None),
    ("PUT", "/api/tasks/{id}/status", {"status": "awaiting_input"}, 409, "INVALID_TRANSITION", None),
    ("PUT", "/api/tasks/{id}/planning", {"plan": "a"}, 422, INVALID, "plan"),
    ("PUT", "/api/tasks/{id}/planning", {"plan": ["x" * 2001]}, 422, INVALID, "plan"),
    ("PUT", "/api/tasks/{id}/planning", {"plan": ["x"] * 201}, 422, INVALID, "plan"),
    ("PUT", f"/api/tasks/{NO_ONE}/planning", {}, 404, "NOT_FOUND", None),
    ("PUT", "/api/tasks/{archived}/planning", {}, 409, "CONFLICT", None),
    ("DELETE", f"/api/tasks/{NO_ONE}", None, 404, "NOT_FOUND", None),
    ("DELETE", "/api/tasks/{busy}", None, 409, "CONFLICT", None),
    ("GET", f"/api/tasks/{NO_ONE}/history", None, 404, "NOT_FOUND", None),
    ("GET", "/api/tasks/{id}/history?before=-1", None, 422, INVALID, "before"),
    ("GET", "/api/tasks/{id}/history?limit=1001", None, 422, INVALID, "limit"),
    ("GET", "/api/tasks/{id}/history/999999", None, 404, "NOT_FOUND", None),
    ("GET", "/api/tasks/{gone}/history/{gone_entry}", None, 404, "NOT_FOUND", None),
    ("GET", f"/api/tasks/{NO_ONE}/queue", None, 404, "NOT_FOUND", None),
    ("POST", f"/api/tasks/{NO_ONE}/queue", {"content": "x"}, 404, "NOT_FOUND", None),
    ("POST", "/api/tasks/{id}/queue", {"content": "x" * 16_385}, 422, INVALID, "content"),
    ("POST", "/api/tasks/{archived}/queue", {"content": "x"}, 409, "CONFLICT", None),
    ("DELETE", "/api/tasks/{id}/queue/nope", None, 404, "NOT_FOUND", None),
    ("POST", f"/api/tasks/{NO_ONE}/attachments?filename=a.txt", None, 404, "NOT_FOUND", None),
    ("POST", "/api/tasks/{id}/attachments", None, 422, INVALID, "filename"),
    ("POST", "/api/tasks/{id}/attachments?filename=..%2Fa", None, 422, INVALID, "filename"),
    ("POST", "/api/tasks/{id}/attachments?filename=a%5Cb", None, 422, INVALID, "filename"),
    ("POST", "/api/tasks/{id}/attachments?filename=a%00b", None, 422, INVALID, "filename"),
    ("POST", "/api/tasks/{archived}/attachments?filename=a.txt", None, 409, "CONFLICT", None),
    ("GET", "/api/tasks/{id}/attachments/none.txt", None, 404, "NOT_FOUND", None),
    ("DELETE", "/api/tasks/{id}/attachments/none.txt", None, 404, "NOT_FOUND", None),
    ("DELETE", "/api/tasks/{archived}/attachments/kept.md", None, 409, "CONFLICT", None),
    ("POST", "/api/undo/nope", None, 404, "NOT_FOUND", None),
    ("GET", f"/api/tasks/{NO_ONE}/runs", None, 404, "NOT_FOUND", None),
    ("GET", f"/api/runs/{NO_ONE}", None, 404, "NOT_FOUND", None),
    ("GET", "/api/runs/{gone_run}", None, 404, "NOT_FOUND", None),
    ("GET", f"/api/runs/{NO_ONE}/output", None, 404, "NOT_FOUND", None),
    ("GET", "/api/runs/{gone_run}/output", None, 404, "NOT_FOUND", None),
    ("GET", "/api/runs/{run}/output?since=-1", None, 422, INVALID, "since"),
    ("GET", "/api/runs/{run}/output?limit=1001", None, 422, INVALID, "limit"),
    ("GET", "/api/runs/{run}/output?q=", None, 422, INVALID, "q"),
    ("POST", f"/api/runs/{NO_ONE}/cancel", None, 404, "NOT_FOUND", None),
    ("POST", "/api/runs/{ended}/cancel", None, 409, "CONFLICT", None),
    ("POST", f"/api/runs/{NO_ONE}/resume", None, 404, "NOT_FOUND", None),
    ("POST", "/api/runs/{run}/resume", None, 409, "INVALID_STATUS", None),
    ("POST", f"/api/tasks/{NO_ONE}/plan", None, 404, "NOT_FOUND", None),
    ("POST", "/api/tasks/{busy}/plan", None, 409, "INVALID_STATUS", None),
    ("POST", f"/api/tasks/{NO_ONE}/answers", {"answers": []}, 404, "NOT_FOUND", None),
    ("POST", "/api/tasks/{id}/answers", {"answers": []}, 409, "INVALID_STATUS", None),
    ("POST", "/api/tasks/{asked}/answers", {"answers": ["a", "b"]}, 422, INVALID, "answers"),
    ("POST", "/api/tasks/{asked}/answers", {}, 422, INVALID, "answers"),
    ("POST", "/api/tasks/{id}/handoff", {"agentName": "writer", "prompt": "p"}, 409, "INVALID_STATUS", None),
    ("POST", "/api/tasks/{id}/handoff", HANDOFF | {"agentName": "nobody"}, 404, "NOT_FOUND", None),
    ("POST", "/api/tasks/{id}/handoff", HANDOFF | {"agentName": "task-validator"}, 404, "NOT_FOUND", None),
    ("POST", "/api/tasks/{id}/handoff", HANDOFF | {"agentName": "idle"}, 409, "CONFLICT", None),
    ("POST", "/api/tasks/{id}/handoff", HANDOFF | {"agentName": "../x"}, 422, INVALID, "agentName"),
    ("POST", "/api/tasks/{id}/handoff", HANDOFF | {"agentName": ""}, 422, INVALID, "agentName"),
    ("PUT", f"/api/tasks/{NO_ONE}/handoff/complete", {"output": "o"}, 404, "NOT_FOUND", None),
    ("PUT", "/api/tasks/{busy}/handoff/complete", {}, 422, INVALID, "output"),
    ("PUT", "/api/tasks/{id}/handoff/complete", {"output": "o"}, 409, "CONFLICT", None),
    ("PUT", f"/api/tasks/{NO_ONE}/agent-tools", {"addTools": ["file.read"]}, 404, "NOT_FOUND", None),
    ("PUT", "/api/tasks/{id}/agent-tools", {"addTools": ["file.read"]}, 409, "CONFLICT", None),
    ("PUT", "/api/tasks/{busy}/agent-tools", {"addTools": ["Bash"]}, 422, INVALID, "addTools"),
    ("POST", "/api/tasks/{busy}/tools", {"tool": "help"}, 401, "UNAUTHORIZED", None),
    ("POST", f"/api/tasks/{NO_ONE}/tools", {"tool": "help"}, 404, "NOT_FOUND", None),
    ("POST", "/api/tasks/{busy}/tools", {}, 400, "BAD_REQUEST", None),
    ("POST", "/api/tasks/{busy}/tools", {"tool": "\ud800"}, 422, INVALID, "_schema"),
    ("GET", "/api/tasks/{busy}/tools", None, 401, "UNAUTHORIZED", None),
    ("GET", f"/api/tasks/{NO_ONE}/tools", None, 404, "NOT_FOUND", None),
    ("GET", "/api/tools", None, 401, "UNAUTHORIZED", None),
    ("POST", "/api/tools", {"tool": "task.list"}, 401, "UNAUTHORIZED", None),
    ("POST", "/api/access-tokens", {"name": "desk"}, 409, "CONFLICT", None),
    ("POST", "/api/access-tokens", {"name": "../x"}, 422, INVALID, "name"),
    ("POST", "/api/access-tokens", {"name": "x", "scopes": ["file.read"]}, 422, INVALID, "scopes"),
    ("POST", "/api/access-tokens", {"name": "x", "scopes": []}, 422, INVALID, "scopes"),
    ("DELETE", "/api/access-tokens/nobody", None, 404, "NOT_FOUND", None),
    ("GET", "/api/agents/nobody", None, 404, "NOT_FOUND", None),
    ("POST", "/api/agents", AGENT | {"name": "writer"}, 409, "CONFLICT", None),
    ("POST", "/api/agents", AGENT | {"name": "../x"}, 422, INVALID, "name"),
    ("POST", "/api/agents", AGENT | {"name": ".x"}, 422, INVALID, "name"),
    ("POST", "/api/agents", AGENT | {"name": "x" * 65}, 422, INVALID, "name"),
    ("POST", "/api/agents", AGENT | {"allowedTools": ["Bash"]}, 422, INVALID, "allowedTools"),
    ("POST", "/api/agents", AGENT | {"provider": "gone"}, 422, INVALID, "provider"),
    (
        "POST",
        "/api/agents",
        {"type": "user_defined", "name": "x", "instructions": ""},
        422,
        INVALID,
        "provider",
    ),
    ("PUT", "/api/agents/task-validator", AGENT, 409, "CONFLICT", None),
    ("PUT", "/api/agents/..%2fx", AGENT, 404, "NOT_FOUND", None),
    ("PUT", "/api/agents/.x", AGENT, 422, INVALID, "name"),
    ("DELETE", "/api/agents/task-validator", None, 409, "CONFLICT", None),
    ("DELETE", "/api/agents/writer", None, 409, "CONFLICT", None),
    ("DELETE", "/api/agents/nobody", None, 404, "NOT_FOUND", None),
    ("GET", "/api/providers/gone", None, 404, "NOT_FOUND", None),
    ("POST", "/api/providers", OPENAI | {"name": "claude"}, 409, "CONFLICT", None),
    ("POST", "/api/providers", OPENAI | {"name": "not-configured"}, 422, INVALID, "name"),
    ("POST", "/api/providers", {"name": "x", "providerType": {"type": "fax"}}, 422, INVALID, "providerType"),
    ("PUT", "/api/providers/claude", OPENAI, 409, "CONFLICT", None),
    ("PUT", "/api/providers/local", {"name": "local"}, 422, INVALID, "providerType"),
    ("POST", "/api/providers", openai(apiKey="a\nb"), 422, INVALID, "providerType"),
    ("POST", "/api/providers", openai(apiKey="ключ"), 422, INVALID, "providerType"),
    ("POST", "/api/providers", openai(apiBaseUrl="http://me:secret@host/v1"), 422, INVALID, "providerType"),
    ("POST", "/api/providers", openai(apiBaseUrl="http://host:99999/v1"), 422, INVALID, "providerType"),
    ("DELETE", "/api/providers/gone", None, 404, "NOT_FOUND", None),
    ("POST", "/api/providers/gone/test", None, 404, "NOT_FOUND", None),
    ("PUT", "/api/config", {}, 422, INVALID, "systemAgentProvider"),
    ("PUT", "/api/config", CONFIG | {"initialAgentDirectory": "/b"}, 422, INVALID, "initialAgentDirectory"),
    (
        "PUT",
        "/api/config",
        CONFIG | {"allowedAgentDirectories": [""]},
        422,
        INVALID,
        "allowedAgentDirectories",
    ),
    ("PUT", "/api/config", CONFIG | {"systemAgentProvider": "gone"}, 422, INVALID, "systemAgentProvider"),
    ("PUT", "/api/config", CONFIG | {"archiveDays": 0}, 422, INVALID, "archiveDays"),
    ("PUT", "/api/config", CONFIG | {"port": 65_535}, 422, INVALID, "port"),
    ("POST", "/api/config/select", {"path": "/nowhere/chorus.json"}, 404, "NOT_FOUND", None),
    ("POST", "/api/config/select", {"path": "relative"}, 422, INVALID, "path"),
    ("POST", "/api/config/select", {"path": "/tmp/../etc"}, 422, INVALID, "path"),
    ("POST", "/api/config/select", {"path": "/" + "x" * 256}, 422, INVALID, "path"),
    ("POST", "/api/config/select", {"path": "/" + "x/" * 2_500}, 422, INVALID, "path"),
    ("POST", "/api/config/select", {"path": "{broken}"}, 409, "CONFLICT", None),
    ("POST", "/api/config/create", {"path": "{folder}"}, 409, "CONFLICT", None),
    ("POST", "/api/config/create", {"path": "/tmp/nul\0"}, 422, INVALID, "path"),
    ("POST", "/api/config/create", {"path": "/proc/nothing", "stopRuns": True}, 400, "BAD_REQUEST", None),
    ("DELETE", "/api/workspaces", None, 422, INVALID, "path"),
    ("GET", "/api/events?epoch=other&since=0", None, 410, "RESYNC", None),
    ("GET", "/api/events?epoch={epoch}&since=99999", None, 410, "RESYNC", None),
    ("GET", "/api/events?epoch={epoch}&since=-1", None, 422, INVALID, "since"),
    ("GET", "/api/events", None, 422, INVALID, "epoch"),
]

# method, path, JSON body, status, keys of the answer: routes without the usual envelope (contract B 1.0)
OPENED = {"data", "configPath", "edited"}
UNENVELOPED: list[tuple[str, str, Any, int, set[str]]] = [
    ("GET", "/api/config", None, 200, {"data", "configPath", "edited"}),
    ("PUT", "/api/config", CONFIG, 200, {"data", "configPath"}),
    ("PUT", "/api/config", CONFIG | {"port": 9090}, 200, {"data", "configPath", "notice"}),
    ("GET", "/api/config/defaults", None, 200, {"data"}),
    ("PUT", "/api/config", CONFIG | {"archiveDays": 30}, 200, {"data", "configPath"}),
    ("POST", "/api/config/import", None, 200, {"data", "configPath"}),
    ("POST", "/api/config/overwrite", None, 200, {"data", "configPath"}),
    ("POST", "/api/config/create", {"path": "{folder}-2", "stopRuns": True}, 200, OPENED),
    ("POST", "/api/config/select", {"path": "{folder}"}, 200, OPENED),
    ("POST", "/api/config/select", {"path": "{folder}/chorus.json"}, 200, OPENED),
    ("GET", "/api/workspaces", None, 200, {"data", "open", "problem"}),
    ("DELETE", "/api/workspaces?path=/somewhere", None, 200, {"data"}),
    ("DELETE", "/api/workspaces?path={folder}/chorus.json", None, 200, {"data"}),
    ("PUT", "/api/tasks/{busy}/agent-tools", {"addTools": ["file.read"]}, 200, {"allowedTools"}),
]

VERSION_0 = {"If-Match": '"0"'}
AGENT_S = {"Authorization": "Bearer {run_token}"}
DESK_S = {"Authorization": "Bearer {desk_token}"}
READER_S = {"Authorization": "Bearer {reader_token}"}
EVIL = "http://evil.example"
REPORT = {"status": "complete", "summary": "s", "output": "o"}

# method, path, JSON body, headers, status, code or keys of the answer: what depends on a header
HEADED: list[tuple[str, str, Any, dict[str, str], int, str | set[str]]] = [
    ("PATCH", "/api/tasks/{id}", {"description": "z"}, VERSION_0, 412, "STALE"),
    ("PUT", "/api/tasks/{id}/status", {"status": "failed"}, VERSION_0, 412, "STALE"),
    ("PUT", "/api/tasks/{id}/planning", {"summary": "z"}, VERSION_0, 412, "STALE"),
    ("PUT", "/api/agents/writer", AGENT | {"instructions": "z"}, VERSION_0, 412, "STALE"),
    ("PUT", "/api/agents/nobody", AGENT, VERSION_0, 404, "NOT_FOUND"),
    ("PUT", "/api/providers/remote", openai(defaultModel="z"), VERSION_0, 412, "STALE"),
    ("PUT", "/api/providers/nobody", OPENAI, VERSION_0, 404, "NOT_FOUND"),
    ("PUT", "/api/config", CONFIG | {"port": 9}, VERSION_0, 412, "STALE"),
    ("GET", "/api/tasks", None, {"Host": "evil.example"}, 403, "FORBIDDEN"),
    ("POST", "/api/tasks", NEW, {"Origin": EVIL}, 403, "FORBIDDEN"),
    ("POST", "/api/tasks", NEW, {"Origin": "null"}, 403, "FORBIDDEN"),
    ("POST", "/api/tasks", NEW, {"Sec-Fetch-Site": "cross-site"}, 403, "FORBIDDEN"),
    ("POST", "/api/tasks", NEW, {"X-Chorus-Epoch": "another"}, 409, "WORKSPACE_SWITCHED"),
    ("POST", "/api/tasks", NEW, {"Idempotency-Key": "two words"}, 400, "BAD_REQUEST"),
    ("POST", "/api/tasks", NEW, {"Content-Type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ("GET", "/api/tasks/{busy}/tools", None, AGENT_S, 200, {"tools"}),
    ("POST", "/api/tasks/{busy}/tools", {"tool": "help"}, AGENT_S, 200, {"tools"}),
    ("POST", "/api/tasks/{busy}/tools", {"tool": "no.such"}, AGENT_S, 400, "BAD_REQUEST"),
    ("POST", "/api/tasks/{id}/tools", {"tool": "help"}, AGENT_S, 401, "UNAUTHORIZED"),
    ("POST", "/api/tasks/{busy}/tools", {"tool": "file.read", "path": "x"}, AGENT_S, 403, "FORBIDDEN"),
    ("POST", "/api/tasks/{busy}/tools", {"tool": "planner-output", "type": "error"}, AGENT_S, 403, "FORBIDDEN"),
    ("POST", "/api/tasks/{busy}/tools", {"tool": "completion-report"}, AGENT_S, 422, INVALID),
    ("POST", "/api/tasks/{busy}/tools", {"tool": "handoff"} | HANDOFF_CALL, AGENT_S, 409, "CONFLICT"),
    ("GET", "/api/tools", None, DESK_S, 200, {"tools"}),
    ("POST", "/api/tools", {"tool": "task.list"}, DESK_S, 200, {"data", "meta"}),
    ("POST", "/api/tools", {"tool": "file.read"}, DESK_S, 400, "BAD_REQUEST"),
    ("POST", "/api/tools", {"tool": "task.create", "description": "x"}, READER_S, 403, "FORBIDDEN"),
    ("POST", "/api/tools", {"tool": "task.get", "taskId": NO_ONE}, DESK_S, 404, "NOT_FOUND"),
    ("POST", "/api/tools", {"tool": "task.report", "taskId": "{busy}"} | REPORT, DESK_S, 409, "INVALID_STATUS"),
    ("POST", "/api/tools", {"tool": "task.create"}, DESK_S, 422, INVALID),
]

ELSEWHERE = {
    (
        "DELETE",
        "/api/tasks/<task_id>/queue/<message_id>",
        409,
    ): "test_message_on_its_way_waits_again_where_the_run_ends_before_it_begins",
    ("POST", "/api/undo/<token>", 409): "test_undo_of_a_file_whose_name_is_taken_again",
    ("GET", "/api/config", 404): "test_without_a_workspace_the_api_says_why",
    ("POST", "/api/providers/<name>/test", 200): "test_button_of_a_provider",
    ("POST", "/api/providers/<name>/test", 503): "test_button_of_a_provider",
    ("GET", "/api/tasks/<task_id>/attachments/<filename>", 200): "test_attachment_comes_back_as_it_went_in",
    ("POST", "/api/tasks/<task_id>/attachments", 413): "test_attachment_is_limited_to_ten_mebibytes",
    ("POST", "/api/tasks/<task_id>/tools", 429): "test_calls_without_end_are_slowed_down",
    ("POST", "/api/tools", 429): "test_calls_without_end_are_slowed_down",
}


class Scene(NamedTuple):
    """A workspace with something of each kind; `names` are what the paths and bodies of the tables name."""

    api: Api
    names: dict[str, Any]

    def request(self, method: str, path: str, body: Any, headers: dict[str, str] | None = None) -> TestResponse:
        options = {} if body is None else {"json": self._filled(body)}
        return self.api.request(method, path.format(**self.names), headers=self._filled(headers or {}), **options)

    def _filled(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        named = re.compile(r"{(?:" + "|".join(self.names) + ")}")
        return {
            key: text.format(**self.names) if isinstance(text, str) and named.search(text) else text
            for key, text in value.items()
        }


@contextmanager
def made_scene(home: Path) -> Iterator[Scene]:
    app = create_app(quickly_prepared(home / "home"))
    api = Api(app)
    task_id = api.task()["id"]
    api.attach(task_id, "a &=#.md")
    message = api.ok("POST", f"/api/tasks/{task_id}/queue", 201, json={"content": "hello"})
    undo = api.ok("DELETE", f"/api/tasks/{api.task()['id']}")["undo"]
    names = prepare_runs(api, app) | prepare_past(api, app) | prepare_folders(home)
    entry = api.ok("GET", f"/api/tasks/{task_id}/history")["events"][0]["id"]
    epoch = api.ok("GET", "/api/snapshot")["epoch"]
    api.ok("GET", f"/api/runs/{names['run']}/output")  # this and the next open databases that then stay open
    api.refused("POST", "/api/undo/nope", 404, "NOT_FOUND")
    names |= {"id": task_id, "message": message["id"], "undo": undo, "entry": entry, "epoch": epoch}
    yield Scene(api, names)
    state.of(app).close()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with made_scene(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One for all requests that change nothing."""
    with made_scene(tmp_path_factory.mktemp("standing")) as made:
        yield made


def prepare_runs(api: Api, app: Flask) -> dict[str, Any]:
    """Providers; a task with an agent at work (`busy`, `run`), one with an ended run, one with questions; tokens."""
    api.ok("POST", "/api/providers", 201, json={"name": "claude", "providerType": {"type": "claude-code"}})
    api.ok("POST", "/api/providers", 201, json=OPENAI | {"name": "remote"})
    assert api.request("PUT", "/api/config", json=CONFIG).status_code == 200
    api.ok("PUT", "/api/agents/writer", json=AGENT | {"name": "writer", "allowedTools": ["handoff"]})
    api.ok("PUT", "/api/agents/idle", json=AGENT | {"name": "idle", "provider": "not-configured"})
    api.ok("POST", "/api/providers", 201, json={"name": "former", "providerType": {"type": "opencode"}})
    api.ok("POST", "/api/access-tokens", 201, json={"name": "former"})
    desk = api.ok("POST", "/api/access-tokens", 201, json={"name": "desk"})["token"]
    reader = api.ok("POST", "/api/access-tokens", 201, json={"name": "reader", "scopes": ["task.list"]})["token"]
    busy, done, asked = (api.task()["id"] for _ in range(3))
    database = state.of(app).workspace.get().database
    for task_id in (done, busy):
        api.ok("POST", f"/api/tasks/{task_id}/handoff", json=HANDOFF)
    with database.write() as tx:
        claimed = lifecycle.claim(tx)
    assert claimed
    with database.write() as tx:
        lifecycle.end(tx, claimed[0]["id"], "", crashed=False)
    with database.write() as tx:
        at_work = lifecycle.claim(tx)
    assert at_work
    api.ok("POST", f"/api/tasks/{asked}/plan")
    with database.write() as tx:
        planner = run_records.unfinished(tx, asked)[0]
        planning.take_plan(tx, planner, {"type": "questions", "questions": ["Sure?"]})
    with database.write() as tx:
        lifecycle.end(tx, planner["id"], "", crashed=False)
    tokens = {"run_token": at_work[1], "desk_token": desk, "reader_token": reader}
    return tokens | {"busy": busy, "run": at_work[0]["id"], "ended": claimed[0]["id"], "asked": asked}


def prepare_past(api: Api, app: Flask) -> dict[str, Any]:
    """An archived task with a file, a deleted task with history and a run, and a deletion that cannot be undone."""
    archived, gone, replaced = (api.task()["id"] for _ in range(3))
    api.attach(archived, "kept.md")
    api.ok("PUT", f"/api/tasks/{archived}/status", json={"status": "failed"})
    with state.of(app).workspace.get().database.write() as tx:
        assert tasks.archive_due(tx, archive_days=0) == 1
    api.ok("POST", f"/api/tasks/{gone}/handoff", json=HANDOFF)
    api.ok("PUT", f"/api/tasks/{gone}/status", json={"status": "failed"})
    entry = api.ok("GET", f"/api/tasks/{gone}/history")["events"][0]["id"]
    run = api.ok("GET", f"/api/tasks/{gone}/runs")[0]["id"]
    api.ok("DELETE", f"/api/tasks/{gone}")
    api.attach(replaced, "a.txt")
    undo = api.ok("DELETE", f"/api/tasks/{replaced}/attachments/a.txt")["undo"]
    api.attach(replaced, "a.txt")
    open_path = quote(api.request("GET", "/api/workspaces").get_json()["open"])
    undo_workspace = api.request("DELETE", f"/api/workspaces?path={open_path}").get_json()["data"]["undo"]
    others = {
        "undo_access": api.ok("DELETE", "/api/access-tokens/former")["undo"],
        "undo_provider": api.ok("DELETE", "/api/providers/former")["undo"],
        "undo_workspace": undo_workspace,
    }
    return others | {"archived": archived, "gone": gone, "gone_entry": entry, "gone_run": run, "undo_replaced": undo}


def prepare_folders(home: Path) -> dict[str, str]:
    """The folder of the open workspace, and one that holds a file where a database belongs."""
    (home / "broken").mkdir()
    (home / "broken" / "chorus.db").write_text("no database")
    return {"folder": str(home / "home" / "workspaces" / "default"), "broken": str(home / "broken")}


def check_shape(schema: type[Schema], data: Any) -> None:
    assert schema(unknown=RAISE).validate(data) == {}


@pytest.mark.parametrize(("method", "path", "body", "status", "shape"), ANSWERS)
def test_answer(
    request: pytest.FixtureRequest, standing: Scene, method: str, path: str, body: Any, status: int, shape: Any
) -> None:
    scene = standing if method == "GET" else request.getfixturevalue("scene")
    data = scene.api.ok(method, path.format(**scene.names), status, **({} if body is None else {"json": body}))
    if isinstance(shape, list):
        for item in data:
            check_shape(shape[0], item)
    else:
        check_shape(shape, data)


@pytest.mark.parametrize(("method", "path", "body", "status", "keys"), UNENVELOPED)
def test_answer_without_envelope(scene: Scene, method: str, path: str, body: Any, status: int, keys: set[str]) -> None:
    answer = scene.request(method, path, body)
    assert answer.status_code == status
    assert answer.get_json().keys() == keys
    assert answer.headers["X-Chorus-Seq"].count(":") == 1


@pytest.mark.parametrize(("method", "path", "body", "status", "code", "field"), REFUSALS)
def test_refusal(standing: Scene, method: str, path: str, body: Any, status: int, code: str, field: str | None) -> None:
    """(B24, S3)"""
    before = standing.api.ok("GET", "/api/snapshot")
    error = refused(standing.request(method, path, body), status, code)
    assert (field in error["fields"]) if field else ("fields" not in error)
    assert standing.api.ok("GET", "/api/snapshot") == before


def test_undo_of_a_file_whose_name_is_taken_again(scene: Scene) -> None:
    """In a workspace of its own: its minute passes."""
    refused(scene.request("POST", "/api/undo/{undo_replaced}", None), 409, "CONFLICT")


@pytest.mark.parametrize(("method", "path", "body", "headers", "status", "expected"), HEADED)
def test_answer_to_headers(
    standing: Scene, method: str, path: str, body: Any, headers: dict[str, str], status: int, expected: str | set[str]
) -> None:
    answer = standing.request(method, path, body, headers)
    if isinstance(expected, str):
        error = refused(answer, status, expected)
        assert ("current" in error) == (status == 412)
    else:
        assert (answer.status_code, answer.get_json().keys()) == (status, expected)


def test_the_table_has_every_route_with_every_status_of_its_own() -> None:
    rows = [(method, path.split("?")[0], status) for method, path, _, _, status, _ in HEADED]
    for table in (ANSWERS, REFUSALS, UNENVELOPED):
        rows += [(row[0], row[1].split("?")[0], row[3]) for row in table]
    missing = []
    for operation in OPERATIONS:
        pattern = re.compile(re.sub(r"<[^>]*>", "[^/]+", operation.path))
        tried = {status for method, path, status in rows if method == operation.method and pattern.fullmatch(path)}
        wanted = {operation.status, *operation.errors} | ({412} if operation.if_match else set())
        wanted |= {422} if operation.body or operation.query else set()
        missing += [(operation.method, operation.path, status) for status in wanted - tried]
    assert sorted(missing) == sorted(ELSEWHERE)
