"""How we talk to SQLite."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from common.db import sqlite

TRY_TO_WRITE = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"


def test_making_a_file_that_is_there_drops_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process loses its locks on a file when it closes any descriptor of it (fcntl(2); sqlite.org/howtocorrupt)."""
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.0)
    path = tmp_path / "some.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA user_version=1")
    holder.execute("BEGIN IMMEDIATE")
    engine = sqlite.maintenance_engine(path, sqlite3, creating=True)
    with engine.connect():
        other = subprocess.run([sys.executable, "-c", TRY_TO_WRITE, path], capture_output=True, text=True, check=False)
    assert "database is locked" in other.stderr
    engine.dispose()
    holder.close()


@pytest.mark.parametrize(("version", "warned"), [((3, 51, 3), False), ((3, 52, 0), False), ((3, 51, 2), True)])
def test_operator_is_warned_of_a_library_that_loses_commits(version: tuple[int, int, int], warned: bool) -> None:
    module = ModuleType("sqlite")
    module.sqlite_version_info = version  # type: ignore[attr-defined]
    module.sqlite_version = ".".join(map(str, version))  # type: ignore[attr-defined]
    assert [warning.startswith(f"SQLite {module.sqlite_version} can lose") for warning in sqlite.warnings(module)] == [
        True
    ] * warned
