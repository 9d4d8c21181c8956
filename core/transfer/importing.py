"""Bringing an import into the open workspace: first all of it is checked, then stored, one transaction a task."""

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

import marshmallow as ma
import sqlalchemy as sa

from common.db import tables
from common.db.reader import Reader
from common.db.write import WriteTransaction
from common.entities.agent import USER_DEFINED
from common.entities.run import AGENT
from common.errors import ChorusError, ValidationFailed
from common.events import EventType
from common.fields.names import NOT_CONFIGURED
from common.schemas.agent import WriteAgentSchema
from common.schemas.provider import WriteProviderSchema
from common.schemas.workspace import WriteConfigSchema
from common.tools import GRANTABLE
from common.wire import dumps
from core.agents import verbs as agents
from core.attachments import files
from core.attachments.names import content_type
from core.config import verbs as config
from core.providers import verbs as providers
from core.runs import records as run_records
from core.tasks import history, records
from core.transfer import layout
from core.transfer.parsing import TaskParts, messages_of, read_task
from core.transfer.sources import Source, Unreadable, read_json
from core.workspaces.current import Workspace
from core.zipnames import is_litter

Progress = Callable[[str, int], None]
Conflicts = Literal["skip", "replace"]
_t, _r, _m, _a, _h = tables.tasks, tables.runs, tables.messages, tables.attachments, tables.history


class Kind(StrEnum):
    """What an import may bring, in the order in which it is stored: agents name providers, and so on."""

    PROVIDERS = "providers"
    AGENTS = "agents"
    CONFIG = "configuration"
    TASKS = "tasks"
    ATTACHMENTS = "attachments"


@dataclass
class Report:
    """`taken` counts what was stored; `here` names what was there already and was left as it is; `skipped` says of each
    file that was not taken, or not as it was, why."""

    taken: Counter[str] = field(default_factory=Counter)
    here: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


@dataclass
class Plan:
    """What is in the source and can be taken: names of files by kind, tasks in the order of the board."""

    files: dict[Kind, list[str]] = field(default_factory=dict)
    task_ids: list[str] = field(default_factory=list)
    report: Report = field(default_factory=Report)


def check(source: Source, progress: Progress = lambda _what, _count: None) -> Plan:
    """Reads all of the source without storing anything; what is broken is in the plan's report."""
    plan = Plan()
    plan.report.skipped |= source.strange
    made: list[tuple[int, str]] = []
    named: set[str] = set()
    names = [path for path in source.names if not is_litter(path)]
    for count, path in enumerate(names, 1):
        progress("checking", count)
        if (task_id := layout.task_in(path)) is not None:
            if parts := _checked(source, task_id, plan.report):
                made.append((parts.task.created_at, task_id))
                named |= {upload.path for upload in parts.uploads}
        elif not layout.is_known(path) and not path.startswith("uploads/"):
            plan.report.skipped[path] = "is nothing that an import knows"
        elif (owner := layout.task_of_part(path)) and layout.of_task(owner, layout.TASK) not in source.names:
            plan.report.skipped[path] = "belongs to no task"
    if layout.MANIFEST not in source.names:  # an export has them in the board's order already
        made.sort(key=lambda pair: pair[0])
    plan.task_ids = [task_id for _, task_id in made]
    for kind, folder in ((Kind.PROVIDERS, "providers"), (Kind.AGENTS, "agents")):
        plan.files[kind] = [path for path in names if layout.entity_in(path, folder) is not None]
    plan.files[Kind.CONFIG] = [layout.CONFIG] if layout.CONFIG in source.names else []
    unnamed = {path for path in names if path.startswith("uploads/")} - named - plan.report.skipped.keys()
    plan.report.skipped |= dict.fromkeys(sorted(unnamed), "is a file that no task names")
    return plan


def _checked(source: Source, task_id: str, report: Report) -> TaskParts | None:
    try:
        parts = read_task(source, task_id)
    except Unreadable as error:
        report.skipped[layout.of_task(task_id, layout.TASK)] = str(error)
        return None
    report.skipped |= parts.skipped
    return parts


