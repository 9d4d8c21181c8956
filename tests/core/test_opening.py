"""Opening workspaces at start: when a log gets a new name, and what is never opened, changed or replaced."""

import itertools
import shutil
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from common.db import migrations, sqlite, tables
from common.db.database import Database
from common.db.eventlog import Position
from common.db.home import DATABASE, HighWater, Home, OpenWorkspace
from common.db.output import OUTPUT, SCHEMA_VERSION
from common.errors import WorkspaceSwitched
from common.events import VOCABULARY, EventType
from common.settings import load
from common.tools import GRANTABLE
from core.agents.seeds import seeded_agents
from core.workspaces import opening
from core.workspaces.current import CurrentWorkspace
from core.workspaces.epoch import must_renew
from core.workspaces.opening import create, prepare

MODULE = sqlite.library("bundled")


def start(home: Path, **environ: str) -> OpenWorkspace:
    """What a start of the server finds to be open."""
    prepared = prepare(load({"CHORUS_HOME": str(home), **environ}))
    state = prepared.open_workspace()
    prepared.close()
    return state


def default(home: Path) -> Path:
    return home / "workspaces" / "default" / DATABASE


def position(database: Path) -> Position:
    opened = Database(database, MODULE)
    with opened.read() as reading:
        found = reading.position
    opened.close()
    return found


def publish(database: Path, count: int, *, recorded_in: Path | None) -> None:
    """Logs events, and, as the servers do within a second, records in `home.db` how far the log has gone."""
    opened = Database(database, MODULE)
    for _ in range(count):
        with opened.write() as tx:
            tx.emit(EventType.AGENTS_CHANGED, "{}")
    opened.close()
    if recorded_in:
        home = Home(recorded_in, MODULE)
        home.record_high_water(database, position(database))
        home.close()


def workspace(folder: Path) -> str:
    """Makes one; returns its CHORUS_CONFIG."""
    create(folder, MODULE)
    return str(folder / "chorus.json")


# -- the first start and the next ones


def test_first_start_makes_the_default_workspace(tmp_path: Path) -> None:
    state = start(tmp_path / "home")
    assert state == OpenWorkspace(1, default(tmp_path / "home").parent, None)
    assert {path.name for path in state.folder.iterdir()} >= {DATABASE, "chorus.json", "uploads"}  # type: ignore[union-attr]
    assert position(default(tmp_path / "home")).seq == 0


def test_seeded_agents_know_their_work() -> None:
    seeded = {agent["name"]: agent for agent in seeded_agents()}
    people = {"researcher", "planner", "writer-workflow", "writer", "editor", "fact-checker"}
    assert seeded.keys() == people | {"task-validator"}
    for agent in seeded.values():
        assert len(agent["instructions"].split()) >= 150
        assert set(agent["allowed_tools"]) <= set(GRANTABLE)


def test_home_is_private(tmp_path: Path) -> None:
    start(tmp_path / "home")
    for folder in (tmp_path / "home", tmp_path / "home" / "run"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_databases_are_private_in_a_folder_that_others_read(tmp_path: Path) -> None:
    """(S6) They hold the keys of providers."""
    start(tmp_path / "home")
    create(tmp_path / "elsewhere", MODULE)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*.db*")}
    assert modes.keys() >= {"home.db", DATABASE, "output.db"}
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}


def test_next_start_goes_on_with_the_log(tmp_path: Path) -> None:
    start(tmp_path)
    publish(default(tmp_path), 5, recorded_in=tmp_path)
    before = position(default(tmp_path))
    assert start(tmp_path) == start(tmp_path)
    assert position(default(tmp_path)) == before


def test_record_that_is_a_second_late_is_no_reason(tmp_path: Path) -> None:
    start(tmp_path)
    publish(default(tmp_path), 5, recorded_in=tmp_path)
    publish(default(tmp_path), 3, recorded_in=None)  # killed before it was recorded
    before = position(default(tmp_path))
    start(tmp_path)
    assert position(default(tmp_path)) == before


def test_crash_between_making_and_opening(tmp_path: Path) -> None:
    workspace(default(tmp_path).parent)
    assert start(tmp_path).folder == default(tmp_path).parent


