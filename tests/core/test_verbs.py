"""Every verb changes rows and logs exactly one event that carries the entity as it ends up."""

import io
import json
import os
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from common.db import eventlog, tables
from common.db.database import Reading
from common.errors import BadRequest, Conflict, InvalidTransition, NotFound, ResyncNeeded, Stale
from common.events import TaskStatus
from core import housekeeping, restore, snapshot
from core.attachments import files
from core.attachments import verbs as attachments
from core.board import commands, lifecycle
from core.runs import records as runs
from core.tasks import history, queries, queue, records, verbs
from core.tasks.task import Task
from core.workspaces.current import Workspace
from tests.helpers.workspace import SOURCE, frames

DAY_MS = 24 * 3600 * 1000
T = TypeVar("T")


def do(workspace: Workspace, verb: Callable[..., T], *arguments: object) -> T:
    with workspace.database.write() as tx:
        return verb(tx, *arguments)


def do_at(workspace: Workspace, now: int, verb: Callable[..., T], *arguments: object) -> T:
    with workspace.database.write(lambda: now) as tx:
        return verb(tx, *arguments)


def stored_wire(workspace: Workspace, task_id: str) -> dict[str, Any]:
    with workspace.database.read() as reading:
        text = reading.execute(sa.select(tables.tasks.c.wire).where(tables.tasks.c.id == task_id)).scalar_one()
    return dict(json.loads(text))


@pytest.fixture
def task(workspace: Workspace) -> Task:
    return do(workspace, verbs.create, "Write a story", SOURCE)


def attached(workspace: Workspace, task: Task, name: str, content: bytes = b"x") -> str:
    attachment_id = str(uuid.uuid4())
    files.store(files.path_of(workspace.uploads, task.id, attachment_id), io.BytesIO(content), len(content))
    do(workspace, attachments.attach, task.id, attachment_id, name, len(content))
    return attachment_id


def test_each_change_is_one_event_with_the_stored_entity(workspace: Workspace, task: Task) -> None:
    do(workspace, verbs.edit, task.id, {"description": "Another"}, None)
    do(workspace, verbs.edit_planning, task.id, {"plan": ["a"], "summary": "s"}, None)
    do(workspace, commands.change_status, task.id, TaskStatus.PLANNED, None, None)
    events = frames(workspace)
    assert [event["type"] for event in events] == ["task_created", "task_updated", "task_updated", "task_updated"]
    assert [event["seq"] for event in events] == [1, 2, 3, 4]
    assert events[-1]["data"] == stored_wire(workspace, task.id)
    assert events[-1]["data"]["version"] == 4
    assert [entry["eventType"] for event in events for entry in event["history"]] == [
        "task_created",
        "description_edited",
        "planning_edited",
        "status_changed",
    ]


def test_refused_move_changes_nothing(workspace: Workspace, task: Task) -> None:
    with pytest.raises(InvalidTransition):
        do(workspace, commands.change_status, task.id, TaskStatus.COMPLETED, None, None)
    assert len(frames(workspace)) == 1
    assert stored_wire(workspace, task.id)["version"] == 1


def test_if_match_refuses_only_a_field_changed_since(workspace: Workspace, task: Task) -> None:
    do(workspace, verbs.edit, task.id, {"description": "By one"}, 1)
    do(workspace, verbs.edit_planning, task.id, {"plan": ["a"]}, 1)  # another field: merges
    with pytest.raises(Stale) as refused:
        do(workspace, verbs.edit, task.id, {"description": "By two"}, 1)
    assert refused.value.extra["current"]["description"] == "By one"
    do(workspace, verbs.edit, task.id, {"description": "By two"}, 2)
    do(workspace, verbs.edit_planning, task.id, {"plan": ["b"]}, 3)


def test_failed_carries_its_message_and_waiting_its_agent(workspace: Workspace, task: Task) -> None:
    do(workspace, commands.change_status, task.id, TaskStatus.FAILED, "No credit left", None)
    assert stored_wire(workspace, task.id)["status"] == {"type": "failed", "message": "No credit left"}
    do(workspace, commands.change_status, task.id, TaskStatus.PENDING, None, None)
    assert stored_wire(workspace, task.id)["status"] == {"type": "pending"}


