"""The sweep of guards finds one that no test misses, and its list names guards that are there."""

import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from common.settings import ROOT
from tests.mutants.guards import needless, sweep
from tests.mutants.planting import guards, switched

SOURCE = '''"""A module."""
from __future__ import annotations
import sys

class Door:
    @property
    def state(self) -> str:
        if (
            self.locked
            and not self.broken
        ): return "locked é"
        if self.open: raise ValueError
        elif self.half:
            return "half"
        if self.open:
            print("two statements")
            return "no guard"
        if self.open:
            return "no guard"
        else:
            return "closed"
'''

LOGIC = '''"""Doors."""


def walk(open: bool, guarded: bool, dark: bool) -> str:
    if not open:
        raise ValueError("closed")
    if guarded:
        return "stopped"
    if dark:
        return "stumbled"
    return "through"
'''

TESTS = """import pytest
from common import doors


def test_closed():
    with pytest.raises(ValueError):
        doors.walk(False, False, False)


def test_guarded():
    doors.walk(True, True, False)
"""


def planted(folder: Path, source: str) -> list[str]:
    (folder / "common").mkdir()
    (folder / "common" / "door.py").write_text(source)
    return [guard.key for guard in guards(folder)]


def test_guards_are_found(tmp_path: Path) -> None:
    assert planted(tmp_path, SOURCE) == [
        "Door.state: if self.locked and (not self.broken): return 'locked é'",
        "Door.state: if self.half: return 'half'",
    ]


def test_equal_guards_are_told_apart(tmp_path: Path) -> None:
    text = "if a:\n        return"
    keys = planted(tmp_path, f"def f(a):\n    {text}\n    {text}\n")
    assert keys == ["f: if a: return", "f: if a: return #1"]


def test_source_is_switched(tmp_path: Path) -> None:
    planted(tmp_path, SOURCE)
    source = switched(SOURCE.encode(), dict(enumerate(guards(tmp_path))), b"PREAMBLE = 1\n").decode()
    assert source.splitlines()[2] == "PREAMBLE = 1"
    assert "if __guard__(1, (self.half)):" in source.replace("elif", "if")
    off: set[int] = set()
    names: dict[str, Any] = {"__guard__": lambda number, condition: bool(condition) and number not in off}
    exec(compile(source, "door.py", "exec"), names)
    door = names["Door"]()
    door.locked, door.broken, door.open, door.half = True, False, False, True
    assert door.state == "locked é"
    off.add(0)
    assert door.state == "half"
    off.add(1)
    assert door.state == "closed"


def test_list_names_guards_that_are_there() -> None:
    there = Counter(guard.key for guard in guards(ROOT))
    assert [key for key in needless() if there[key] != 1] == []
    assert [key for key, why in needless().items() if not why] == []


def test_survivors_are_told(tmp_path: Path) -> None:
    """A small project: one guard is held, one is met and not missed, one is never met."""
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "doors.py").write_text(LOGIC)
    shutil.copytree(ROOT / "tests" / "mutants", tmp_path / "tests" / "mutants", ignore=shutil.ignore_patterns("test_*"))
    (tmp_path / "tests" / "test_doors.py").write_text(TESTS)
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    for name in (".venv", "node_modules"):
        (tmp_path / name).symlink_to((ROOT / name).resolve())
    (tmp_path / ".gitignore").write_text("/.venv\n/node_modules\n")
    assert sweep(tmp_path, tests=["tests"]) == [
        "common/doors.py:7  walk: if guarded: return 'stopped'  (tried on 1)",
        "common/doors.py:9  walk: if dark: return 'stumbled'  (no test meets it)",
    ]


@pytest.mark.soak
def test_every_guard_is_held() -> None:
    assert sweep() == []