def test_half_made_database_is_made_again(tmp_path: Path) -> None:
    default(tmp_path).parent.mkdir(parents=True)
    default(tmp_path).with_name(f"{DATABASE}.making").write_bytes(b"half")
    assert start(tmp_path).problem is None


# -- the epoch


def test_copied_back_file_gets_a_new_epoch(tmp_path: Path) -> None:
    """`cp backup chorus.db`: the same inode, an older state. Its numbers would be given out twice."""
    start(tmp_path)
    shutil.copy(default(tmp_path), tmp_path / "backup")
    publish(default(tmp_path), 5, recorded_in=tmp_path)
    before = position(default(tmp_path))
    with open(default(tmp_path), "r+b") as file:  # in place
        file.truncate()
        file.write((tmp_path / "backup").read_bytes())
    start(tmp_path)
    assert position(default(tmp_path)).epoch != before.epoch


def test_restored_file_gets_a_new_epoch(tmp_path: Path) -> None:
    """`mv backup chorus.db`: another inode, even with the same head."""
    start(tmp_path)
    publish(default(tmp_path), 5, recorded_in=tmp_path)
    before = position(default(tmp_path))
    shutil.copy(default(tmp_path), tmp_path / "backup")
    (tmp_path / "backup").rename(default(tmp_path))
    start(tmp_path)
    assert position(default(tmp_path)) == (position(default(tmp_path)).epoch, before.seq)
    assert position(default(tmp_path)).epoch != before.epoch


def test_lost_home_gets_a_new_epoch(tmp_path: Path) -> None:
    start(tmp_path)
    publish(default(tmp_path), 5, recorded_in=tmp_path)
    before = position(default(tmp_path))
    for path in tmp_path.glob("home.db*"):
        path.unlink()
    assert start(tmp_path).folder == default(tmp_path).parent
    assert position(default(tmp_path)).epoch != before.epoch


def test_changed_vocabulary_gets_a_new_epoch_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start(tmp_path)
    before = position(default(tmp_path))
    monkeypatch.setattr(opening, "VOCABULARY", VOCABULARY + 1)
    start(tmp_path)
    renewed = position(default(tmp_path))
    assert renewed.epoch != before.epoch
    start(tmp_path)
    assert position(default(tmp_path)) == renewed


def test_every_switch_gets_a_new_epoch_and_no_old_one_returns(tmp_path: Path) -> None:
    start(tmp_path)
    configs = [workspace(tmp_path / "a"), workspace(tmp_path / "b")]
    folders = [tmp_path / "a", tmp_path / "b"]
    seen = {position(folder / DATABASE).epoch for folder in folders}
    for turn in range(4):
        state = start(tmp_path, CHORUS_CONFIG=configs[turn % 2])
        assert state.folder == folders[turn % 2]
        epoch = position(folders[turn % 2] / DATABASE).epoch
        assert epoch not in seen
        seen.add(epoch)


def test_switch_fences_the_former_workspace(tmp_path: Path) -> None:
    start(tmp_path)
    config = workspace(tmp_path / "a")
    start(tmp_path, CHORUS_CONFIG=config)
    with pytest.raises(WorkspaceSwitched):
        publish(default(tmp_path), 1, recorded_in=None)
    start(tmp_path, CHORUS_CONFIG=str(default(tmp_path).with_name("chorus.json")))
    publish(default(tmp_path), 1, recorded_in=None)


def test_opened_by_configuration_again_is_no_switch(tmp_path: Path) -> None:
    config = workspace(tmp_path / "a")
    state = start(tmp_path, CHORUS_CONFIG=config)
    before = position(tmp_path / "a" / DATABASE)
    assert start(tmp_path, CHORUS_CONFIG=config) == state
    assert start(tmp_path) == state
    assert position(tmp_path / "a" / DATABASE) == before


def test_opened_by_another_name_of_its_folder_is_no_switch(tmp_path: Path) -> None:
    state = start(tmp_path)
    (tmp_path / "link").symlink_to(default(tmp_path).parent)
    assert start(tmp_path, CHORUS_CONFIG=str(tmp_path / "link" / "chorus.json")) == state
    publish(default(tmp_path), 1, recorded_in=None)


