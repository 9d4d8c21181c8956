"""The daily counters say what a full scan says, whatever was done; and what events carry is what was added."""

import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from common.days import day_of
from common.db import counters, migrations, tables
from common.db.counters import DAY_MS
from common.errors import ChorusError
from common.events import TaskStatus
from core import restore
from core.agents import verbs as agents
from core.board import commands, lifecycle, planning
from core.config import verbs as config
from core.insights import queries
from core.providers import verbs as providers
from core.runs import records as run_records
from core.tasks import verbs
from core.workspaces.current import Workspace
from tests.helpers.workspace import SOURCE, frames, open_workspace

T = TypeVar("T")
START = 1_700_000_000_000
ARCHIVE_DAYS = 2
REPORT = {"status": "complete", "summary": "done", "output": "all", "blockedReason": None}
Key = tuple[int, str, str]


def stored(workspace: Workspace) -> dict[Key, int]:
    """All counters, (day, metric, key) -> value."""
    c = tables.daily_counters.c
    with workspace.database.read() as reading:
        rows = reading.execute(sa.select(c.day, c.metric, c.key, c.value)).all()
    return {(row.day, row.metric, row.key): row.value for row in rows if row.value}


def pushed(workspace: Workspace) -> dict[Key, int]:
    """The same from the events."""
    total: Counter[Key] = Counter()
    for event in frames(workspace):
        for metric, by_key in event.get("counters", {}).items():
            for key, value in by_key.items():
                total[day_of(event["at"]), metric, key] += value
    return {key: value for key, value in total.items() if value}


def on_board(workspace: Workspace) -> dict[str, int]:
    """Tasks by status, counted."""
    t = tables.tasks.c
    statement = sa.select(t.status, sa.func.count()).where(t.archived_at.is_(None), t.deleted_at.is_(None))
    with workspace.database.read() as reading:
        return {row[0]: row[1] for row in reading.execute(statement.group_by(t.status))}


def flows(workspace: Workspace) -> dict[Key, int]:
    """`flow`, `left` and `spentMs` from every task's own history."""
    t, h = tables.tasks.c, tables.history.c
    total: Counter[Key] = Counter()
    with workspace.database.read() as reading:
        since = {row[0]: row[1] for row in reading.execute(sa.select(t.id, t.created_at))}
        moves = reading.execute(
            sa.select(h.task_id, h.at, h.data).where(h.event_type == "status_changed").order_by(h.id)
        )
        for at in since.values():
            total[day_of(at), "flow", "created"] += 1
        for task_id, at, data in moves:
            total[day_of(at), "left", data["from"]] += 1
            total[day_of(at), "spentMs", data["from"]] += at - since[task_id]
            since[task_id] = at
            if data["to"] in ("completed", "failed"):
                total[day_of(at), "flow", data["to"]] += 1
    return {key: value for key, value in total.items() if value}


def used(workspace: Workspace) -> dict[tuple[str, str], int]:
    """Everything about runs, over all days, from their rows."""
    total: Counter[tuple[str, str]] = Counter()
    with workspace.database.read() as reading:
        rows = [dict(row._mapping) for row in reading.execute(sa.select(tables.runs))]
    for run in rows:
        total["tokensIn", run["agent_name"]] += run["tokens_input"]
        total["tokensOut", run["agent_name"]] += run["tokens_output"]
        total["costMicroUsd", run["agent_name"]] += round((run["cost_usd"] or 0) * 1_000_000)
        if run["ended_at"] is not None:
            total["runs", f"{run['agent_name']}/{run['state']}"] += 1
    return {key: value for key, value in total.items() if value}


def make_runnable(workspace: Workspace) -> None:
    """Providers for the planner and two agents."""
    with workspace.database.write(lambda: START) as tx:
        providers.create(tx, {"name": "claude", "provider_type": {"type": "claude-code"}})
        defaults: dict[str, Any] = {"allowed_directories": [], "initial_directory": "", "port": None}
        config.replace(tx, defaults | {"system_provider": "claude"}, None)
        for name in ("writer", "editor"):
            agents.replace(tx, name, agents.get(tx, name) | {"provider": "claude", "allowed_tools": []}, None)


