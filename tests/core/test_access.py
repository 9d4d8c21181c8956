"""Access tokens: programs outside list, read, create and report tasks, and nobody ever sees the token again."""

import json
from typing import Any

import pytest

from common.answersize import fits
from common.errors import BadRequest, Conflict, Forbidden, InvalidStatus, NotFound, Unauthorized, ValidationFailed
from common.tools import OUTSIDE
from core import idempotency, restore
from core.access import verbs as access
from core.board import commands
from core.idempotency import Request
from core.runs import records
from core.tasks import records as tasks
from core.tasks import verbs as task_verbs
from core.tools import outside
from core.workspaces.current import Workspace
from tests.helpers.agents import at_work, claimed, do, equip
from tests.helpers.workspace import frames

REPORT = {"status": "complete", "summary": "done", "output": "all of it"}


@pytest.fixture
def token(workspace: Workspace) -> str:
    return do(workspace, access.create, "laptop", list(OUTSIDE))[1]


def call(workspace: Workspace, token: str | None, tool: str, key: Request | None = None, /, **arguments: Any) -> Any:
    return json.loads(outside.perform(workspace.database, outside.Call(token, tool, arguments, key)).body)


def create(workspace: Workspace, token: str) -> str:
    made: str = call(workspace, token, "task.create", description="From afar")["data"]["id"]
    return made


def test_tasks_are_created_listed_and_read(workspace: Workspace, token: str) -> None:
    task_id = create(workspace, token)
    assert [task["id"] for task in call(workspace, token, "task.list", status="pending")["data"]] == [task_id]
    read = call(workspace, token, "task.get", taskId=task_id)["data"]
    assert read["source"] == {"sourceType": "terminal", "userId": "laptop", "conversationId": None}


def test_a_large_board_is_listed_in_pages(workspace: Workspace, token: str) -> None:
    """Each answer fits what agent programs give to their models, however long the descriptions are."""
    with workspace.database.write() as tx:
        source = {"sourceType": "web", "userId": None, "conversationId": None}
        made = [task_verbs.create(tx, f"{n} {'漢字 9 ' * 5_000}", source).id for n in range(230)]
    seen: list[str] = []
    more = True
    while more:
        page = call(workspace, token, "task.list", offset=len(seen), limit=200)
        assert fits(page)
        assert (page["meta"]["total"], page["meta"]["offset"]) == (230, len(seen))
        assert page["data"]
        assert set(page["data"][0]) == {"id", "description", "summary", "status", "assignedAgent", "updatedAt"}
        seen += [row["id"] for row in page["data"]]
        more = page["meta"]["more"]
    assert seen == made
    first = call(workspace, token, "task.list", limit="1", offset="")
    assert (len(first["data"]), first["meta"]["more"]) == (1, True)
    assert first["data"][0]["description"].endswith("…")
    assert call(workspace, token, "task.list")["meta"]["more"]
    assert len(call(workspace, token, "task.list", offset=229)["data"]) == 1
    past = call(workspace, token, "task.list", offset=500)
    assert (past["data"], past["meta"]["more"]) == ([], False)
    none = call(workspace, token, "task.list", status="completed")
    assert (none["data"], none["meta"]["total"], none["meta"]["more"]) == ([], 0, False)


@pytest.mark.parametrize(("status", "after"), [("complete", "completed"), ("failed", "failed"), ("blocked", "waiting")])
def test_report_ends_a_run_of_its_own(workspace: Workspace, token: str, status: str, after: str) -> None:
    task_id = create(workspace, token)
    reported = call(workspace, token, "task.report", taskId=task_id, **(REPORT | {"status": status}))["data"]
    assert reported["status"]["type"] == after
    [entry] = reported["agentChain"]
    assert (entry["agentName"], entry["output"]) == ("laptop", "all of it")
    assert entry["completionReport"]["summary"] == "done"
    with workspace.database.read() as reading:
        assert records.unfinished(reading, task_id) == []
        assert records.load(reading, entry["runId"])["state"] in ("succeeded", "failed", "blocked")


