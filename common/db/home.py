"""`home.db` in CHORUS_HOME: which workspace is open, the recent list, and how far each log has been seen to go."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import sqlalchemy as sa

from common.db import sqlite
from common.db.eventlog import Position
from common.db.prepared import Prepared

DATABASE = "chorus.db"  # of a workspace, in its folder
SCHEMA_VERSION = 1
RECENT_AT_MOST = 100
UNDO_MS = 60_000

metadata = sa.MetaData()

state = sa.Table(
    "state",
    metadata,
    sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("folder", sa.Text),  # the open workspace; NULL: none
    sa.Column("problem", sa.Text),  # why none is open
)
recent = sa.Table(
    "recent",
    metadata,
    sa.Column("config_path", sa.Text, primary_key=True),
    sa.Column("last_opened_at", sa.Integer, nullable=False),
)
forgotten = sa.Table(
    "forgotten",
    metadata,
    sa.Column("token", sa.Text, primary_key=True),
    sa.Column("expires_at", sa.Integer, nullable=False),
    sa.Column("config_path", sa.Text, nullable=False),
    sa.Column("last_opened_at", sa.Integer, nullable=False),
)
answers = sa.Table(  # to requests that belong to no workspace: they open one
    "answers",
    metadata,
    sa.Column("request", sa.Text, primary_key=True),
    sa.Column("at", sa.Integer, nullable=False),
    sa.Column("body_hash", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("seq_header", sa.Text, nullable=False),
)
high_water = sa.Table(
    "high_water",
    metadata,
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("inode", sa.Integer, nullable=False),
    sa.Column("epoch", sa.Text, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
)

_OPEN = Prepared(sa.select(state.c.generation, state.c.folder, state.c.problem))  # asked with every request
_VERSION = "PRAGMA data_version"  # moves with each commit of another connection
_RECENT = sa.select(recent.c.config_path, recent.c.last_opened_at).order_by(recent.c.last_opened_at.desc())


class OpenWorkspace(NamedTuple):
    """`generation` grows with every switch; `folder` is None where no workspace is open, then `problem` says why."""

    generation: int
    folder: Path | None
    problem: str | None


class Recent(NamedTuple):
    """An entry of the recent list: a workspace's chorus.json and when it was last opened, in ms."""

    config_path: str
    last_opened_at: int


class HighWater(NamedTuple):
    """How far the log of the database file at `inode` has been seen to go."""

    inode: int
    position: Position


