"""The feed against real databases, without a server: what a look finds, and how it survives whatever happens."""

import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from common.clock import now_ms
from common.db.eventlog import renew_epoch
from common.db.home import Home
from common.events import VOCABULARY, EventType, ResyncReason
from common.settings import Settings
from core.workspaces.current import Workspace
from tests.helpers.workspace import open_workspace, prepared
from wsserver import feed as feed_module
from wsserver.feed import Feed
from wsserver.ring import Expired, Ring


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return prepared(tmp_path / "home")


@pytest.fixture
def workspace(settings: Settings) -> Iterator[Workspace]:
    with open_workspace(settings.home) as opened:
        yield opened


@pytest.fixture
def ring() -> Ring:
    return Ring(100_000)


@pytest.fixture
def feed(settings: Settings, ring: Ring) -> Iterator[Feed]:
    made = Feed(settings, ring)
    yield made
    made.close()


def commit(workspace: Workspace, count: int = 1, text: str = "x") -> None:
    """So many transactions, each with an event."""
    for _ in range(count):
        with workspace.database.write() as transaction:
            transaction.emit(EventType.CONFIG_CHANGED, f'"{text}"')


def edit(workspace: Workspace, statement: str) -> None:
    """What nobody should do to a log."""
    with sqlite3.connect(workspace.database.path) as connection:
        connection.execute(statement)
    connection.close()


def test_before_any_workspace_it_says_so_and_finds_it_later(tmp_path: Path, ring: Ring) -> None:
    settings = prepared(tmp_path / "prepared")
    absent = tmp_path / "absent"
    feed = Feed(Settings(**{**settings.__dict__, "home": absent}), ring)
    try:
        assert not feed.look(thorough=True).locked
        assert "cannot be read" in feed.problem
        with open_workspace(absent):
            feed.look(thorough=True)
            assert feed.problem == ""
            assert feed.log is not None
    finally:
        feed.close()


def test_events_arrive_in_order_and_once(workspace: Workspace, feed: Feed, ring: Ring) -> None:
    feed.look(thorough=True)
    commit(workspace, 3)
    news = feed.look(thorough=False)
    assert (len(news.committed_at), ring.head, news.more) == (3, 3, False)
    assert feed.look(thorough=False).committed_at == []
    chunk = ring.after(0)
    assert chunk
    assert chunk.data.count(b'"type":"config_changed"') == 3


def test_at_start_the_ring_holds_the_end_of_the_log(workspace: Workspace, feed: Feed, ring: Ring) -> None:
    commit(workspace, 60, "y" * 3000)
    feed.look(thorough=True)
    assert ring.head == 60
    assert 1 < ring.oldest < 35
    assert feed.log
    assert feed.log.oldest == 1


def test_a_long_tail_is_read_in_pages(
    workspace: Workspace, feed: Feed, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "PAGE", 5)
    feed.look(thorough=True)
    commit(workspace, 12)
    assert [len(feed.look(thorough=False).committed_at) for _ in range(3)] == [5, 5, 2]
    assert ring.head == 12


def test_what_has_left_the_ring_is_read_from_the_log(workspace: Workspace, settings: Settings) -> None:
    small = Ring(200)
    feed = Feed(settings, small)
    try:
        commit(workspace, 20)
        feed.look(thorough=True)
        assert small.oldest > 10
        chunk = feed.older(4)
        assert chunk
        assert (chunk.first, chunk.last) == (5, 20)
        assert feed.older(4) is chunk
    finally:
        feed.close()


def test_a_renewed_epoch_interrupts(workspace: Workspace, feed: Feed, ring: Ring) -> None:
    commit(workspace, 3)
    feed.look(thorough=True)
    assert feed.log
    before = feed.log.epoch
    with workspace.database.sweep() as connection:
        renew_epoch(connection, VOCABULARY)
    assert feed.look(thorough=False).interrupted is ResyncReason.EPOCH
    assert feed.log.epoch != before
    assert feed.look(thorough=False).interrupted is None
    assert ring.head == 3