def test_report_never_cuts_in_on_an_agent(workspace: Workspace, token: str) -> None:
    equip(workspace)
    worker = at_work(workspace)
    with pytest.raises(InvalidStatus):
        call(workspace, token, "task.report", taskId=worker.task_id, **REPORT)
    worker.call("completion-report", **REPORT)
    worker.end()
    with pytest.raises(InvalidStatus):
        call(workspace, token, "task.report", taskId=worker.task_id, **REPORT)


def test_token_permits_its_tools_only(workspace: Workspace) -> None:
    _, narrow = do(workspace, access.create, "narrow", ["task.list"])
    with workspace.database.read() as reading:
        assert [tool["name"] for tool in outside.usable(reading, narrow)] == ["task.list"]
    with pytest.raises(Forbidden, match=r"permits: task\.list"):
        call(workspace, narrow, "task.create", description="x")
    with pytest.raises(BadRequest):
        call(workspace, narrow, "file.read", path="x")
    with pytest.raises(ValidationFailed):
        call(workspace, narrow, "task.list", status="nonsense")
    with pytest.raises(Unauthorized):
        call(workspace, None, "task.list")


def test_revoked_token_is_dead_until_it_is_restored(workspace: Workspace, token: str) -> None:
    undo = do(workspace, access.revoke, "laptop")
    with pytest.raises(Unauthorized):
        call(workspace, token, "task.list")
    do(workspace, restore.restore, undo)
    call(workspace, token, "task.list")
    undo = do(workspace, access.revoke, "laptop")
    do(workspace, access.create, "laptop", ["task.list"])
    with pytest.raises(Conflict):
        do(workspace, restore.restore, undo)
    with pytest.raises(NotFound):
        do(workspace, access.revoke, "nobody")


def test_token_is_stored_nowhere(workspace: Workspace, token: str) -> None:
    """Not in the database, its log, or an event; the hint alone is."""
    create(workspace, token)
    do(workspace, access.revoke, "laptop")
    for path in workspace.folder.glob("chorus.db*"):
        assert token.encode() not in path.read_bytes()
    told = [event["data"] for event in frames(workspace) if event["type"] == "access_tokens_changed"]
    assert [sorted(data) for data in told] == [["accessTokens", "deleted"]] * 2
    assert told[0]["accessTokens"][0]["hint"] == token[-4:]
    assert told[1]["deleted"] == ["laptop"]


def test_repeated_key_creates_one_task(workspace: Workspace, token: str) -> None:
    key = Request("key POST /api/tools", "hash")
    first = call(workspace, token, "task.create", key, description="once")
    assert call(workspace, token, "task.create", key, description="once") == first
    assert len(call(workspace, token, "task.list")["data"]) == 1


def test_reported_task_can_be_taken_on_by_an_agent(workspace: Workspace, token: str) -> None:
    """A blocked report leaves a task like any other that waits."""
    equip(workspace)
    task_id = create(workspace, token)
    call(workspace, token, "task.report", taskId=task_id, **(REPORT | {"status": "blocked"}))
    do(workspace, commands.start, task_id, "writer", "go on", force=False)
    claimed(workspace).end()
    with workspace.database.read() as reading:
        assert tasks.load(reading, task_id).status == "waiting"


def test_twins_at_once_create_one_task(workspace: Workspace, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one has looked for an answer just before the first one had it."""
    key, look = Request("key POST /api/tools", "hash"), idempotency.look
    call(workspace, token, "task.create", key, description="once")
    monkeypatch.setattr(idempotency, "look", lambda *_: None)
    monkeypatch.setattr(idempotency, "find", lambda tx, request: look(tx, request, tx.now))
    call(workspace, token, "task.create", key, description="once")
    monkeypatch.undo()
    assert len(call(workspace, token, "task.list")["data"]) == 1
