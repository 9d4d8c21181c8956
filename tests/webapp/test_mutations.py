"""Every route that changes something: it logs its event, and the event holds what is read afterwards."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask

from core.board import commands, lifecycle, planning
from core.runs import records as run_records
from tests.helpers.api import Api
from tests.helpers.workspace import SOURCE, copied, quickly_prepared
from tests.webapp.conftest import serving
from webapp import state

AGENT = {
    "type": "user_defined",
    "name": "new",
    "instructions": "I",
    "allowedTools": ["handoff", "task.get"],
    "provider": "claude",
}
CONFIG = {"allowedAgentDirectories": ["/a"], "initialAgentDirectory": "/a", "systemAgentProvider": "claude"}
CLAUDE = {"name": "claude", "providerType": {"type": "claude-code"}}
HANDOFF = {"agentName": "writer", "prompt": "p", "force": True}
REPORT = {"tool": "completion-report", "status": "complete", "summary": "s", "output": "o"}
Json = dict[str, Any]


class Example(NamedTuple):
    """A request that works. `token` names whose it is: the agent's at work on `busy`, or a program's outside."""

    path: str
    body: Any = None
    token: str = ""


# operationId of the OpenAPI document -> requests
EXAMPLES: dict[str, list[Example]] = {
    "post_api_agents": [Example("/api/agents", AGENT)],
    "put_api_agents_name_": [Example("/api/agents/writer", AGENT), Example("/api/agents/brand-new", AGENT)],
    "delete_api_agents_name_": [Example("/api/agents/fact-checker")],
    "put_api_config": [Example("/api/config", CONFIG)],
    "post_api_config_import": [Example("/api/config/import")],
    "post_api_config_overwrite": [Example("/api/config/overwrite")],
    "post_api_providers": [Example("/api/providers", {"name": "o", "providerType": {"type": "opencode"}})],
    "put_api_providers_name_": [Example("/api/providers/claude", CLAUDE)],
    "delete_api_providers_name_": [Example("/api/providers/claude")],
    "post_api_runs_run_id_cancel": [
        Example("/api/runs/{run}/cancel"),
        Example("/api/runs/{queued_run}/cancel"),
        Example("/api/runs/{parent}/cancel"),
        Example("/api/runs/{child}/cancel"),
    ],
    "post_api_runs_run_id_resume": [Example("/api/runs/{ended}/resume")],
    "post_api_tasks": [Example("/api/tasks", {"description": "x", "source": SOURCE})],
    "patch_api_tasks_task_id_": [Example("/api/tasks/{id}", {"description": "y"})],
    "delete_api_tasks_task_id_": [Example("/api/tasks/{id}")],
    "put_api_tasks_task_id_agent_tools": [Example("/api/tasks/{busy}/agent-tools", {"addTools": ["file.read"]})],
    "post_api_tasks_task_id_answers": [Example("/api/tasks/{asked}/answers", {"answers": ["yes"]})],
    "post_api_tasks_task_id_attachments": [
        Example("/api/tasks/{id}/attachments?filename=new.txt", b"x"),
        Example("/api/tasks/{id}/attachments?filename=a.md", b"x"),
    ],
    "delete_api_tasks_task_id_attachments_filename_": [Example("/api/tasks/{id}/attachments/a.md")],
    "post_api_tasks_task_id_handoff": [
        Example("/api/tasks/{id}/handoff", HANDOFF),
        Example("/api/tasks/{done}/handoff", HANDOFF),
    ],
    "put_api_tasks_task_id_handoff_complete": [
        Example("/api/tasks/{busy}/handoff/complete", {"output": "o"}),
        Example("/api/tasks/{stacked}/handoff/complete", {"output": "o"}),
    ],
    "post_api_tasks_task_id_plan": [Example("/api/tasks/{id}/plan")],
    "put_api_tasks_task_id_planning": [Example("/api/tasks/{id}/planning", {"summary": "s", "plan": ["a"]})],
    "post_api_tasks_task_id_queue": [Example("/api/tasks/{id}/queue", {"content": "hello"})],
    "delete_api_tasks_task_id_queue_message_id_": [Example("/api/tasks/{id}/queue/{message}")],
    "put_api_tasks_task_id_status": [
        Example("/api/tasks/{id}/status", {"status": {"type": "failed", "message": "no"}}),
        Example("/api/tasks/{busy}/status", {"status": "waiting"}),
        Example("/api/tasks/{queued}/status", {"status": "completed"}),
        Example("/api/tasks/{stacked}/status", {"status": "failed"}),
        Example("/api/tasks/{asked}/status", {"status": "pending"}),
    ],
    "post_api_tasks_task_id_tools": [
        Example("/api/tasks/{busy}/tools", {"tool": "help"}, token="agent"),
        Example("/api/tasks/{busy}/tools", {"tool": "handoff", "agentName": "editor", "prompt": "p"}, token="agent"),
        Example("/api/tasks/{busy}/tools", REPORT, token="agent"),
    ],
    "post_api_tools": [
        Example("/api/tools", {"tool": "task.create", "description": "x"}, token="program"),
        Example("/api/tools", REPORT | {"tool": "task.report", "taskId": "{id}"}, token="program"),
    ],
    "post_api_access_tokens": [Example("/api/access-tokens", {"name": "ci"})],
    "delete_api_access_tokens_name_": [Example("/api/access-tokens/program")],
    "post_api_undo_token_": [
        Example("/api/undo/{undo_task}"),
        Example("/api/undo/{undo_file}"),
        Example("/api/undo/{undo_message}"),
        Example("/api/undo/{undo_agent}"),
        Example("/api/undo/{undo_provider}"),
        Example("/api/undo/{undo_access}"),
    ],
}
# These change no workspace, but the list of workspaces or which of them is open, or nothing at all: there is no event.
OUTSIDE = {
    "post_api_config_create",
    "post_api_config_select",
    "delete_api_workspaces",
    "post_api_providers_name_test",
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Json]:
    """A home whose workspace each test gets a copy of, and what the paths name in it."""
    home = tmp_path_factory.mktemp("template") / "home"
    with serving(quickly_prepared(home)) as app:
        return home, named_in(Api(app), app)


@pytest.fixture
def app(template: tuple[Path, Json], tmp_path: Path) -> Iterator[Flask]:
    with serving(copied(template[0], tmp_path / "home")) as made:
        yield made


@pytest.fixture
def world(api: Api, template: tuple[Path, Json]) -> Json:
    """What the paths name: tasks in every stage of work, their runs, and things deleted a moment ago."""
    names = template[1]
    undo = {
        "undo_task": f"/api/tasks/{names['unwanted']}",
        "undo_file": f"/api/tasks/{names['id']}/attachments/gone.md",
        "undo_message": f"/api/tasks/{names['id']}/queue/{names['withdrawn']}",
        "undo_agent": "/api/agents/researcher",
        "undo_provider": "/api/providers/former",
        "undo_access": "/api/access-tokens/gone",
    }
    return names | {name: api.ok("DELETE", path)["undo"] for name, path in undo.items()}


def named_in(api: Api, app: Flask) -> Json:
    api.ok("POST", "/api/providers", 201, json=CLAUDE)
    assert api.request("PUT", "/api/config", json=CONFIG).status_code == 200
    api.ok("POST", "/api/providers", 201, json={"name": "former", "providerType": {"type": "opencode"}})
    for name, provider in (("writer", "claude"), ("editor", "claude"), ("planner", "former")):
        api.ok("PUT", f"/api/agents/{name}", json=AGENT | {"name": name, "provider": provider})
    found = prepare_runs(api, app)
    task_id = api.task()["id"]
    api.attach(task_id, "a.md")
    message, withdrawn = (
        api.ok("POST", f"/api/tasks/{task_id}/queue", 201, json={"content": "hello"})["id"] for _ in range(2)
    )
    api.attach(task_id, "gone.md")
    program, _ = (api.ok("POST", "/api/access-tokens", 201, json={"name": name}) for name in ("program", "gone"))
    made = {"id": task_id, "unwanted": api.task()["id"], "message": message, "withdrawn": withdrawn}
    return found | made | {"program": program["token"]}


def prepare_runs(api: Api, app: Flask) -> Json:
    """Tasks `done`, `busy` (with the token `agent`), `stacked` (a parent and a child), `asked` and `queued`."""
    done, busy, stacked, asked, queued = (api.task()["id"] for _ in range(5))
    database = state.of(app).workspace.get().database
    ids, token = {}, {}
    for name, task_id in (("done", done), ("busy", busy), ("stacked", stacked)):
        api.ok("POST", f"/api/tasks/{task_id}/handoff", json=HANDOFF)
        with database.write() as tx:
            claimed = lifecycle.claim(tx)
            assert claimed
            ids[name], token[name] = lifecycle.mark_running(tx, claimed[0]["id"])["id"], claimed[1]
    with database.write() as tx:
        lifecycle.end(tx, ids["done"], "", crashed=False)
    with database.write() as tx:
        child = commands.hand_off(tx, run_records.load(tx, ids["stacked"]), "editor", "p")
    api.ok("POST", f"/api/tasks/{asked}/plan")
    with database.write() as tx:
        planner = run_records.unfinished(tx, asked)[0]
        planning.take_plan(tx, planner, {"type": "questions", "questions": ["Sure?"]})
    with database.write() as tx:
        lifecycle.end(tx, planner["id"], "", crashed=False)
    api.ok("POST", f"/api/tasks/{queued}/handoff", json=HANDOFF)
    waits = api.ok("GET", f"/api/tasks/{queued}/runs")[0]["id"]
    tasks = {"done": done, "busy": busy, "stacked": stacked, "asked": asked, "queued": queued}
    runs_by_name = {"ended": ids["done"], "run": ids["busy"], "parent": ids["stacked"], "child": child["id"]}
    return tasks | runs_by_name | {"queued_run": waits, "agent": token["busy"]}


def operations(api: Api) -> dict[str, str]:
    """operationId -> method, of every route that may change something."""
    paths = api.request("GET", "/api/openapi.json").get_json()["paths"]
    found = {kept["operationId"]: method for kinds in paths.values() for method, kept in kinds.items()}
    return {name: method.upper() for name, method in found.items() if method != "get"}


def test_every_mutating_route_has_an_example(api: Api) -> None:
    assert EXAMPLES.keys() | OUTSIDE == operations(api).keys()


@pytest.mark.parametrize(
    ("operation", "example"), [(name, each) for name, examples in EXAMPLES.items() for each in examples]
)
def test_it_logs_one_event_with_what_is_read_afterwards(
    api: Api, world: Json, operation: str, example: Example
) -> None:
    before = api.seq()
    answer = send(api, operation.partition("_")[0].upper(), example, world)
    assert answer.status_code < 300, answer.get_data(as_text=True)
    [event] = api.events(before)
    assert answer.headers["X-Chorus-Seq"].endswith(f":{event['seq']}")
    for item in event["data"] if event["type"] == "transaction" else [event]:
        CHECKS[item["type"]](api, item["data"])
        check_history(api, item)
    check_stored_forms(api)


def send(api: Api, method: str, example: Example, world: Json) -> Any:
    headers = {"Authorization": f"Bearer {world.get(example.token)}", "Prefer": "respond-async"}
    kind = "data" if isinstance(example.body, bytes) else "json"
    body = {} if example.body is None else {kind: named(example.body, world)}
    return api.request(method, example.path.format(**world), headers=headers, **body)


def named(body: Any, world: Json) -> Any:
    """The body with what the world calls `{id}`."""
    return (
        {key: world["id"] if value == "{id}" else value for key, value in body.items()} if type(body) is dict else body
    )


# --- each kind of item against the route that reads the same entity ---


def check_task(api: Api, data: Json) -> None:
    assert data == api.ok("GET", f"/api/tasks/{data['id']}")


def check_deleted_task(api: Api, data: Json) -> None:
    api.refused("GET", f"/api/tasks/{data['id']}", 404, "NOT_FOUND")


def check_run(api: Api, data: Json) -> None:
    read = api.ok("GET", f"/api/runs/{data['id']}")
    assert data == {key: read[key] for key in data}


def check_queue(api: Api, data: Json) -> None:
    assert data["queue"] == api.ok("GET", f"/api/tasks/{data['taskId']}/queue")


def check_agents(api: Api, data: Json) -> None:
    for agent in data["agents"]:
        assert agent == api.ok("GET", f"/api/agents/{agent['name']}")
    for name in data["deleted"]:
        api.refused("GET", f"/api/agents/{name}", 404, "NOT_FOUND")


def check_providers(api: Api, data: Json) -> None:
    for provider in data["providers"]:
        assert provider == api.ok("GET", f"/api/providers/{provider['name']}")
    for name in data["deleted"]:
        api.refused("GET", f"/api/providers/{name}", 404, "NOT_FOUND")


def check_access_tokens(api: Api, data: Json) -> None:
    listed = {token["name"]: token for token in api.ok("GET", "/api/access-tokens")}
    assert all(listed[token["name"]] == token for token in data["accessTokens"])
    assert not listed.keys() & set(data["deleted"])


def check_config(api: Api, data: Json) -> None:
    read = api.request("GET", "/api/config").get_json()
    assert data == {"config": read["data"], "configPath": read["configPath"]}


def check_history(api: Api, item: Json) -> None:
    task_id = item["data"].get("id") or item["data"].get("taskId")
    for entry in item.get("history", []):
        assert entry == api.ok("GET", f"/api/tasks/{task_id}/history/{entry['id']}")


CHECKS = {
    "task_created": check_task,
    "task_updated": check_task,
    "task_deleted": check_deleted_task,
    "history_appended": lambda _api, _data: None,
    "queue_changed": check_queue,
    "run_updated": check_run,
    "agents_changed": check_agents,
    "providers_changed": check_providers,
    "access_tokens_changed": check_access_tokens,
    "config_changed": check_config,
}


def check_stored_forms(api: Api) -> None:
    """What is stored to be listed and pushed is what the rows say: nothing has changed beside the event."""
    for task in api.ok("GET", "/api/tasks"):
        check_task(api, task)
        for run in api.ok("GET", f"/api/tasks/{task['id']}/runs"):
            check_run(api, run)


@pytest.fixture(autouse=True)
def _positions(api: Api) -> Iterator[None]:
    """The log has no hole, whatever was sent."""
    yield
    seqs = [event["seq"] for event in api.events()]
    assert seqs == list(range(1, len(seqs) + 1))
