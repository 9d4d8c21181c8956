"""Making and opening workspaces at start: migrations, the epoch rules, and which workspace is open.

`prepare` is the launcher's, under its lock on CHORUS_HOME: a worker that is restarted changes nothing. `create` and
`switch` also serve people who open another workspace while the server runs (switching.py).
"""

import logging
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import ModuleType

import sqlalchemy as sa

from common.clock import now_ms
from common.db import eventlog, migrations, output, sqlite, tables
from common.db.eventlog import Position
from common.db.home import DATABASE, Home
from common.db.output import OUTPUT
from common.errors import Busy, StartRefused, StorageFull
from common.events import VOCABULARY
from common.settings import Settings
from common.wire import dumps
from core.agents import verbs as agents
from core.agents.seeds import seeded_agents
from core.config import file
from core.config import verbs as config
from core.config.file import CONFIG_FILE
from core.workspaces import owner
from core.workspaces.epoch import must_renew
from core.workspaces.locks import alone, make_home

UPLOADS, WORK, SESSIONS = "uploads", "work", "sessions"  # folders beside the database; agents begin in `work`
log = logging.getLogger(__name__)


class UnusableWorkspace(Exception):
    """The folder holds no database that this version may open; the text says why. Nothing in it was changed."""


def prepare(settings: Settings) -> Home:
    """Makes CHORUS_HOME ready to serve and returns it: a workspace is open, or `home.db` says why none is.

    On the very first start the workspace `default` is made. Raises StartRefused where the folder cannot be used.
    """
    make_home(settings.home)
    module = sqlite.library(settings.sqlite)
    home = _open_home(settings.home, module)
    with alone(home):
        _open_first(home, settings, module)
    return home


def _open_first(home: Home, settings: Settings, module: ModuleType) -> None:
    if settings.config:
        return _open(home, settings.config.parent, module)
    state = home.open_workspace()
    if state.generation == 0:
        default = settings.home / "workspaces" / "default"
        if not (default / DATABASE).exists():  # it does after a crash right here, or where home.db was lost
            create(default, module)
        _open(home, default, module)
    elif state.folder:
        _reopen(home, state.folder, module)


def _open_home(folder: Path, module: ModuleType) -> Home:
    try:
        return Home.create(folder, module)
    except sa.exc.DatabaseError as error:
        raise StartRefused(f"{folder / 'home.db'} cannot be used: {error.orig}.") from None


def create(folder: Path, module: ModuleType) -> None:
    """Makes an empty workspace. Raises FileExistsError where one stands already."""
    database = folder / DATABASE
    if database.exists() or (folder / CONFIG_FILE).exists():
        raise FileExistsError(f"{folder} holds a workspace already.")
    (folder / UPLOADS).mkdir(mode=0o700, parents=True, exist_ok=True)
    making = folder / f"{DATABASE}.making"
    making.unlink(missing_ok=True)
    with _maintenance(making, module, creating=True) as connection:
        connection.exec_driver_sql(f"PRAGMA application_id={sqlite.APPLICATION_ID}")
        migrations.upgrade(connection)
        connection.execute(
            sa.insert(tables.log_state),
            {"id": 1, "epoch": eventlog.new_epoch(), "vocabulary": VOCABULARY, "fenced": False},
        )
        columns = config.DEFAULTS | {"id": 1, "version": 1, "field_versions": {}}
        connection.execute(sa.insert(tables.config), columns | {"wire": dumps(config.form(columns))})
        for agent in seeded_agents():
            connection.execute(sa.insert(tables.agents), agent | {"wire": dumps(agents.registry.form(agent))})
    _prepare_output(folder, module)
    making.rename(database)  # a crash before this leaves no half-made workspace
    making.with_name(f"{making.name}-journal").unlink(missing_ok=True)  # empty; SQLite's TRUNCATE keeps it
    file.write_if_possible(folder, config.form(columns))  # the workspace is there, whatever becomes of this


def _reopen(home: Home, folder: Path, module: ModuleType) -> None:
    """Start of a server whose workspace was open already: its log goes on unless the epoch rules forbid it."""
    try:
        _make_current(home, folder, module, switching=False)
    except UnusableWorkspace as error:
        home.switch_to(None, now_ms(), problem=str(error))


def as_known(home: Home, folder: Path) -> Path:
    """`folder` by the name under which it is or was open: by links and mounts a folder has several names."""
    opened = home.open_workspace().folder
    before = [Path(entry.config_path).parent for entry in home.recent()]
    for name in [opened, *before] if opened else before:
        with suppress(OSError):
            if name.samefile(folder):
                return name
    return folder


def _open(home: Home, folder: Path, module: ModuleType) -> None:
    folder = as_known(home, folder)
    if home.open_workspace().folder == folder:
        return _reopen(home, folder, module)
    try:
        switch(home, folder, module)
    except UnusableWorkspace as error:
        home.switch_to(None, now_ms(), problem=str(error))


def switch(home: Home, folder: Path, module: ModuleType) -> None:
    """Opens `folder` for everybody: renews its epoch, fences the former database, and only then switches.

    Raises UnusableWorkspace, DBAPIError; then the former workspace is still the open one.
    """
    _make_current(home, folder, module, switching=True)
    former = home.open_workspace().folder
    if former is None or former == folder:
        return home.switch_to(folder, now_ms())
    _fence(former / DATABASE, module)
    try:
        home.switch_to(folder, now_ms())
    except sa.exc.DBAPIError:
        if home.open_workspace().folder == former:
            _fence(former / DATABASE, module, fenced=False)
        raise