def test_deleted_task_is_gone_and_comes_back_whole(workspace: Workspace, task: Task) -> None:
    """(D12)"""
    attached(workspace, task, "a.txt")
    do(workspace, queue.enqueue, task.id, "hello")
    before = stored_wire(workspace, task.id)
    token = do(workspace, verbs.delete, task.id)
    with workspace.database.read() as reading, pytest.raises(NotFound):
        records.load(reading, task.id)
    assert frames(workspace)[-1]["data"] == {"id": task.id}
    do(workspace, restore.restore, token)
    after = stored_wire(workspace, task.id)
    assert frames(workspace)[-1]["type"] == "task_created"
    assert frames(workspace)[-1]["data"] == after
    assert {**after, "seq": 0} == {**before, "seq": 0}
    with workspace.database.read() as reading:
        assert [message["content"] for message in queue.read(reading, task.id)["messages"]] == ["hello"]


def test_undo_works_once_and_for_a_minute(workspace: Workspace, task: Task) -> None:
    token = do_at(workspace, 1_000_000, verbs.delete, task.id)
    with pytest.raises(NotFound):
        do_at(workspace, 1_060_001, restore.restore, token)
    do_at(workspace, 1_059_000, restore.restore, token)
    with pytest.raises(NotFound):
        do_at(workspace, 1_059_001, restore.restore, token)


def test_task_with_a_running_agent_is_not_deleted(workspace: Workspace, task: Task) -> None:
    with workspace.database.write() as tx:
        runs.insert(tx, task.id, "writer", "agent", "prompt", tools=[], parent=None)
    with pytest.raises(Conflict):
        do(workspace, verbs.delete, task.id)


def test_messages_come_and_go_in_order(workspace: Workspace, task: Task) -> None:
    first = do(workspace, queue.enqueue, task.id, "one")
    do(workspace, queue.enqueue, task.id, "two")
    token = do(workspace, queue.withdraw, task.id, first["id"])
    assert frames(workspace)[-1]["type"] == "queue_changed"
    assert [m["content"] for m in frames(workspace)[-1]["data"]["queue"]["messages"]] == ["two"]
    do(workspace, restore.restore, token)
    assert [m["content"] for m in frames(workspace)[-1]["data"]["queue"]["messages"]] == ["one", "two"]


def test_message_on_its_way_waits_again_where_the_run_ends_before_it_begins(workspace: Workspace, task: Task) -> None:
    """Whoever ends it: its runner, recovery after the runner died, a person, a pause."""
    first = do(workspace, queue.enqueue, task.id, "one")
    for end in (lifecycle.interrupt, lifecycle.pause):
        with workspace.database.write() as tx:
            run = runs.insert(tx, task.id, "writer", "agent", "prompt", tools=[], parent=None)
            run = runs.save(tx, run, state="running")
        assert do(workspace, queue.begin_delivery, task.id, run["id"]) == ["one"]
        late = do(workspace, queue.enqueue, task.id, "two")
        with pytest.raises(Conflict, match="being given"):
            do(workspace, queue.withdraw, task.id, first["id"])
        do(workspace, queue.withdraw, task.id, late["id"])
        assert frames(workspace)[-1]["data"]["queue"]["messages"] == []
        do(workspace, end, run["id"], "why", *([] if end is lifecycle.interrupt else [1]))
        with workspace.database.read() as reading:
            assert [message["content"] for message in queue.waiting(reading, task.id)] == ["one"]
    assert do(workspace, queue.begin_delivery, task.id, run["id"]) == ["one"]
    do(workspace, queue.deliver, task.id, run["id"])
    do(workspace, queue.give_back, task.id, run["id"])
    with workspace.database.read() as reading:
        assert queue.waiting(reading, task.id) == []
        assert queue.delivered(reading, task.id, {run["id"]}) == ["one"]