class Home:
    """An open `home.db`; safe to use from many threads and processes.

    A `watching` one refuses to write and never waits for a lock: for the sidecar.
    """

    def __init__(self, folder: Path, module: ModuleType, *, watching: bool = False) -> None:
        self.path = folder / "home.db"
        patience_s = 0.0 if watching else sqlite.BUSY_TIMEOUT_S
        self._engine = sqlite.engine(self.path, module, read_only=True, patience_s=patience_s)
        # Of its own: a connection that was opened to read, while the file was read-only, could not write afterwards.
        self._writer = sqlite.engine(self.path, module, read_only=watching, pool_size=2, patience_s=patience_s)
        self._asking = threading.Lock()
        self._asked: sa.Connection | None = None  # kept: every request asks, and taking one from the pool costs more
        self._version: int | None = None

    @classmethod
    def create(cls, folder: Path, module: ModuleType) -> "Home":
        """Opens `folder`'s home.db, making it on the very first start. For the launcher only."""
        engine = sqlite.maintenance_engine(folder / "home.db", module, creating=True)
        with sqlite.immediate(engine.connect()) as connection, connection.begin():
            metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")
            if connection.execute(sa.select(state.c.id)).first() is None:
                connection.execute(sa.insert(state).values(id=1, generation=0))
        engine.dispose()
        return cls(folder, module)

    def open_workspace(self) -> OpenWorkspace:
        with self._asking:
            ((generation, folder, problem),) = _OPEN.run(self._kept())
        return OpenWorkspace(generation, Path(folder) if folder else None, problem)

    def has_changed(self) -> bool:
        """Whether anybody has committed since the last time this was asked. Costs a hundredth of asking what."""
        with self._asking, sqlite.driver_of(self._kept(), _VERSION) as driver:
            (version,) = driver.execute(_VERSION).fetchone()
        before, self._version = self._version, version
        return bool(before != version)

    def _kept(self) -> sa.Connection:
        if self._asked is None:
            self._asked = self._engine.connect()
        return self._asked

    def recent(self) -> list[Recent]:
        """The recent list, newest first."""
        with self.reading() as connection:
            return [Recent(*row) for row in connection.execute(_RECENT)]

    def forget(self, config_path: str, token: str, now: int) -> bool:
        """Takes a workspace off the recent list; says whether it was there. `token` brings it back."""
        mine = recent.c.config_path == config_path
        with self.writing() as connection:
            connection.execute(sa.delete(forgotten).where(forgotten.c.expires_at <= now))
            opened = connection.execute(sa.select(recent.c.last_opened_at).where(mine)).scalar()
            if opened is None:
                return False
            connection.execute(sa.delete(recent).where(mine))
            values = {"token": token, "expires_at": now + UNDO_MS, "config_path": config_path, "last_opened_at": opened}
            connection.execute(sa.insert(forgotten), values)
        return True

    def recall(self, token: str, now: int) -> bool:
        """Undoes a `forget` within 60 s; says whether this token stands for one."""
        mine = forgotten.c.token == token
        kept = sa.select(forgotten.c.config_path, forgotten.c.last_opened_at).where(mine, forgotten.c.expires_at > now)
        with self.reading() as connection:  # most tokens stand for something else: they need not wait for a lock
            if connection.execute(kept).first() is None:
                return False
        with self.writing() as connection:
            row = connection.execute(kept).first()
            if row is None:
                return False
            connection.execute(sa.delete(forgotten).where(mine))
            if connection.execute(sa.select(recent).where(recent.c.config_path == row[0])).first() is None:
                self._remember(connection, *row)
        return True

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A read transaction of home.db."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A write transaction of home.db."""
        with sqlite.immediate(self._writer.connect()) as connection, connection.begin():
            yield connection

    def switch_to(self, folder: Path | None, now: int, problem: str | None = None) -> None:
        """Makes `folder` the open workspace for everybody: one transaction, which *is* the switch."""
        with self.writing() as connection:
            connection.execute(
                sa.update(state).values(
                    generation=state.c.generation + 1, folder=str(folder) if folder else None, problem=problem
                )
            )
            if folder:
                self._remember(connection, str(folder / "chorus.json"), now)

    @staticmethod
    def _remember(connection: sa.Connection, config_path: str, now: int) -> None:
        connection.execute(sa.delete(recent).where(recent.c.config_path == config_path))
        connection.execute(sa.insert(recent).values(config_path=config_path, last_opened_at=now))
        newest = sa.select(recent.c.config_path).order_by(recent.c.last_opened_at.desc()).limit(RECENT_AT_MOST)
        connection.execute(sa.delete(recent).where(recent.c.config_path.not_in(newest)))

    def high_water(self, database: Path) -> HighWater | None:
        """The record of the database at this path; None where it was never seen."""
        statement = sa.select(high_water.c.inode, high_water.c.epoch, high_water.c.seq)
        with self.reading() as connection:
            row = connection.execute(statement.where(high_water.c.path == str(database))).first()
        return HighWater(row[0], Position(row[1], row[2])) if row else None

    def record_high_water(self, database: Path, position: Position) -> None:
        """Remembers how far the log goes. A record never goes back within an epoch: writers race harmlessly."""
        values = {"inode": database.stat().st_ino, "epoch": position.epoch, "seq": position.seq}
        with self.writing() as connection:
            mine = high_water.c.path == str(database)
            known = connection.execute(sa.select(high_water.c.epoch, high_water.c.seq).where(mine)).first()
            if known is None:
                connection.execute(sa.insert(high_water).values(path=str(database), **values))
            elif known.epoch != position.epoch or known.seq < position.seq:
                connection.execute(sa.update(high_water).where(mine).values(**values))

    def close(self) -> None:
        if self._asked is not None:
            self._asked.close()
        self._engine.dispose()
        self._writer.dispose()