def open_again(home: Home, folder: Path, module: ModuleType) -> None:
    """The open workspace once more: its log goes on, unless it was fenced by a switch that ended half-way.

    Raises UnusableWorkspace; then nothing has changed.
    """
    _make_current(home, folder, module, switching=False)
    home.switch_to(folder, now_ms())


def _make_current(home: Home, folder: Path, module: ModuleType, *, switching: bool) -> None:
    """Migrates the database and renews its epoch where its numbers could mean something else now."""
    database = folder / DATABASE
    check_usable(database, module)
    check_owner(home, folder)
    _prepare_output(folder, module)
    with _maintenance(database, module) as connection:
        migrations.upgrade(connection)
        head = eventlog.head(connection)
        vocabulary = connection.execute(sa.select(tables.log_state.c.vocabulary)).scalar_one()
        record = home.high_water(database)
        if must_renew(
            head=Position(head.epoch, head.seq),
            inode=database.stat().st_ino,
            record=record,
            vocabulary_changed=vocabulary != VOCABULARY,
            fenced=head.fenced,
            switching=switching,
        ):
            head = head._replace(epoch=eventlog.renew_epoch(connection, VOCABULARY))
    home.record_high_water(database, Position(head.epoch, head.seq))


def _prepare_output(folder: Path, module: ModuleType) -> None:
    """Makes `output.db` ready. One that cannot be used is set aside: what agents once said must not stop a start.

    Raises DBAPIError where it is locked or the disk is full: it is sound, and somebody may be writing it.
    """
    try:
        with _maintenance(folder / OUTPUT, module, creating=True) as connection:
            output.create(connection)
    except (sa.exc.DatabaseError, output.UnusableOutput) as error:
        if isinstance(sqlite.refusal(error), Busy | StorageFull):
            raise
        aside = folder / f"{OUTPUT}.{now_ms()}.unusable"
        log.warning("%s cannot be used and is kept as %s: %s", folder / OUTPUT, aside.name, error)
        (folder / OUTPUT).rename(aside)
        for suffix in ("-wal", "-shm", "-journal"):
            (folder / f"{OUTPUT}{suffix}").unlink(missing_ok=True)
        with _maintenance(folder / OUTPUT, module, creating=True) as connection:
            output.create(connection)


def renew(database: Path, module: ModuleType) -> None:
    """Migrates a database that nobody serves yet, and gives its log a new name."""
    with _maintenance(database, module) as connection:
        migrations.upgrade(connection)
        eventlog.renew_epoch(connection, VOCABULARY)


def record(home: Home, folder: Path, module: ModuleType) -> None:
    """Tells `home.db` how far the log in `folder` goes, after it was replaced."""
    engine = sqlite.engine(folder / DATABASE, module, read_only=True, pool_size=1)
    try:
        with engine.begin() as connection:
            head = eventlog.head(connection)
    finally:
        engine.dispose()
    home.record_high_water(folder / DATABASE, Position(head.epoch, head.seq))


def is_there(config_path: str) -> bool:
    """Whether the folder of this chorus.json holds a workspace's database."""
    return holds_database(Path(config_path).parent)


def holds_database(folder: Path) -> bool:
    """Whether there is a database; not where the system does not let us look."""
    return os.path.isfile(folder / DATABASE)


def check_usable(database: Path, module: ModuleType) -> None:
    """Raises UnusableWorkspace for a missing, broken, foreign, newer or read-only database; never changes it."""
    if not holds_database(database.parent):
        raise UnusableWorkspace(f"{database.parent} holds no workspace: {DATABASE} is missing, or cannot be read.")
    if not os.access(database.parent, os.W_OK | os.X_OK):
        raise UnusableWorkspace(f"{database.parent} cannot be written: the folder, or its disk, is read-only for us.")
    engine = sqlite.engine(database, module, read_only=True, pool_size=1)
    try:
        with engine.begin() as connection:
            application = connection.exec_driver_sql("PRAGMA application_id").scalar()
            revision = migrations.current(connection)
    except sa.exc.DatabaseError as error:
        raise UnusableWorkspace(f"{database} cannot be read: {error.orig}.") from None
    finally:
        engine.dispose()
    if application != sqlite.APPLICATION_ID:
        raise UnusableWorkspace(f"{database} is not a Chorus database.")
    if revision not in migrations.known():
        raise UnusableWorkspace(f"{database} was written by a newer version of Chorus. Update Chorus to open it.")


def check_owner(home: Home, folder: Path) -> None:
    """Raises UnusableWorkspace where another server has the workspace open; else it is ours."""
    if other := owner.other_owner(folder, home.path.parent):
        raise UnusableWorkspace(
            f"{folder} is open in another Chorus server (CHORUS_HOME={other}). Stop that one, or open another "
            "workspace there, and try again a minute later."
        )


def _fence(database: Path, module: ModuleType, *, fenced: bool = True) -> None:
    """Late writes to the former workspace fail from here on, instead of being saved where nobody looks."""
    if not database.is_file():
        return
    with _maintenance(database, module) as connection:
        connection.execute(sa.update(tables.log_state).values(fenced=fenced))


@contextmanager
def _maintenance(database: Path, module: ModuleType, *, creating: bool = False) -> Iterator[sa.Connection]:
    engine = sqlite.maintenance_engine(database, module, creating=creating)
    try:
        with closing(sqlite.immediate(engine.connect())) as connection, connection.begin():
            yield connection
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        engine.dispose()