def test_delivery_of_nothing_is_no_event(workspace: Workspace, task: Task) -> None:
    """What was to be told was taken back meanwhile."""
    message = do(workspace, queue.enqueue, task.id, "hurry")
    do(workspace, queue.withdraw, task.id, message["id"])
    before = frames(workspace)
    do(workspace, queue.deliver, task.id, "run")
    assert frames(workspace) == before


def test_queue_is_bounded(workspace: Workspace, task: Task) -> None:
    for number in range(queue.MESSAGES_AT_MOST):
        do(workspace, queue.enqueue, task.id, str(number))
    with pytest.raises(Conflict):
        do(workspace, queue.enqueue, task.id, "one too many")


def test_same_name_replaces_the_attachment(workspace: Workspace, task: Task) -> None:
    """(D8)"""
    attached(workspace, task, "a.md", b"old")
    newer = attached(workspace, task, "a.md", b"newer")
    wire = stored_wire(workspace, task.id)
    assert [(a["filename"], a["size"], a["contentType"]) for a in wire["attachments"]] == [("a.md", 5, "text/markdown")]
    with workspace.database.read() as reading:
        assert attachments.find(reading, task.id, "a.md").id == newer


def test_undo_of_an_attachment_does_not_hide_a_newer_one(workspace: Workspace, task: Task) -> None:
    attached(workspace, task, "a.md", b"old")
    _, token = do(workspace, attachments.remove, task.id, "a.md")
    attached(workspace, task, "a.md", b"newer")
    with pytest.raises(Conflict):
        do(workspace, restore.restore, token)
    _, second = do(workspace, attachments.remove, task.id, "a.md")
    do(workspace, restore.restore, second)
    assert stored_wire(workspace, task.id)["attachments"][0]["size"] == 5


def test_done_tasks_leave_the_board_after_their_days_and_come_back_reopened(workspace: Workspace, task: Task) -> None:
    do_at(workspace, 10 * DAY_MS, commands.change_status, task.id, TaskStatus.FAILED, "no", None)
    assert do_at(workspace, 17 * DAY_MS - 1, verbs.archive_due, 7) == 0
    assert do_at(workspace, 17 * DAY_MS, verbs.archive_due, 7) == 1
    assert frames(workspace)[-1]["type"] == "task_archived"
    with workspace.database.read() as reading:
        assert queries.board(reading) == "[]"
        assert [t["id"] for t in json.loads(queries.archived(reading, None, "story", None, 10))] == [task.id]
        assert json.loads(queries.archived(reading, None, "nothing", None, 10)) == []
    with pytest.raises(Conflict):
        do(workspace, verbs.edit, task.id, {"description": "x"}, None)
    do(workspace, commands.change_status, task.id, TaskStatus.PENDING, None, None)
    with workspace.database.read() as reading:
        assert [t["archivedAt"] for t in json.loads(queries.board(reading))] == [None]


def test_several_archived_at_once_are_one_transaction_event(workspace: Workspace, task: Task) -> None:
    other = do(workspace, verbs.create, "Two", SOURCE)
    for each in (task, other):
        do_at(workspace, DAY_MS, commands.change_status, each.id, TaskStatus.FAILED, "", None)
    do_at(workspace, 9 * DAY_MS, verbs.archive_due, 7)
    event = frames(workspace)[-1]
    assert event["type"] == "transaction"
    assert [(part["type"], part["data"]["id"]) for part in event["data"]] == [
        ("task_archived", task.id),
        ("task_archived", other.id),
    ]


def test_archived_tasks_are_paged_last_first(workspace: Workspace) -> None:
    made = [do(workspace, verbs.create, str(n), SOURCE).id for n in range(5)]
    for task_id in made:
        do_at(workspace, DAY_MS, commands.change_status, task_id, TaskStatus.FAILED, "", None)
    do_at(workspace, 9 * DAY_MS, verbs.archive_due, 7)
    with workspace.database.read() as reading:
        first = [t["id"] for t in json.loads(queries.archived(reading, None, None, None, 3))]
        rest = [t["id"] for t in json.loads(queries.archived(reading, None, None, first[-1], 3))]
    assert first + rest == made[::-1]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("STORY", 1),
        ("über", 1),
        ("ÜBER story", 1),
        ("story Ärger", 0),
        ("50%", 1),
        ("5_%", 0),
        ("  ", 2),
        ("zwei", 1),
        ("o ä " * 125, 0),
    ],
)
def test_search_finds_all_words_in_any_case(workspace: Workspace, search: str, found: int) -> None:
    """As the board's own search does."""
    do(workspace, verbs.create, "A story Über 50% of us", SOURCE)
    other = do(workspace, verbs.create, "Something", SOURCE)
    do(workspace, verbs.edit_planning, other.id, {"summary": "Teil Zwei"}, None)
    with workspace.database.read() as reading:
        assert len(json.loads(queries.board(reading, None, search))) == found


