"""The recent list of workspaces in home.db."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from common.db import sqlite
from common.db.home import UNDO_MS, Home, forgotten, recent

CONFIG = "/srv/a/chorus.json"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home.create(tmp_path, sqlite.library("bundled"))
    with made.writing() as connection:
        connection.execute(sa.insert(recent), {"config_path": CONFIG, "last_opened_at": 1})
    yield made
    made.close()


def test_forgotten_workspace_is_recalled_once(home: Home) -> None:
    assert home.forget(CONFIG, "token", 1_000)
    assert not home.forget(CONFIG, "other", 1_000)
    assert not home.recall("other", 1_000)
    assert home.recall("token", 1_000 + UNDO_MS - 1)
    assert [entry.config_path for entry in home.recent()] == [CONFIG]
    assert not home.recall("token", 1_000)


def test_recall_comes_too_late(home: Home) -> None:
    assert home.forget(CONFIG, "token", 1_000)
    assert not home.recall("token", 1_000 + UNDO_MS)


def test_of_two_who_recall_at_once_one_does(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one has seen the token before the first took it."""
    home.forget(CONFIG, "token", 1_000)
    comes, writing, answers = threading.Event(), home.writing, []

    @contextmanager
    def announced() -> Iterator[sa.Connection]:
        comes.set()
        with writing() as connection:
            yield connection

    with writing() as connection:
        monkeypatch.setattr(home, "writing", announced)
        second = threading.Thread(target=lambda: answers.append(home.recall("token", 1_000)))
        second.start()
        assert comes.wait(10)
        connection.execute(sa.delete(forgotten))
    second.join()
    assert answers == [False]