def test_a_hole_interrupts_and_does_not_end_the_feed(workspace: Workspace, feed: Feed, ring: Ring) -> None:
    commit(workspace, 3)
    feed.look(thorough=True)
    commit(workspace, 3)
    edit(workspace, "DELETE FROM events WHERE seq = 5")
    assert feed.look(thorough=False).interrupted is ResyncReason.EXPIRED
    assert (ring.oldest, ring.head) == (6, 6)
    with pytest.raises(Expired):
        feed.older(3)
    commit(workspace)
    assert feed.look(thorough=False).interrupted is None
    assert ring.head == 7


def test_events_that_vanish_before_they_are_read(workspace: Workspace, feed: Feed, ring: Ring) -> None:
    feed.look(thorough=True)
    commit(workspace, 3)
    edit(workspace, "DELETE FROM events")
    assert feed.look(thorough=False).interrupted is ResyncReason.EXPIRED
    assert feed.look(thorough=False).interrupted is None
    commit(workspace)
    assert (len(feed.look(thorough=False).committed_at), ring.head) == (1, 4)


def test_a_log_that_went_back_interrupts(workspace: Workspace, feed: Feed, ring: Ring) -> None:
    commit(workspace, 5)
    feed.look(thorough=True)
    edit(workspace, "DELETE FROM events WHERE seq > 3")
    edit(workspace, "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'events'")
    assert feed.look(thorough=False).interrupted is ResyncReason.AHEAD
    assert ring.head == 3


def test_another_workspace_interrupts(tmp_path: Path, settings: Settings, workspace: Workspace, feed: Feed) -> None:
    commit(workspace, 2)
    feed.look(thorough=True)
    assert feed.log
    before = feed.log.epoch
    with open_workspace(tmp_path / "elsewhere") as other:
        switch(settings, feed, other.folder)
        news = feed.look(thorough=True)
        assert news.interrupted is ResyncReason.WORKSPACE
        assert news.recent
        assert news.recent[0].config_path == str(other.folder / "chorus.json")
        assert feed.log.epoch != before
        assert feed.look(thorough=True).interrupted is None


def switch(settings: Settings, feed: Feed, folder: Path | None) -> None:
    home = Home(settings.home, feed.module)
    home.switch_to(folder, now_ms(), problem=None if folder else "It was closed.")
    home.close()


def test_the_open_workspace_opened_once_more_interrupts_nobody(
    settings: Settings, workspace: Workspace, feed: Feed, ring: Ring
) -> None:
    """A switch that ended half-way is finished by asking again; its log goes on where it was."""
    commit(workspace, 2)
    feed.look(thorough=True)
    switch(settings, feed, workspace.folder)
    commit(workspace)
    news = feed.look(thorough=True)
    assert (news.interrupted, len(news.committed_at), ring.head) == (None, 1, 3)
    assert news.recent


def test_opened_once_more_with_a_new_epoch_interrupts(settings: Settings, workspace: Workspace, feed: Feed) -> None:
    feed.look(thorough=True)
    with workspace.database.sweep() as connection:
        renew_epoch(connection, VOCABULARY)
    switch(settings, feed, workspace.folder)
    assert feed.look(thorough=True).interrupted is ResyncReason.EPOCH


def test_no_workspace_any_more(settings: Settings, workspace: Workspace, feed: Feed) -> None:
    feed.look(thorough=True)
    switch(settings, feed, None)
    assert feed.look(thorough=True).interrupted is ResyncReason.WORKSPACE
    assert (feed.log, feed.problem) == (None, "It was closed.")


def test_a_folder_that_is_lost_interrupts_and_is_served_again_once_it_is_back(
    tmp_path: Path, workspace: Workspace, feed: Feed
) -> None:
    """SQLite would go on reading the file that is gone: the page would look live for ever."""
    commit(workspace)
    feed.look(thorough=True)
    lost = workspace.folder.rename(tmp_path / "lost")
    assert feed.look(thorough=True).interrupted is ResyncReason.WORKSPACE
    assert (feed.log, bool(feed.problem)) == (None, True)
    lost.rename(workspace.folder)
    feed.look(thorough=True)
    assert feed.log
    assert (feed.log.head, feed.problem) == (1, "")