def test_history_is_cut_on_the_wire_and_full_on_request(workspace: Workspace) -> None:
    task = do(workspace, verbs.create, "ö" * 5000, SOURCE)
    with workspace.database.read() as reading:
        [entry] = json.loads(history.page(reading, task.id, None, 10))["events"]
        full = history.entry(reading, task.id, entry["id"])
    assert entry["truncated"] == ["description"]
    assert len(entry["data"]["description"].encode()) == history.VALUE_BYTES
    assert full["data"]["description"] == "ö" * 5000


def test_history_pages_backwards(workspace: Workspace, task: Task) -> None:
    for number in range(5):
        do(workspace, verbs.edit, task.id, {"description": str(number)}, None)
    with workspace.database.read() as reading:
        newest = json.loads(history.page(reading, task.id, None, 2))["events"]
        older = json.loads(history.page(reading, task.id, newest[0]["id"], 2))["events"]
    assert [e["data"]["description"] for e in older + newest] == ["1", "2", "3", "4"]


def test_snapshot_holds_what_the_events_say(workspace: Workspace, task: Task) -> None:
    do(workspace, verbs.edit_planning, task.id, {"plan": ["x"]}, None)
    with workspace.database.read() as reading:
        board = json.loads(snapshot.build(reading, "/somewhere/chorus.json"))
        answer = json.loads(snapshot.events_since(reading, reading.position.epoch, 0))
    assert board["tasks"] == [frames(workspace)[-1]["data"]]
    assert (board["seq"], board["epoch"]) == (2, answer["epoch"])
    assert [event["seq"] for event in answer["events"]] == [1, 2]


