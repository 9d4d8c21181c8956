"""A new optional field of a task costs its declaration and its migration: everything else follows.

The declaration is added to a copy of the tree, whose own server, command line and generators are then asked for it.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.settings import ROOT

ABOVE = "    archived_at: int | None = declare("
FIELD = """    priority: str | None = declare(
        kinds.one_of(("low", "high")), default=None, nullable=True, missing=None, write=Write.OPTIONAL
    )
"""
MIGRATION = """import sqlalchemy as sa
from alembic import op

from common.db.migrations.rewriting import rewrite

revision = "9999"
down_revision = "{newest}"


def upgrade() -> None:
    op.add_column("tasks", sa.Column("priority", sa.Text()))
    rewrite(op.get_bind(), "tasks", lambda wire: {{"wire": wire | {{"priority": None}}}})
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree with the field."""
    target = tmp_path_factory.mktemp("declared") / "chorus"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("bench/", "docs/", "tests/runner/recorded")):
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes((ROOT / name).read_bytes())
            path.chmod((ROOT / name).stat().st_mode)
    (target / ".venv").symlink_to(sys.prefix)
    declared = target / "common/entities/task.py"
    before = declared.read_text()
    assert before.count(ABOVE) == 1
    declared.write_text(before.replace(ABOVE, FIELD + ABOVE))
    versions = target / "common/db/migrations/versions"
    newest = max(path.name[:4] for path in versions.glob("0*.py"))
    (versions / "9999_priority.py").write_text(MIGRATION.format(newest=newest))
    return target


def _environ(copy: Path) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"PYTHONPATH": str(copy)}


def python(copy: Path, *arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=_environ(copy), capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.processes
def test_api_events_export_and_import_know_a_new_field(copy: Path, tmp_path: Path) -> None:
    python(copy, "-m", "tests.entities.life_of_a_field", str(tmp_path))


def test_generated_files_know_a_new_field(copy: Path) -> None:
    assert "  priority: 'low' | 'high' | null;" in python(copy, "-m", "common.page_types")
    api = python(copy, "-m", "webapp.apidoc")
    for shape in ("CreateTask", "EditTask", "Task"):
        section = api.partition(f"### {shape}\n")[2].partition("###")[0]
        assert "| `priority`" in section, shape