def test_a_switch_is_seen_by_its_fence_without_a_thorough_look(
    tmp_path: Path, settings: Settings, workspace: Workspace, feed: Feed
) -> None:
    feed.look(thorough=True)
    edit(workspace, "UPDATE log_state SET fenced = 1")
    feed.look(thorough=False)
    with open_workspace(tmp_path / "elsewhere") as other:
        switch(settings, feed, other.folder)
        assert feed.look(thorough=False).interrupted is ResyncReason.WORKSPACE


def test_the_recent_list_is_read_as_soon_as_it_changes(settings: Settings, workspace: Workspace, feed: Feed) -> None:
    feed.look(thorough=True)
    assert feed.look(thorough=False).recent is None
    home = Home(settings.home, feed.module)
    home.forget(workspace.config_path, "token", now_ms())
    assert feed.look(thorough=False).recent == []
    assert feed.look(thorough=False).recent is None
    home.close()


def test_an_unreadable_database_is_a_reason_and_not_the_end(workspace: Workspace, feed: Feed, ring: Ring) -> None:
    commit(workspace, 2)
    feed.look(thorough=True)
    path = workspace.database.path
    feed._failed(_io_error(), feed.look(thorough=False))
    assert feed.log is None
    assert "disk I/O error" in feed.problem
    commit(workspace)
    news = feed.look(thorough=True)
    assert (news.interrupted, feed.problem, ring.head) == (None, "", 3)
    assert path.exists()


def test_a_change_of_epoch_while_unreadable_still_interrupts(workspace: Workspace, feed: Feed) -> None:
    feed.look(thorough=True)
    feed._failed(_io_error(), feed.look(thorough=False))
    with workspace.database.sweep() as connection:
        renew_epoch(connection, VOCABULARY)
    assert feed.look(thorough=True).interrupted is ResyncReason.EPOCH


def _io_error() -> sa.exc.DBAPIError:
    return sa.exc.OperationalError("SELECT", None, sqlite3.OperationalError("disk I/O error"))


def test_a_lock_is_not_waited_for(tmp_path: Path, ring: Ring) -> None:
    """With the rollback journal of an affected library a commit locks readers out."""
    settings = prepared(tmp_path / "home", CHORUS_SQLITE="system")
    feed = Feed(settings, ring)
    feed.look(thorough=True)
    holder = sqlite3.connect(settings.home / "workspaces/default/chorus.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    assert feed.look(thorough=False).locked
    assert time.monotonic() - began < 1  # who waits, does so for 5 s
    assert feed.log
    holder.close()
    assert not feed.look(thorough=False).locked
    feed.close()


def test_a_lock_amid_a_look_loses_nothing_that_was_found(
    tmp_path: Path, settings: Settings, workspace: Workspace, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed.look(thorough=True)

    problem = sqlite3.OperationalError("database is locked")
    problem.sqlite_errorcode = sqlite3.SQLITE_BUSY

    def locked(*_: object) -> None:
        raise sa.exc.OperationalError("BEGIN", None, problem)

    with open_workspace(tmp_path / "elsewhere") as other:
        switch(settings, feed, other.folder)
        with monkeypatch.context() as patch:
            patch.setattr("wsserver.reader.LogReader.after", locked)
            news = feed.look(thorough=True)
            assert (news.locked, news.interrupted, feed.log) == (True, ResyncReason.WORKSPACE, None)
            assert news.recent
        feed.look(thorough=True)
        assert feed.log is not None


def test_it_cannot_write(workspace: Workspace, feed: Feed) -> None:
    feed.look(thorough=True)
    before = sorted((name, os.stat(workspace.folder / name).st_size) for name in os.listdir(workspace.folder))
    feed.look(thorough=True)
    assert before == sorted((name, os.stat(workspace.folder / name).st_size) for name in os.listdir(workspace.folder))


def test_what_left_the_ring_is_read_from_the_served_log_only(workspace: Workspace, feed: Feed) -> None:
    """Not before there is one, and not from another one in its place, where a number means something else."""
    commit(workspace, 3)
    assert feed.older(1) is None
    feed.look(thorough=True)
    with workspace.database.sweep() as connection:
        renew_epoch(connection, VOCABULARY)
    assert feed.older(1) is None