def test_events_come_in_pages_of_bounded_size(
    workspace: Workspace, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By number and by bytes; who goes on after the last one misses none."""
    monkeypatch.setattr(snapshot, "_PAGE", 2)
    for number in range(8):
        do(workspace, verbs.edit, task.id, {"description": f"{number} {'x' * 500}"}, None)
    with workspace.database.read() as reading:
        seqs = [told(reading, since) for since in (0, 4)]
        size = len(eventlog.tail(reading.connection, 2, 1)[0].frame)
        monkeypatch.setattr(snapshot, "BYTES_AT_ONCE", 3 * size)
        few = told(reading, 2)
    assert seqs == [list(range(1, 10)), list(range(5, 10))]
    assert few == [3, 4, 5], "in the middle of what was read at once"


def told(reading: Reading, since: int) -> list[int]:
    return [
        event["seq"] for event in json.loads(snapshot.events_since(reading, reading.position.epoch, since))["events"]
    ]


@pytest.mark.parametrize(("epoch", "since", "reason"), [("other", 0, "epoch"), (None, 99, "ahead")])
def test_events_that_cannot_be_continued(workspace: Workspace, task: Task, epoch: str, since: int, reason: str) -> None:
    with workspace.database.read() as reading, pytest.raises(ResyncNeeded) as refused:
        snapshot.events_since(reading, epoch or reading.position.epoch, since)
    assert refused.value.extra["reason"] == reason


def test_housekeeping_sweeps_what_is_past_its_undo(workspace: Workspace, task: Task) -> None:
    """(D12)"""
    kept = attached(workspace, task, "kept.txt")
    doomed = do(workspace, verbs.create, "doomed", SOURCE)
    file_id = attached(workspace, doomed, "gone.txt")
    do(workspace, queue.enqueue, doomed.id, "m")
    do_at(workspace, 1, verbs.delete, doomed.id)
    events = len(frames(workspace))
    for _ in range(3):
        housekeeping.run(workspace.database, workspace.uploads, 7)
    assert len(frames(workspace)) == events
    assert not files.path_of(workspace.uploads, doomed.id, file_id).exists()
    assert files.path_of(workspace.uploads, task.id, kept).exists()
    with workspace.database.read() as reading:
        counts = [
            reading.execute(sa.select(sa.func.count()).select_from(table)).scalar()
            for table in (tables.tasks, tables.attachments, tables.messages)
        ]
    assert counts == [1, 1, 0]


def test_what_agents_left_goes_with_their_task(workspace: Workspace, task: Task) -> None:
    """The folder they worked in, and the conversations that our own loop has kept."""
    doomed = do(workspace, verbs.create, "doomed", SOURCE)
    left = []
    for each in (task, doomed):
        session = str(uuid.uuid4())
        with workspace.database.write() as tx:
            run = runs.insert(tx, each.id, "writer", "agent", "go", tools=[], parent=None, session_id=session)
            runs.save(tx, run, state="interrupted", ended_at=tx.now)
        left.append((workspace.folder / "work" / each.id / "writer", workspace.folder / "sessions" / f"{session}.json"))
    for folder, talk in left:
        folder.mkdir(parents=True)
        talk.parent.mkdir(exist_ok=True)
        talk.write_text("[]")
    do_at(workspace, 1, verbs.delete, doomed.id)
    for _ in range(3):
        housekeeping.run(workspace.database, workspace.uploads, 7)
    assert [(folder.exists(), talk.exists()) for folder, talk in left] == [(True, True), (False, False)]
    assert not left[1][0].parent.exists()


def test_upload_that_was_swept_while_it_stood_still_is_not_attached(workspace: Workspace, task: Task) -> None:
    """The machine slept for hours in the middle of it."""
    files.store(files.path_of(workspace.uploads, task.id, str(uuid.uuid4())), io.BytesIO(b"another upload"), None)
    path = files.path_of(workspace.uploads, task.id, str(uuid.uuid4()))

    class Sleepy(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            chunk = super().read(size)
            if not chunk:
                os.utime(path, (0, 0))
                housekeeping.run(workspace.database, workspace.uploads, 7)
            return chunk

    with pytest.raises(BadRequest):
        files.store(path, Sleepy(b"hello"), 5)


def test_housekeeping_leaves_what_is_not_an_attachment(workspace: Workspace, task: Task) -> None:
    """Somebody may have made another workspace in this folder."""
    left, right = (
        workspace.uploads / "other" / "chorus.db",
        files.path_of(workspace.uploads, task.id, str(uuid.uuid4())),
    )
    for path in (left, right):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
        os.utime(path, (1, 1))
    housekeeping.run(workspace.database, workspace.uploads, 7)
    assert (left.exists(), right.exists()) == (True, False)


def test_recently_deleted_things_are_kept_for_their_undo(workspace: Workspace, task: Task) -> None:
    attached(workspace, task, "a.txt")
    token = do(workspace, verbs.delete, task.id)
    housekeeping.run(workspace.database, workspace.uploads, 7)
    do(workspace, restore.restore, token)
    assert stored_wire(workspace, task.id)["attachmentCount"] == 1


def test_events_that_are_no_longer_kept(workspace: Workspace, task: Task) -> None:
    """Some are gone, or all: neither is a page with nothing in it."""
    for number in range(3):
        do(workspace, verbs.edit, task.id, {"description": str(number)}, None)
    engine = sa.create_engine(f"sqlite:///{workspace.database.path}")
    for last in (2, 4):
        with engine.begin() as connection:
            connection.execute(sa.delete(tables.events).where(tables.events.c.seq <= last))
        with workspace.database.read() as reading, pytest.raises(ResyncNeeded) as refused:
            snapshot.events_since(reading, reading.position.epoch, 1)
        assert refused.value.extra["reason"] == "expired"
    engine.dispose()
    with workspace.database.read() as reading:
        assert told(reading, 4) == []
