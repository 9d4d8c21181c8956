"""A write transaction: rows and one event, or nothing."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.sql.dml import UpdateBase

from common.db import counters, eventlog
from common.db.effects import Effect, Effects
from common.db.eventlog import Position
from common.db.prepared import Prepared, Row
from common.db.sqlite import Rows
from common.events import EventType
from common.wire import dumps

ENTRIES_A_TRANSACTION = 1_000_000  # room for history entries between two event numbers: an import brings many


class MissingEvent(RuntimeError):
    """A transaction changed rows that people see, but logged no event. It is our bug, and nothing was written."""


class WriteTransaction:
    """Handed out by `Database.write`. Verbs change rows with `execute` and say with `emit` what changed.

    `now` is the transaction's time in ms; `next_seq` the number its event will have; `folder` the workspace's.
    """

    def __init__(self, connection: sa.Connection, head: Position, now: int, folder: Path, effects: Effects) -> None:
        self.folder = folder
        self._effects = effects
        self._connection = connection
        self._head = head
        self._changed = False
        self._parts: dict[tuple[EventType, str], tuple[str, str | None]] = {}  # (type, entity) -> (data, task)
        self._history: dict[str, list[str]] = {}
        self._entries = 0
        self._counters: Counter[tuple[str, str]] = Counter()
        self.told: list[str] = []
        self.now = now
        self.logged = False

    @property
    def next_seq(self) -> int:
        return self._head.seq + 1

    def next_entry_id(self) -> int:
        """A number for a history entry: grows with time, known before the entry is inserted."""
        self._entries += 1
        return self.next_seq * ENTRIES_A_TRANSACTION + self._entries

    @property
    def position(self) -> Position:
        """Where the log stands after this transaction: at its event, or, without one, where it stood before."""
        return Position(self._head.epoch, self.next_seq) if self._parts or self._history else self._head

    def execute(self, statement: sa.Executable, parameters: object = None) -> Rows:
        """Runs a SQLAlchemy Core statement. Raw SQL is refused: it would hide what it changes."""
        self._note(statement)
        return self._connection.execute(statement, parameters)  # type: ignore[call-overload, no-any-return]

    def run(self, prepared: Prepared, parameters: Mapping[str, Any]) -> list[Row]:
        """Runs a prepared Core statement; returns its rows."""
        self._note(prepared.statement)
        return prepared.run(self._connection, parameters)

    def _note(self, statement: sa.Executable) -> None:
        if isinstance(statement, UpdateBase):
            self._changed |= not cast(sa.Table, statement.table).info.get("bookkeeping", False)
        elif not isinstance(statement, sa.SelectBase):
            raise TypeError("a write transaction takes Core statements only")

    def emit(self, kind: EventType, data: str, *, task_id: str | None = None, entity: str | None = None) -> None:
        """Adds to this transaction's event. `data` is wire JSON; history of `task_id` goes out beside it.

        `entity` names what changed (default: the task). A second `emit` for the same one replaces the first: the event
        carries the entity as it ends up.
        """
        name = entity or task_id or f"#{len(self._parts)}"
        self._parts[kind, name] = (data, task_id)

    def add_history(self, task_id: str, entry: str) -> None:
        """Attaches the wire text of a history entry, already inserted, to the event of its task."""
        self._history.setdefault(task_id, []).append(entry)

    def count(self, moved: Mapping[tuple[str, str], int]) -> None:
        """Adds to the day's counters, `(metric, key) -> how much`: written at the end, and sent with the event."""
        self._counters.update(moved)

    def at_last(self, effect: Effect) -> None:
        """Has an effect outside of the database right before the commit, and takes it back where that fails."""
        self._effects.plan(effect)

    def after_commit(self, act: Callable[[], None]) -> None:
        """Runs `act` after the commit and the bell, still in the writers' turn. If it fails, the change stands."""
        self._effects.follow(act)

    def tell(self, line: str) -> None:
        """A line for the log once the transaction is committed; not if it fails."""
        self.told.append(line)

    def finish(self) -> None:
        """Appends the event, then has the effects outside. Called by `Database.write`, once, after the verbs."""
        self._log()
        self._effects.have()

    def _log(self) -> None:
        for task_id in self._history.keys() - {task for _, task in self._parts.values()}:
            self._parts[EventType.HISTORY_APPENDED, task_id] = (f'{{"taskId":"{task_id}"}}', task_id)
        if not self._parts:
            if self._changed:
                raise MissingEvent("rows were changed without an event")
            return
        kind, body = self._body()
        moved = counters.add(self._connection, self.now, self._counters) if self._counters else None
        if moved:
            body += f',"counters":{dumps(moved)}'
        frame = f'{{"type":"{kind}","seq":{self.next_seq},"at":{self.now},{body}}}'
        eventlog.append(self._connection, self.next_seq, self.now, kind, frame)
        self.logged = True

    def _body(self) -> tuple[EventType, str]:
        bodies = [(kind, self._members(data, task)) for (kind, _), (data, task) in self._parts.items()]
        if len(bodies) == 1:
            return bodies[0]
        items = ",".join(f'{{"type":"{kind}",{members}}}' for kind, members in bodies)
        return EventType.TRANSACTION, f'"data":[{items}]'

    def _members(self, data: str, task_id: str | None) -> str:
        entries = self._history.pop(task_id, None) if task_id else None
        return f'"data":{data}' + (f',"history":[{",".join(entries)}]' if entries else "")
