"""The contract as one table: every route, the statuses it may answer, the shape of what it answers."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from marshmallow import RAISE, Schema

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
from core.runs import records as run_records
from core.runs import verbs as runs
from tests.helpers.api import Api
from tests.helpers.workspace import SOURCE, copied, quickly_prepared
from tests.webapp.conftest import serving
from webapp import state

NO_ONE = "00000000-0000-4000-8000-000000000000"
NEW = {"description": "x", "source": SOURCE}
INVALID = "VALIDATION_ERROR"
AGENT = {"type": "user_defined", "name": "new", "instructions": "I", "allowedTools": [], "provider": "claude"}
OPENAI = {
    "name": "local",
    "providerType": {
        "type": "openai-compat",
        "apiBaseUrl": "http://localhost:11434/v1",
        "apiKey": "sk-0123456789abcdef",
        "defaultModel": "m",
    },
}
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
    ("DELETE", "/api/tasks/{id}/attachments/a%20%26%3D%23.md", None, 200, TaskWithUndoSchema),
    ("POST", "/api/undo/{undo}", None, 200, RestoredSchema),
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
    ("DELETE", f"/api/tasks/{NO_ONE}", None, 404, "NOT_FOUND", None),
    ("GET", f"/api/tasks/{NO_ONE}/history", None, 404, "NOT_FOUND", None),
    ("GET", "/api/tasks/{id}/history/999999", None, 404, "NOT_FOUND", None),
    ("GET", f"/api/tasks/{NO_ONE}/queue", None, 404, "NOT_FOUND", None),
    ("POST", f"/api/tasks/{NO_ONE}/queue", {"content": "x"}, 404, "NOT_FOUND", None),
    ("POST", "/api/tasks/{id}/queue", {"content": "x" * 16_385}, 422, INVALID, "content"),
    ("DELETE", "/api/tasks/{id}/queue/nope", None, 404, "NOT_FOUND", None),
    ("POST", f"/api/tasks/{NO_ONE}/attachments?filename=a.txt", None, 404, "NOT_FOUND", None),
    ("POST", "/api/tasks/{id}/attachments", None, 422, INVALID, "filename"),
    ("POST", "/api/tasks/{id}/attachments?filename=..%2Fa", None, 422, INVALID, "filename"),
    ("POST", "/api/tasks/{id}/attachments?filename=a%5Cb", None, 422, INVALID, "filename"),
    ("POST", "/api/tasks/{id}/attachments?filename=a%00b", None, 422, INVALID, "filename"),
    ("GET", "/api/tasks/{id}/attachments/none.txt", None, 404, "NOT_FOUND", None),
    ("DELETE", "/api/tasks/{id}/attachments/none.txt", None, 404, "NOT_FOUND", None),
    ("POST", "/api/undo/nope", None, 404, "NOT_FOUND", None),
    ("GET", f"/api/tasks/{NO_ONE}/runs", None, 404, "NOT_FOUND", None),
    ("GET", f"/api/runs/{NO_ONE}", None, 404, "NOT_FOUND", None),
    ("GET", f"/api/runs/{NO_ONE}/output", None, 404, "NOT_FOUND", None),
    ("GET", "/api/runs/{run}/output?since=-1", None, 422, INVALID, "since"),
    ("GET", "/api/runs/{run}/output?limit=1001", None, 422, INVALID, "limit"),
    ("GET", "/api/runs/{run}/output?q=", None, 422, INVALID, "q"),
    ("POST", f"/api/runs/{NO_ONE}/cancel", None, 404, "NOT_FOUND", None),
    ("POST", "/api/runs/{ended}/cancel", None, 409, "CONFLICT", None),
    ("POST", "/api/runs/{run}/resume", None, 409, "INVALID_STATUS", None),
    ("POST", f"/api/tasks/{NO_ONE}/plan", None, 404, "NOT_FOUND", None),
    ("POST", "/api/tasks/{busy}/plan", None, 409, "INVALID_STATUS", None),
    ("POST", "/api/tasks/{id}/answers", {"answers": []}, 409, "INVALID_STATUS", None),
    ("POST", "/api/tasks/{asked}/answers", {"answers": ["a", "b"]}, 422, INVALID, "answers"),
    ("POST", "/api/tasks/{asked}/answers", {}, 422, INVALID, "answers"),
    ("POST", "/api/tasks/{id}/handoff", {"agentName": "writer", "prompt": "p"}, 409, "INVALID_STATUS", None),
    ("POST", "/api/tasks/{id}/handoff", HANDOFF | {"agentName": "nobody"}, 404, "NOT_FOUND", None),
    ("POST", "/api/tasks/{id}/handoff", HANDOFF | {"agentName": "task-validator"}, 404, "NOT_FOUND", None),
    ("POST", "/api/tasks/{id}/handoff", HANDOFF | {"agentName": "editor"}, 409, "CONFLICT", None),
    ("POST", "/api/tasks/{id}/handoff", HANDOFF | {"agentName": "../x"}, 422, INVALID, "agentName"),
    ("PUT", "/api/tasks/{id}/handoff/complete", {"output": "o"}, 409, "CONFLICT", None),
    ("PUT", "/api/tasks/{id}/agent-tools", {"addTools": ["file.read"]}, 409, "CONFLICT", None),
    ("PUT", "/api/tasks/{busy}/agent-tools", {"addTools": ["Bash"]}, 422, INVALID, "addTools"),
    ("POST", "/api/tasks/{busy}/tools", {"tool": "help"}, 401, "UNAUTHORIZED", None),
    ("POST", f"/api/tasks/{NO_ONE}/tools", {"tool": "help"}, 404, "NOT_FOUND", None),
    ("POST", "/api/tasks/{busy}/tools", {}, 400, "BAD_REQUEST", None),
    ("POST", "/api/tasks/{busy}/tools", {"tool": "\ud800"}, 422, INVALID, "_schema"),
    ("GET", "/api/tasks/{busy}/tools", None, 401, "UNAUTHORIZED", None),
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
    ("POST", "/api/config/create", {"path": "/proc/nothing", "stopRuns": True}, 400, "BAD_REQUEST", None),
    ("DELETE", "/api/workspaces", None, 422, INVALID, "path"),
    ("GET", "/api/events?epoch=other&since=0", None, 410, "RESYNC", None),
    ("GET", "/api/events?epoch={epoch}&since=99999", None, 410, "RESYNC", None),
    ("GET", "/api/events?epoch={epoch}&since=-1", None, 422, INVALID, "since"),
    ("GET", "/api/events", None, 422, INVALID, "epoch"),
]

# method, path, JSON body, status, keys of the answer: routes without the usual envelope (contract B 1.0)
UNENVELOPED: list[tuple[str, str, Any, int, set[str]]] = [
    ("GET", "/api/config", None, 200, {"data", "configPath", "edited"}),
    ("PUT", "/api/config", CONFIG, 200, {"data", "configPath"}),
    ("PUT", "/api/config", CONFIG | {"port": 9090}, 200, {"data", "configPath", "notice"}),
    ("GET", "/api/config/defaults", None, 200, {"data"}),
    ("PUT", "/api/config", CONFIG | {"archiveDays": 30}, 200, {"data", "configPath"}),
    ("POST", "/api/config/import", None, 200, {"data", "configPath"}),
    ("POST", "/api/config/overwrite", None, 200, {"data", "configPath"}),
    ("GET", "/api/workspaces", None, 200, {"data", "open", "problem"}),
    ("DELETE", "/api/workspaces?path=/somewhere", None, 200, {"data"}),
    ("PUT", "/api/tasks/{busy}/agent-tools", {"addTools": ["file.read"]}, 200, {"allowedTools"}),
]


class World(NamedTuple):
    """A server and what the paths of the tables name in its workspace."""

    api: Api
    names: dict[str, str]


class Template(NamedTuple):
    """A home whose workspace is copied for each world, and the names in it."""

    home: Path
    names: dict[str, str]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    home = tmp_path_factory.mktemp("template") / "home"
    with serving(quickly_prepared(home)) as app:
        return Template(home, named(Api(app), app))


@contextmanager
def world_of(template: Template, home: Path) -> Iterator[World]:
    with serving(copied(template.home, home)) as app:
        api = Api(app)
        undo = api.ok("DELETE", f"/api/tasks/{template.names['unwanted']}")["undo"]
        yield World(api, template.names | {"undo": undo})


@pytest.fixture
def world(template: Template, tmp_path: Path) -> Iterator[World]:
    """One of its own for a request that changes something."""
    with world_of(template, tmp_path / "home") as made:
        yield made


@pytest.fixture(scope="module")
def still_world(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all requests that change nothing."""
    with world_of(template, tmp_path_factory.mktemp("still") / "home") as made:
        made.api.ok("GET", f"/api/runs/{made.names['run']}/output")  # opens what stays open
        yield made


