"""The bare server of `floor`: one route, one row, one event, one durable transaction."""

import json
import os
from pathlib import Path
from threading import local

import pysqlite3.dbapi2 as sqlite
from flask import Flask, Response, request

from common.db.writers import WriterQueue

DATABASE = Path(os.environ["BENCH_DATABASE"])
TASKS = int(os.environ["BENCH_TASKS"])

app = Flask(__name__)
_queue = WriterQueue(DATABASE)
_mine = local()


def _connection() -> sqlite.Connection:
    if not hasattr(_mine, "connection"):
        _mine.connection = sqlite.connect(DATABASE, isolation_level=None)
        _mine.connection.execute("PRAGMA synchronous=FULL")
    kept: sqlite.Connection = _mine.connection
    return kept


def prepare() -> None:
    """Makes the database; once, before the processes are forked."""
    connection = sqlite.connect(DATABASE, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE tasks (id INTEGER PRIMARY KEY, wire TEXT NOT NULL)")
    connection.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, frame TEXT NOT NULL)")
    connection.executemany("INSERT INTO tasks VALUES (?, '{}')", [(number,) for number in range(TASKS)])
    connection.close()


@app.patch("/api/tasks/<int:task_id>")
def edit(task_id: int) -> Response:
    wire = json.dumps({"id": task_id, "description": request.get_json()["description"], "padding": "x" * 300})
    with _queue.turn():
        connection = _connection()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE tasks SET wire = ? WHERE id = ?", (wire, task_id))
        connection.execute("INSERT INTO events (frame) VALUES (?)", (wire,))
        connection.execute("COMMIT")
    return Response(wire, mimetype="application/json")