def test_place_where_nobody_may_look_holds_nothing() -> None:
    assert not opening.is_there(f"/{'x' * 300}/chorus.json")


HEAD = Position("e", 5)


@pytest.mark.parametrize(
    ("given", "renew"),
    [
        ({}, False),
        ({"record": HighWater(1, Position("e", 3))}, False),
        ({"record": HighWater(1, Position("e", 6))}, True),
        ({"record": HighWater(1, Position("f", 5))}, True),
        ({"record": HighWater(2, HEAD)}, True),
        ({"record": None}, True),
        ({"record": None, "head": Position("e", 0)}, False),
        ({"switching": True}, True),
        ({"vocabulary_changed": True}, True),
        ({"fenced": True}, True),
    ],
)
def test_rule(given: dict[str, object], renew: bool) -> None:
    fits = {"head": HEAD, "inode": 1, "record": HighWater(1, HEAD)}
    fits |= {"vocabulary_changed": False, "switching": False, "fenced": False}
    assert must_renew(**(fits | given)) is renew  # type: ignore[arg-type]


class OneRound(threading.Event):
    """Stops a loop at its first wait."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return super().wait(timeout)


def test_commit_that_is_told_of_late_spoils_no_record(tmp_path: Path) -> None:
    """Between a commit and the note of it another thread switches. Commits are noted in their order: in the turn."""
    home = prepare(load({"CHORUS_HOME": str(tmp_path)}))
    create(tmp_path / "second", MODULE)
    happens = [lambda: opening.switch(home, tmp_path / "second", MODULE)]

    def ring() -> None:
        if happens:
            happens.pop()()
            current.get()

    current = CurrentWorkspace(home, MODULE, ring)
    database = current.get().database
    with database.write() as tx:
        tx.emit(EventType.AGENTS_CHANGED, "{}")
    current.keep_high_water(OneRound())
    for path in {database.path, current.get().database.path}:
        known = home.high_water(path)
        assert known is not None
        assert known.position == position(path)
    current.close()
    database.close()


class SlowHome(Home):
    """`meanwhile` happens once, between what was read and its use."""

    meanwhile: Callable[[], object] | None = None

    def open_workspace(self) -> OpenWorkspace:
        found = super().open_workspace()
        happens, self.meanwhile = self.meanwhile, None
        if happens:
            happens()
        return found


def test_who_asked_before_a_switch_does_not_take_it_back(tmp_path: Path) -> None:
    prepare(load({"CHORUS_HOME": str(tmp_path)})).close()
    create(tmp_path / "second", MODULE)
    home = SlowHome(tmp_path, MODULE)
    current = CurrentWorkspace(home, MODULE, lambda: None)
    former = current.get()

    def overtaken() -> None:
        opening.switch(home, tmp_path / "second", MODULE)
        current.get()

    home.meanwhile = overtaken
    assert current.get().folder == tmp_path / "second"
    current.close()
    former.close()


def test_record_never_goes_back_within_an_epoch(tmp_path: Path) -> None:
    start(tmp_path)
    home = Home(tmp_path, MODULE)
    for seqs in itertools.permutations((1, 2, 3)):
        for seq in seqs:
            home.record_high_water(default(tmp_path), Position(f"epoch {seqs}", seq))
        found = home.high_water(default(tmp_path))
        assert found is not None
        assert found.position.seq == 3
    home.close()


# -- databases that may not be opened


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def make_newer(database: Path) -> None:
    engine = sqlite.maintenance_engine(database, MODULE)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()


def make_foreign(database: Path) -> None:
    database.unlink()
    connection = MODULE.connect(str(database))
    connection.execute("CREATE TABLE notes (text)")
    connection.close()


def make_broken(database: Path) -> None:
    database.write_bytes(b"this was a database once" * 1000)


def make_cut(database: Path) -> None:
    database.write_bytes(database.read_bytes()[:5000])


def make_empty(database: Path) -> None:
    database.write_bytes(b"")


def make_missing(database: Path) -> None:
    database.unlink()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (make_newer, "was written by a newer version of Chorus"),
        (make_foreign, "is not a Chorus database"),
        (make_broken, "cannot be read"),
        (make_cut, "cannot be read"),
        (make_empty, "is not a Chorus database"),
        (make_missing, "holds no workspace"),
    ],
)
@pytest.mark.parametrize("opened", ["again", "by configuration"])
def test_unusable_database_is_refused_and_left_alone(
    tmp_path: Path, spoil: Callable[[Path], None], says: str, opened: str
) -> None:
    start(tmp_path)
    database = default(tmp_path)
    publish(database, 2, recorded_in=tmp_path)
    environ = {}
    if opened == "by configuration":
        environ = {"CHORUS_CONFIG": workspace(tmp_path / "a")}
        database = tmp_path / "a" / DATABASE
    spoil(database)
    before = bytes_of(database.parent)
    state = start(tmp_path, **environ)
    assert state.folder is None
    assert state.problem
    assert str(database.parent) in state.problem
    assert says in state.problem
    assert state.problem.endswith(".")
    assert bytes_of(database.parent) == before


def test_repaired_database_is_opened_by_configuration(tmp_path: Path) -> None:
    start(tmp_path)
    whole = default(tmp_path).read_bytes()
    make_broken(default(tmp_path))
    assert start(tmp_path).folder is None
    default(tmp_path).write_bytes(whole)
    assert start(tmp_path).folder is None  # nothing is opened unasked
    config = str(default(tmp_path).with_name("chorus.json"))
    assert start(tmp_path, CHORUS_CONFIG=config).folder == default(tmp_path).parent


def test_making_never_replaces(tmp_path: Path) -> None:
    workspace(tmp_path / "a")
    before = bytes_of(tmp_path / "a")
    with pytest.raises(FileExistsError):
        create(tmp_path / "a", MODULE)
    assert bytes_of(tmp_path / "a") == before


# -- migrations


def test_migrations_make_exactly_the_tables(tmp_path: Path) -> None:
    """`metadata` and the migrations say the same, columns, keys and indexes."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    workspace(tmp_path / "a")
    engine = sqlite.maintenance_engine(tmp_path / "a" / DATABASE, MODULE)
    with engine.begin() as connection:
        assert migrations.current(connection) == migrations.newest()
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
    engine.dispose()