def named(api: Api, app: Flask) -> dict[str, str]:
    """A task with a message, a file and history, and those with runs."""
    task_id = api.task()["id"]
    api.attach(task_id, "a &=#.md")
    message = api.ok("POST", f"/api/tasks/{task_id}/queue", 201, json={"content": "hello"})
    runs = prepare_runs(api, app)
    entry = api.ok("GET", f"/api/tasks/{task_id}/history")["events"][0]["id"]
    epoch = api.ok("GET", "/api/snapshot")["epoch"]
    unwanted = api.task()["id"]
    return runs | {"id": task_id, "message": message["id"], "entry": entry, "epoch": epoch, "unwanted": unwanted}


def prepare_runs(api: Api, app: Flask) -> dict[str, str]:
    """A provider, a task with an agent at work (`busy`, `run`), one with an ended run, and one with questions."""
    api.ok("POST", "/api/providers", 201, json={"name": "claude", "providerType": {"type": "claude-code"}})
    assert api.request("PUT", "/api/config", json=CONFIG).status_code == 200
    api.ok("PUT", "/api/agents/writer", json=AGENT | {"name": "writer"})
    api.ok("POST", "/api/access-tokens", 201, json={"name": "desk"})
    busy, done, asked = (api.task()["id"] for _ in range(3))
    database = state.of(app).workspace.get().database
    for task_id in (done, busy):
        api.ok("POST", f"/api/tasks/{task_id}/handoff", json=HANDOFF)
    with database.write() as tx:
        claimed = runs.claim(tx)
    assert claimed
    with database.write() as tx:
        runs.ended(tx, claimed[0]["id"], "", crashed=False)
    api.ok("POST", f"/api/tasks/{asked}/plan")
    with database.write() as tx:
        planner = run_records.unfinished(tx, asked)[0]
        runs.take_plan(tx, planner, {"type": "questions", "questions": ["Sure?"]})
    with database.write() as tx:
        runs.ended(tx, planner["id"], "", crashed=False)
    run = api.ok("GET", f"/api/tasks/{busy}/runs")[0]["id"]
    return {"busy": busy, "run": run, "ended": claimed[0]["id"], "asked": asked}