class Counted(RuleBasedStateMachine):
    """Random work of people and agents on a few tasks, over many days."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.now = START
        self.tasks: list[str] = []
        self.undo: list[tuple[str, str]] = []
        self.running: list[str] = []
        self.at_end: dict[int, dict[str, int]] = {}

    @initialize()
    def open(self) -> None:
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.workspace = self.stack.enter_context(open_workspace(Path(folder) / "home"))
        make_runnable(self.workspace)

    def teardown(self) -> None:
        with self.stack:
            if hasattr(self, "workspace"):
                self.check()

    def do(self, verb: Callable[..., T], *arguments: Any, **named: Any) -> T | None:
        """What the verb returns; None where it refused."""
        self.now += 1
        with suppress(ChorusError), self.workspace.database.write(lambda: self.now) as tx:
            return verb(tx, *arguments, **named)
        return None

    @rule()
    def create(self) -> None:
        task = self.do(verbs.create, "x", SOURCE)
        assert task
        self.tasks.append(task.id)

    @precondition(lambda self: self.tasks)
    @rule(data=st.data(), status=st.sampled_from(TaskStatus))
    def move(self, data: st.DataObject, status: TaskStatus) -> None:
        self.do(commands.change_status, data.draw(st.sampled_from(self.tasks)), status, "why", None)

    @precondition(lambda self: self.tasks)
    @rule(data=st.data(), agent=st.sampled_from(["writer", "editor"]))
    def start(self, data: st.DataObject, agent: str) -> None:
        self.do(commands.start, data.draw(st.sampled_from(self.tasks)), agent, "go", force=True)

    @precondition(lambda self: self.tasks)
    @rule(data=st.data())
    def plan(self, data: st.DataObject) -> None:
        self.do(planning.plan, data.draw(st.sampled_from(self.tasks)))

    @rule()
    def claim(self) -> None:
        claimed = self.do(lifecycle.claim)
        if claimed:
            self.running.append(claimed[0]["id"])
            self.do(lifecycle.mark_running, claimed[0]["id"])

    @precondition(lambda self: self.running)
    @rule(data=st.data(), tokens=st.integers(0, 500), usd=st.floats(0, 2))
    def use(self, data: st.DataObject, tokens: int, usd: float) -> None:
        def report_usage(tx: Any, run_id: str) -> None:
            run = run_records.load(tx, run_id)
            spent = {"tokens_input": run["tokens_input"] + tokens, "tokens_output": run["tokens_output"] + 1}
            run_records.save(tx, run, **spent, cost_usd=(run["cost_usd"] or 0) + usd)

        self.do(report_usage, data.draw(st.sampled_from(self.running)))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), crashed=st.booleans(), reports=st.booleans())
    def end(self, data: st.DataObject, crashed: bool, reports: bool) -> None:
        run_id = data.draw(st.sampled_from(self.running))
        if reports:
            self.do(lambda tx: lifecycle.report(tx, run_records.load(tx, run_id), REPORT))
        self.do(lifecycle.end, run_id, "out", crashed=crashed)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self.do(commands.cancel, data.draw(st.sampled_from(self.running)))

    @precondition(lambda self: self.tasks)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        task_id = data.draw(st.sampled_from(self.tasks))
        token = self.do(verbs.delete, task_id)
        if token:
            self.tasks.remove(task_id)
            self.undo.append((task_id, token))

    @precondition(lambda self: self.undo)
    @rule()
    def restore(self) -> None:
        task_id, token = self.undo.pop()
        if self.do(restore.restore, token):
            self.tasks.append(task_id)

    @rule(days=st.sampled_from([0.3, 1, 2.5]))
    def wait(self, days: float) -> None:
        """Later, perhaps on another day."""
        self.note()
        self.now += int(days * DAY_MS)

    def note(self) -> None:
        """The number of tasks at the end of the day, or so far."""
        self.at_end[day_of(self.now)] = on_board(self.workspace)

    @rule()
    def archive(self) -> None:
        self.do(verbs.archive_due, ARCHIVE_DAYS)

    @invariant()
    def the_board_is_the_sum(self) -> None:
        if hasattr(self, "workspace"):
            with self.workspace.database.read() as reading:
                assert counters.totals_before(reading.connection, "tasks", 2**40) == on_board(self.workspace)

    def check(self) -> None:
        self.note()
        found = stored(self.workspace)
        assert found == pushed(self.workspace)
        assert {key: n for key, n in found.items() if key[1] in ("flow", "left", "spentMs")} == flows(self.workspace)
        by_run: Counter[tuple[str, str]] = Counter()
        for (_, metric, key), value in found.items():
            if metric in ("runs", "tokensIn", "tokensOut", "costMicroUsd"):
                by_run[metric, key] += value
        assert {key: value for key, value in by_run.items() if value} == used(self.workspace)
        with self.workspace.database.read() as reading:
            for day, counted in self.at_end.items():
                assert counters.totals_before(reading.connection, "tasks", day + 1) == counted


def test_counters_say_what_a_scan_says(rounds: int | None) -> None:
    run_state_machine_as_test(
        Counted,
        settings=settings(
            max_examples=rounds or 8,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def do_at(workspace: Workspace, now: int, verb: Callable[..., T], *arguments: Any, **named: Any) -> T:
    with workspace.database.write(lambda: now) as tx:
        return verb(tx, *arguments, **named)


def worked(workspace: Workspace) -> None:
    """Two days of work: one task completed by an agent, one failed and archived, one deleted, one pending."""
    make_runnable(workspace)
    done, failed, deleted, _ = (do_at(workspace, START + n, verbs.create, f"task {n}", SOURCE).id for n in range(4))
    do_at(workspace, START + 1_000, commands.start, done, "writer", "go", force=True)
    claimed = do_at(workspace, START + 2_000, lifecycle.claim)
    assert claimed
    do_at(workspace, START + 3_000, lifecycle.report, claimed[0], REPORT)
    do_at(workspace, START + DAY_MS, lifecycle.end, claimed[0]["id"], "out", crashed=False)
    do_at(workspace, START + 5_000, commands.change_status, failed, TaskStatus.FAILED, "no", None)
    do_at(workspace, START + DAY_MS + 1, verbs.delete, deleted)
    do_at(workspace, START + 5_000 + ARCHIVE_DAYS * DAY_MS, verbs.archive_due, ARCHIVE_DAYS)


def test_what_is_answered(tmp_path: Path) -> None:
    """Sums before the first day, then the days on which something happened."""
    with open_workspace(tmp_path / "home") as workspace:
        worked(workspace)
        with workspace.database.read() as reading:
            found = queries.read(reading, 2, START + DAY_MS)
        later = day_of(START) * DAY_MS + 2 * DAY_MS
        with workspace.database.read() as reading:
            assert queries.read(reading, 1, later)["before"] == {"pending": 1, "failed": 1, "completed": 1}
            assert queries.read(reading, 1, later)["days"][0]["counters"] == {"tasks": {"failed": -1}}
    assert found["before"] == {}
    assert found["today"] - found["first"] == DAY_MS
    first, second = (day["counters"] for day in found["days"][:2])
    assert first["flow"] == {"created": 4, "failed": 1}
    assert first["tasks"] == {"pending": 2, "active": 1, "failed": 1}
    assert second["spentMs"] == {"active": DAY_MS - 1_000}
    assert second["runs"] == {"writer/succeeded": 1}
    assert second["runMs"] == {"writer": DAY_MS - 2_000}


def test_a_transaction_that_moves_no_counter_sends_none(tmp_path: Path) -> None:
    with open_workspace(tmp_path / "home") as workspace:
        task = do_at(workspace, START, verbs.create, "x", SOURCE)
        do_at(workspace, START, verbs.edit, task.id, {"description": "y"}, None)
        assert frames(workspace)[0]["counters"] == {"tasks": {"pending": 1}, "flow": {"created": 1}}
        assert "counters" not in frames(workspace)[1]


def test_migration_fills_in_what_rows_and_history_tell(tmp_path: Path) -> None:
    """A workspace of the former version has, once opened, the counters that would have been kept."""
    since = sa.select(tables.tasks.c.id, tables.tasks.c.status_since)
    script = migrations._scripts().get_revision("0003")
    assert script
    with open_workspace(tmp_path / "home") as workspace:
        worked(workspace)
        expected = stored(workspace)
        with workspace.database.sweep() as connection:
            times = connection.execute(since).all()
            connection.execute(sa.delete(tables.daily_counters))
            connection.execute(sa.update(tables.tasks).values(status_since=0))
            connection.exec_driver_sql(script.module.FILL_SINCE)
            connection.exec_driver_sql(script.module.FILL_COUNTERS)
            assert connection.execute(since).all() == times
        assert stored(workspace) == expected