def bring(
    source: Source,
    plan: Plan,
    workspace: Workspace,
    conflicts: Conflicts,
    progress: Progress = lambda _what, _count: None,
) -> Report:
    """Stores what `check` has found. Ids and names that are there already are skipped or replaced.

    Raises ChorusError where the workspace cannot be written; what was stored until then stays, and is found to be here
    when the import is repeated.
    """
    job = _Import(source, workspace, conflicts, plan.report)
    for path in plan.files[Kind.PROVIDERS]:
        job.store(path, Kind.PROVIDERS, job.provider)
    for path in plan.files[Kind.AGENTS]:
        job.store(path, Kind.AGENTS, job.agent)
    for path in plan.files[Kind.CONFIG]:
        job.store(path, Kind.CONFIG, job.configuration)
    for count, task_id in enumerate(plan.task_ids, 1):
        job.task(task_id)
        progress("tasks", count)
    return plan.report


class _Here(Exception):
    """It is in the workspace already, and stays as it is."""


@dataclass
class _Import:
    source: Source
    workspace: Workspace
    conflicts: Conflicts
    report: Report

    def store(self, path: str, kind: Kind, act: Callable[[WriteTransaction, str, Any], None]) -> None:
        """One file in one transaction."""
        try:
            form = read_json(self.source, path)
            if not isinstance(form, dict):
                raise Unreadable("is no JSON object")
            with self.workspace.database.write() as tx:
                act(tx, path, form)
            self.report.taken[kind] += 1
        except _Here:
            self.report.here.append(path)
        except Unreadable as error:
            self.report.skipped[path] = str(error)
        except (ma.ValidationError, ValidationFailed) as error:
            self.report.skipped[path] = f"is not valid: {messages_of(error)}"
        except ChorusError as error:
            if error.status >= 500:
                raise
            self.report.skipped[path] = error.message

    def provider(self, tx: WriteTransaction, path: str, form: dict[str, Any]) -> None:
        body = WriteProviderSchema(unknown=ma.EXCLUDE).load(form)
        self._check_named(path, body["name"])
        if providers.registry.find(tx, body["name"]) is None:
            providers.add(tx, body)
        elif self.conflicts == "skip":
            raise _Here
        else:
            providers.replace(tx, body["name"], body, None)

    def agent(self, tx: WriteTransaction, path: str, form: dict[str, Any]) -> None:
        form = self._with_known_tools(path, form)
        body = WriteAgentSchema(unknown=ma.EXCLUDE).load(form)
        self._check_named(path, body["name"])
        if body["type"] == USER_DEFINED:
            body["provider"] = self._known_provider(tx, path, body["provider"])
        there = agents.registry.find(tx, body["name"])
        if there is None:
            agents.create(tx, body)
        elif self.conflicts == "skip":
            raise _Here
        else:
            agents.replace(tx, body["name"], body, None)

    @staticmethod
    def _check_named(path: str, name: str) -> None:
        if not path.endswith(f"/{name}.json"):
            raise Unreadable(f"holds {name!r}, and its own name is another")

    def _with_known_tools(self, path: str, form: dict[str, Any]) -> dict[str, Any]:
        tools = form.get("allowedTools")
        if not isinstance(tools, list):
            return form
        unknown = [str(tool) for tool in tools if tool not in GRANTABLE]
        if unknown:
            self.report.skipped[path] = f"was taken without tools that do not exist: {', '.join(unknown)}"
        return form | {"allowedTools": [tool for tool in tools if tool in GRANTABLE]}

    def _known_provider(self, tx: WriteTransaction, path: str, name: str) -> str:
        if name == NOT_CONFIGURED or providers.registry.find(tx, name) is not None:
            return name
        self.report.skipped[path] = f"was taken without its provider {name!r}, which does not exist"
        return NOT_CONFIGURED

    def configuration(self, tx: WriteTransaction, path: str, form: dict[str, Any]) -> None:
        body = WriteConfigSchema(unknown=ma.EXCLUDE).load(form)
        if self.conflicts == "skip":
            raise _Here
        body["system_provider"] = self._known_provider(tx, path, body["system_provider"])
        config.replace(tx, body, None)

    def task(self, task_id: str) -> None:
        """One task with all its parts in one transaction; its files first."""
        path = layout.of_task(task_id, layout.TASK)
        stored: list[str] = []
        try:
            with self.workspace.database.read() as reading:
                self._check_stays(reading, task_id)
            parts = read_task(self.source, task_id)  # again: a folder may have changed since it was checked
            self._store_files(parts, stored)
            with self.workspace.database.write() as tx:
                self._store_task(tx, parts, stored)
        except _Here:
            self._drop_files(task_id, stored)
            self.report.here.append(path)
        except (Unreadable, ChorusError) as error:
            self._drop_files(task_id, stored)
            if isinstance(error, ChorusError) and error.status >= 500:
                raise
            self.report.skipped[path] = str(error)
        else:
            self.report.taken[Kind.TASKS] += 1
            self.report.taken[Kind.ATTACHMENTS] += len(stored)

    def _check_stays(self, reader: Reader, task_id: str) -> None:
        """Raises _Here for a task that is there and is not to be replaced; one that waits for its undo is not there."""
        there = sa.select(_t.c.id).where(_t.c.id == task_id, _t.c.deleted_at.is_(None))
        if self.conflicts == "skip" and reader.execute(there).first():
            raise _Here

    def _store_files(self, parts: TaskParts, stored: list[str]) -> None:
        """Adds the name of each file to `stored` once it is there."""
        for upload in parts.uploads:
            name = str(uuid.uuid4())
            try:
                body = self.source.open(upload.path)
            except OSError as error:
                raise Unreadable(f"{upload.path} cannot be read: {error.strerror}") from None
            with body:
                files.store(files.path_of(self.workspace.uploads, parts.task.id, name), body, upload.size)
            stored.append(name)

    def _drop_files(self, task_id: str, stored: list[str]) -> None:
        for name in stored:
            files.path_of(self.workspace.uploads, task_id, name).unlink(missing_ok=True)

    def _store_task(self, tx: WriteTransaction, parts: TaskParts, stored: list[str]) -> None:
        replaced = self._make_room(tx, parts)
        runs = [self._free_run(tx, run) for run in parts.runs]
        task = records.adopt(tx, replace(parts.task, chain=_chain(runs)))
        for upload, name in zip(parts.uploads, stored, strict=True):
            row = {"id": name, "task_id": task.id, "filename": upload.filename, "size": upload.size}
            tx.execute(
                sa.insert(_a), row | {"content_type": content_type(upload.filename), "uploaded_at": upload.uploaded_at}
            )
        for run in runs:
            run_records.adopt(tx, task.id, run)
        for message in parts.messages:
            row = {"id": _free_id(tx, _m, message["id"]), "task_id": task.id}
            tx.execute(sa.insert(_m), row | {"content": message["content"], "received_at": message["receivedAt"]})
        history.adopt(tx, task.id, parts.history)
        if parts.was is not task.status:
            history.append(tx, task.id, "status_changed", **{"from": parts.was.value, "to": task.status.value})
        if replaced:  # pages may show its parts
            tx.emit(EventType.RESET, dumps({"reason": "import"}))

    def _make_room(self, tx: WriteTransaction, parts: TaskParts) -> bool:
        """Discards the task that has this id, if there is one; says whether there was."""
        self._check_stays(tx, parts.task.id)  # again: another import may bring the same
        row = tx.execute(sa.select(_t.c.version).where(_t.c.id == parts.task.id)).first()
        if row is None:
            return False
        if tx.execute(sa.select(_r.c.id).where(_r.c.task_id == parts.task.id, _r.c.ended_at.is_(None))).first():
            raise Unreadable("was not replaced: an agent works on this task")
        records.discard(tx, parts.task.id)
        parts.task = replace(parts.task, version=max(row.version + 1, parts.task.version))
        return True

    @staticmethod
    def _free_run(tx: WriteTransaction, run: dict[str, Any]) -> dict[str, Any]:
        return run | {"id": _free_id(tx, _r, run["id"])}


def _free_id(tx: WriteTransaction, table: sa.Table, wanted: str) -> str:
    """The id itself, unless another row has it."""
    taken = tx.execute(sa.select(table.c.id).where(table.c.id == wanted)).first()
    return str(uuid.uuid4()) if taken else wanted


def _chain(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keys = {
        "runId": "id",
        "parentRunId": "parent_id",
        "agentName": "agent_name",
        "startedAt": "started_at",
        "completedAt": "ended_at",
        "input": "input",
        "output": "output",
        "completionReport": "completion_report",
    }
    return [{key: run[column] for key, column in keys.items()} for run in runs if run["kind"] == AGENT]


def clear_agents(workspace: Workspace, plan: Plan) -> None:
    """A new workspace takes the agents of the import in place of the seeded ones, where it brings any."""
    brought = {layout.entity_in(path, "agents") for path in plan.files[Kind.AGENTS]}
    with workspace.database.read() as reading:
        seeded = agents.registry.names(reading)
    for name in [name for name in seeded if brought and name not in brought | {agents.PLANNER}]:
        with workspace.database.write() as tx:
            agents.delete(tx, name)