def check_shape(schema: type[Schema], data: Any) -> None:
    assert schema(unknown=RAISE).validate(data) == {}


def check_answer(world: World, method: str, path: str, body: Any, status: int, shape: Any) -> None:
    data = world.api.ok(method, path.format(**world.names), status, **sent(body))
    for item in data if isinstance(shape, list) else [data]:
        check_shape(shape[0] if isinstance(shape, list) else shape, item)


def sent(body: Any) -> dict[str, Any]:
    return {} if body is None else {"json": body}


@pytest.mark.parametrize(("path", "status", "shape"), [row[1:2] + row[3:] for row in ANSWERS if row[0] == "GET"])
def test_answer_to_a_reader(still_world: World, path: str, status: int, shape: Any) -> None:
    check_answer(still_world, "GET", path, None, status, shape)


@pytest.mark.parametrize(("method", "path", "body", "status", "shape"), [row for row in ANSWERS if row[0] != "GET"])
def test_answer_to_a_change(world: World, method: str, path: str, body: Any, status: int, shape: Any) -> None:
    check_answer(world, method, path, body, status, shape)


@pytest.mark.parametrize(("method", "path", "body", "status", "keys"), UNENVELOPED)
def test_answer_without_envelope(world: World, method: str, path: str, body: Any, status: int, keys: set[str]) -> None:
    answer = world.api.request(method, path.format(**world.names), **sent(body))
    assert answer.status_code == status
    assert answer.get_json().keys() == keys
    assert answer.headers["X-Chorus-Seq"].count(":") == 1


@pytest.mark.parametrize(("method", "path", "body", "status", "code", "field"), REFUSALS)
def test_refusal(
    still_world: World, method: str, path: str, body: Any, status: int, code: str, field: str | None
) -> None:
    api, names = still_world
    before = api.ok("GET", "/api/snapshot")
    error = api.refused(method, path.format(**names), status, code, **sent(body))
    assert (field in error["fields"]) if field else ("fields" not in error)
    assert api.ok("GET", "/api/snapshot") == before


def test_the_table_has_every_documented_route(api: Api) -> None:
    document = api.request("GET", "/api/openapi.json").get_json()
    documented = {(method.upper(), path) for path, operations in document["paths"].items() for method in operations}
    tested = [(row[0], str(row[1]).split("?")[0]) for row in [*ANSWERS, *REFUSALS, *UNENVELOPED]]
    for method, path in documented:
        pattern = re.sub(r"{[^}]*}", "[^/]+", path)
        assert any(method == other and re.fullmatch(pattern, tried) for other, tried in tested), (method, path)
