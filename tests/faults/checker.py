"""What must hold after the faults, whatever they were: read from the database and the recorded histories."""

import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from common.db import eventlog, sqlite, tables
from common.db.database import Database
from tests.faults.clients import Board, Client
from tests.faults.writers import Request

Json = dict[str, Any]


def logged_frames(database: Path) -> list[str]:
    """Every event of the log, as stored."""
    opened = Database(database, sqlite.library("bundled"))
    try:
        with opened.read() as reading:
            return [event.frame for event in eventlog.tail(reading.connection, 0, 1_000_000)]
    finally:
        opened.close()


def check_log(frames: list[str]) -> None:
    """Numbered from 1 without a gap."""
    assert [json.loads(frame)["seq"] for frame in frames] == list(range(1, len(frames) + 1))


def check_requests(frames: list[str], requests: list[Request]) -> None:
    """Every acknowledged request is in the log at the number it was told; every other one once, or not at all."""
    by_marker = [request for request in requests if request.kind not in ("undo", "delete", "move")]
    everything = "\n".join(frames)
    for request in requests:
        if request.acknowledged:
            assert request.seq is not None
            assert request.marker in frames[request.seq - 1], f"{request} is not in its event"
    for request in by_marker:
        if request.status is not None and not request.acknowledged:
            assert request.marker not in everything, f"{request} was refused and yet written"
    _check_single_events(frames, by_marker)


def _check_single_events(frames: list[str], requests: list[Request]) -> None:
    """The history entry of each request stands in one event at most: nothing was done twice."""
    entries = [json.dumps(entry) for frame in frames for entry in _history(json.loads(frame))]
    joined = "\n".join(entries)
    for request in requests:
        if request.kind in ("create", "edit", "message", "attach"):
            assert joined.count(request.marker) <= 1, request


def _history(event: Json) -> list[Json]:
    items = event["data"] if event["type"] == "transaction" else [event]
    return [entry for item in items for entry in item.get("history", [])]


def check_rows(database: Path, frames: list[str], snapshot: Json) -> None:
    """The rows are what the events say: replayed from nothing they give the snapshot, and all of the history."""
    board = Board(snapshot | {"seq": 0, "tasks": []})
    for frame in frames:
        board.apply(json.loads(frame))
    assert board.canonical() == Board(snapshot).canonical()
    told = sorted(entry["id"] for frame in frames for entry in _history(json.loads(frame)))
    opened = Database(database, sqlite.library("bundled"))
    try:
        with opened.read() as reading:
            stored = sorted(reading.execute(sa.select(tables.history.c.id)).scalars())
    finally:
        opened.close()
    assert stored == told


def check_clients(clients: list[Client], snapshot: Json) -> None:
    """Each saw every event once and in order, never needed a second snapshot, and holds what the snapshot says."""
    expected = Board(snapshot).canonical()
    for client in clients:
        assert client.violation is None, client.violation
        assert client.board
        assert client.received == list(range(snapshot["seq"] - len(client.received) + 1, snapshot["seq"] + 1))
        assert client.resyncs == []
        assert client.board.canonical() == expected


def check_files(workspace: Path, snapshot: Json) -> None:
    """Every attachment has its file, whole."""
    sizes = {path.name: path.stat().st_size for path in (workspace / "uploads").glob("*/*")}
    opened = Database(workspace / "chorus.db", sqlite.library("bundled"))
    a = tables.attachments
    try:
        with opened.read() as reading:
            rows = reading.execute(sa.select(a.c.id, a.c.size).where(a.c.deleted_at.is_(None))).all()
    finally:
        opened.close()
    assert all(sizes.get(row.id) == row.size for row in rows)
    assert len(rows) >= sum(task["attachmentCount"] for task in snapshot["tasks"])
