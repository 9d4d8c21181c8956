"""What must hold after the faults, whatever they were: read from the databases and the recorded histories."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from common.days import day_of
from common.db import eventlog, sqlite, tables
from common.db.database import Database
from core import snapshot as snapshots
from tests.faults.clients import Board, Client, Stretch
from tests.faults.requests import Request

Json = dict[str, Any]
NEEDED = {"workspace", "epoch"}  # the only reasons for a resync that these faults give


@dataclass
class Workspace:
    """One workspace after the faults: its log, its state, and what its rows say besides."""

    folder: Path
    frames: list[str]
    events: list[Json]
    snapshot: Json
    entries: list[int]
    counters: dict[tuple[int, str, str], int]
    files: dict[str, int]  # attachments that must have a file, with their size

    def frame(self, seq: int) -> str:
        return self.frames[seq - 1] if 0 < seq <= len(self.frames) else ""


def read(folder: Path, module_name: str) -> Workspace:
    opened = Database(folder / "chorus.db", sqlite.library(module_name))
    a, c = tables.attachments.c, tables.daily_counters.c
    try:
        with opened.read() as reading:
            frames = [event.frame for event in eventlog.tail(reading.connection, 0, 1_000_000)]
            counters = reading.execute(sa.select(c.day, c.metric, c.key, c.value).where(c.value != 0)).all()
            files = reading.execute(sa.select(a.id, a.size).where(a.deleted_at.is_(None))).all()
            return Workspace(
                folder=folder,
                frames=frames,
                events=[json.loads(frame) for frame in frames],
                snapshot=json.loads(snapshots.build(reading, str(folder / "chorus.json"))),
                entries=sorted(reading.execute(sa.select(tables.history.c.id)).scalars()),
                counters={(row.day, row.metric, row.key): row.value for row in counters},
                files={row.id: row.size for row in files},
            )
    finally:
        opened.close()


# -- each workspace by itself


def check_log(workspace: Workspace) -> None:
    """Numbered from 1 without a gap."""
    assert [event["seq"] for event in workspace.events] == list(range(1, len(workspace.events) + 1))


def check_rows(workspace: Workspace, beginning: Json) -> None:
    """The rows are what the events say: replayed from an empty workspace they give the snapshot, all of the history,
    and the daily counters."""
    board = Board(beginning | {key: workspace.snapshot[key] for key in ("epoch", "configPath")})
    for event in workspace.events:
        board.apply(event)
    assert board.canonical() == Board(workspace.snapshot).canonical()
    assert workspace.entries == sorted(entry["id"] for event in workspace.events for entry in _history(event))
    counted: Counter[tuple[int, str, str]] = Counter()
    for event in workspace.events:
        for metric, by_key in event.get("counters", {}).items():
            counted.update({(day_of(event["at"]), metric, key): value for key, value in by_key.items()})
    assert workspace.counters == {key: value for key, value in counted.items() if value}


def check_files(workspace: Workspace) -> None:
    """Every attachment has its file, whole."""
    sizes = {path.name: path.stat().st_size for path in (workspace.folder / "uploads").glob("*/*")}
    assert all(sizes.get(name) == size for name, size in workspace.files.items())
    assert len(workspace.files) >= sum(task["attachmentCount"] for task in workspace.snapshot["tasks"])


def check_nothing_is_stuck(workspace: Workspace) -> None:
    """Where a task says that somebody works on it, a run is under way."""
    at_work = {run["taskId"] for run in workspace.snapshot["runs"]}
    busy = [task for task in workspace.snapshot["tasks"] if task["status"]["type"] in ("planning", "active")]
    assert [task for task in busy if task["id"] not in at_work] == []


def items(event: Json) -> list[Json]:
    """What one event holds: its parts where it is a transaction, else itself."""
    return event["data"] if event["type"] == "transaction" else [event]


def _history(event: Json) -> list[Json]:
    return [entry for item in items(event) for entry in item.get("history", [])]


# -- what was asked


def check_requests(workspaces: list[Workspace], requests: list[Request], epochs: dict[str, Workspace]) -> None:
    """Every acknowledged request is in the event it was told, a refused one nowhere, any other once or not at all."""
    everything = "\n".join(frame for workspace in workspaces for frame in workspace.frames)
    told = _told(workspaces)
    for request in requests:
        assert request.status != 500, request
        if request.acknowledged:
            places = [epochs[request.epoch]] if request.epoch in epochs else workspaces
            assert any(_is_done(request, each) for each in places), f"{request} is not in its event"
        elif request.status is not None and request.unique:
            assert request.marker not in everything, f"{request} was refused and yet written"
        if request.told:
            assert told.get(request.told, "").count(request.marker) <= 1, f"{request} was done twice"


def _is_done(request: Request, workspace: Workspace) -> bool:
    """Its event holds the marker. Who cancels a run that is being stopped is told so, without another event."""
    if request.marker in workspace.frame(request.seq):
        return True
    return request.kind == "cancel" and _run_state(workspace, request.marker, request.seq) == "stopping"


def _run_state(workspace: Workspace, run_id: str, seq: int) -> str | None:
    for event in reversed(workspace.events[:seq]):
        for item in items(event):
            if item["type"] == "run_updated" and item["data"]["id"] == run_id:
                return str(item["data"]["state"])
    return None


def _told(workspaces: list[Workspace]) -> dict[str, str]:
    """All history entries of each kind, as text."""
    by_kind: dict[str, list[str]] = {}
    for entry in (entry for each in workspaces for event in each.events for entry in _history(event)):
        by_kind.setdefault(entry["eventType"], []).append(json.dumps(entry))
    return {kind: "\n".join(entries) for kind, entries in by_kind.items()}


# -- what the clients saw


def epochs_of(clients: list[Client], workspaces: list[Workspace]) -> dict[str, Workspace]:
    """Which log each epoch named; never two."""
    by_path = {str(workspace.folder / "chorus.json"): workspace for workspace in workspaces}
    found: dict[str, Workspace] = {}
    for client in clients:
        for stretch in client.stretches:
            workspace = by_path[stretch.snapshot["configPath"]]
            assert found.setdefault(stretch.snapshot["epoch"], workspace) is workspace
    return found


def check_clients(clients: list[Client], epochs: dict[str, Workspace], final: Json) -> None:
    """Each saw each event of a log once, in order, without a gap and byte for byte; all of the last log, so that it
    holds what the snapshot says; and needed a new snapshot for another log only."""
    expected = Board(final).canonical()
    for client in clients:
        assert client.violation is None, client.violation
        assert client.board
        assert client.board.canonical() == expected
        assert {stretch.resynced_by for stretch in client.stretches[1:]} <= NEEDED
        followed = [stretch.snapshot["epoch"] for stretch in client.stretches if stretch.welcomed]
        assert len(followed) == len(set(followed)), "a second snapshot of a log that could be continued"
        for stretch in client.stretches:
            _check_stretch(stretch, epochs[stretch.snapshot["epoch"]])
        _check_forward(client.stretches, epochs)


def _check_stretch(stretch: Stretch, workspace: Workspace) -> None:
    first = stretch.snapshot["seq"]
    assert stretch.frames == workspace.frames[first : first + len(stretch.frames)]


def _check_forward(stretches: list[Stretch], epochs: dict[str, Workspace]) -> None:
    """A log that is opened again goes on where it was: what was seen of it is never taken back."""
    seen: dict[Path, int] = {}
    for stretch in stretches:
        folder = epochs[stretch.snapshot["epoch"]].folder
        assert stretch.snapshot["seq"] >= seen.get(folder, 0)
        seen[folder] = stretch.snapshot["seq"] + len(stretch.frames)


def check_snapshots(clients: list[Client], epochs: dict[str, Workspace], beginning: Json) -> None:
    """Every snapshot that anybody was given is the state that the events before it lead to."""
    for workspace in {id(each): each for each in epochs.values()}.values():
        given = {
            s.snapshot["seq"]: s.snapshot
            for c in clients
            for s in c.stretches
            if epochs[s.snapshot["epoch"]] is workspace
        }
        board = Board(beginning | {"configPath": str(workspace.folder / "chorus.json")})
        for seq in sorted(given):
            for event in workspace.events[board.seq : seq]:
                board.apply(event)
            board.epoch = given[seq]["epoch"]
            assert board.canonical() == Board(given[seq]).canonical()
