"""Which port is used: --port, then the open workspace's own, then CHORUS_PORT, then 8080."""

from pathlib import Path

import sqlalchemy as sa

from common.db import sqlite, tables
from common.db.home import DATABASE
from common.settings import load
from launcher.address import resolve_port
from tests.helpers.workspace import prepared


def set_workspace_port(folder: Path, port: int | None) -> None:
    engine = sqlite.maintenance_engine(folder / DATABASE, sqlite.library("bundled"))
    with engine.begin() as connection:
        connection.execute(sa.update(tables.config).values(port=port))
    engine.dispose()


def test_default(tmp_path: Path) -> None:
    assert resolve_port(load({"CHORUS_HOME": str(tmp_path / "none")})) == 8080
    assert not (tmp_path / "none").exists()


def test_environment(tmp_path: Path) -> None:
    settings = prepared(tmp_path, CHORUS_PORT="9000")
    assert resolve_port(settings) == 9000


def test_open_workspace(tmp_path: Path) -> None:
    settings = prepared(tmp_path, CHORUS_PORT="9000")
    set_workspace_port(tmp_path / "workspaces" / "default", 9100)
    assert resolve_port(settings) == 9100


def test_workspace_to_be_opened(tmp_path: Path) -> None:
    prepared(tmp_path / "other")
    folder = tmp_path / "other" / "workspaces" / "default"
    set_workspace_port(folder, 9200)
    settings = load({"CHORUS_HOME": str(tmp_path), "CHORUS_CONFIG": str(folder / "chorus.json")})
    assert resolve_port(settings) == 9200


def test_flag(tmp_path: Path) -> None:
    prepared(tmp_path)
    set_workspace_port(tmp_path / "workspaces" / "default", 9100)
    settings = load({"CHORUS_HOME": str(tmp_path), "CHORUS_PORT": "9000"}, port=9300)
    assert resolve_port(settings) == 9300


def test_unusable_workspace_has_no_say(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"not a database" * 1000)
    settings = load({"CHORUS_HOME": str(tmp_path), "CHORUS_CONFIG": str(tmp_path / "chorus.json")})
    assert resolve_port(settings) == 8080