def test_migrating_the_newest_changes_nothing(tmp_path: Path) -> None:
    workspace(tmp_path / "a")
    engine = sqlite.maintenance_engine(tmp_path / "a" / DATABASE, MODULE)
    with engine.begin() as connection:
        before = connection.exec_driver_sql("SELECT sql FROM sqlite_master").all()
        migrations.upgrade(connection)
        assert connection.exec_driver_sql("SELECT sql FROM sqlite_master").all() == before
    engine.dispose()


@pytest.mark.parametrize("library", ["bundled", "system"])
def test_journal_follows_the_library(tmp_path: Path, library: str) -> None:
    """WAL only where the WAL-reset race is repaired; synchronous FULL always."""
    module = sqlite.library(library)
    create(tmp_path / "a", module)
    engine = sqlite.engine(tmp_path / "a" / DATABASE, module, read_only=False)
    with engine.begin() as connection:
        journal = connection.execute(sa.text("PRAGMA journal_mode")).scalar()
        assert journal == ("wal" if sqlite.wal_is_safe(module) else "truncate")
        assert connection.execute(sa.text("PRAGMA synchronous")).scalar() == 2
    engine.dispose()


def test_output_of_another_version_is_set_aside(tmp_path: Path) -> None:
    """A start never depends on what agents once said; it is kept, unchanged."""
    start(tmp_path)
    path = default(tmp_path).with_name(OUTPUT)
    connection = MODULE.connect(str(path))
    connection.execute("PRAGMA user_version=99")
    connection.close()
    assert start(tmp_path).folder is not None
    [aside] = path.parent.glob(f"{OUTPUT}.*.unusable")
    versions = []
    for each in (aside, path):
        connection = MODULE.connect(str(each))
        versions.append(connection.execute("PRAGMA user_version").fetchone()[0])
        connection.close()
    assert versions == [99, SCHEMA_VERSION]
