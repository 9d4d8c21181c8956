"""A file of an agent and its record: both, or neither, or an answer that says which. On a disk that is really full."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from common.db.effects import Effect
from common.db.write import WriteTransaction
from common.errors import ChorusError, Conflict, NotRecorded, StorageFull
from core.config import file as config_file
from core.config import verbs as config
from core.files.drafts import LEDGER
from core.tasks import history
from core.tools import catalogue
from core.tools.tool import Arguments
from core.workspaces.current import Workspace
from tests.helpers.agents import Worker, at_work, do, entries, equip
from tests.helpers.disk import full, needs_root, small_disk
from tests.helpers.workspace import open_workspace

STORY = "one\ntwo\n"
CALLS: dict[str, Arguments] = {
    "file.write": {"path": "story.md", "content": "new"},
    "file.patch": {"path": "story.md", "patches": [{"find": "one", "replace": "1"}]},
    "file.delete": {"path": "story.md"},
    "file.create": {"path": "deep/down/new.md", "content": "new"},
}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Holds the workspace; the agent's folder lies on another one."""
    with small_disk(tmp_path / "disk", 24) as made:
        yield made


@pytest.fixture
def worker(disk: Path, tmp_path: Path) -> Iterator[Worker]:
    project = tmp_path / "project"
    project.mkdir()
    (project / "story.md").write_text(STORY)
    with open_workspace(disk / "home") as workspace:
        equip(workspace, project)
        yield at_work(workspace)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path / "project"


def call_with_a_full_disk(worker: Worker, disk: Path, tool: str, *meanwhile: Effect) -> ChorusError:
    """The disk fills up once all rows are written: COMMIT finds no room. `meanwhile` is after the effect."""
    append = history.append
    with ExitStack() as filled, pytest.MonkeyPatch.context() as patched, pytest.raises(ChorusError) as refused:

        def filling(tx: WriteTransaction, *arguments: Any, **values: Any) -> Any:
            for effect in meanwhile:
                tx.at_last(effect)
            done = append(tx, *arguments, **values)
            filled.enter_context(full(disk))
            return done

        patched.setattr(history, "append", filling)
        worker.call(tool, **CALLS[tool])
    return refused.value


def listed(project: Path) -> list[str]:
    return sorted(str(path.relative_to(project)) for path in project.rglob("*"))


@needs_root
@pytest.mark.parametrize("tool", CALLS)
def test_change_that_cannot_be_recorded_is_taken_back(worker: Worker, disk: Path, project: Path, tool: str) -> None:
    before = (project / "story.md").stat()
    refused = call_with_a_full_disk(worker, disk, tool)
    assert type(refused) is StorageFull
    after = (project / "story.md").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert (project / "story.md").read_text() == STORY
    assert listed(project) == ["story.md"]
    assert os.listdir(worker.workspace.folder / LEDGER) == []
    assert entries(worker.workspace, worker.task_id) == []
    worker.call(tool, **CALLS[tool])  # there is room again
    assert len(entries(worker.workspace, worker.task_id)) == 1


@needs_root
@pytest.mark.skipif(
    os.environ.get("CHORUS_SQLITE") == "system", reason="a rollback journal meets the full disk before the effect"
)
def test_change_that_can_be_neither_recorded_nor_taken_back_is_told(worker: Worker, disk: Path, project: Path) -> None:
    """Somebody else wrote into the file in that very moment: that is not lost for it. The repeat is not misled."""
    expected = worker.call("file.read", path="story.md")["hash"]
    story = project / "story.md"

    def write_theirs() -> None:
        story.write_text("theirs")

    refused = call_with_a_full_disk(worker, disk, "file.write", Effect(write_theirs, lambda: None, ""))
    assert type(refused) is NotRecorded
    assert refused.message.startswith("The file was changed. This could not be recorded")
    assert story.read_text() == "theirs"
    story.write_text("new")  # as the call has left it, had nobody written
    again = worker.call("file.write", path="story.md", content="new", expected_hash=expected)
    assert again["success"]
    with pytest.raises(Conflict, match="has changed"):
        worker.call("file.write", path="story.md", content="newer", expected_hash=expected)


def fill(until: ExitStack, disk: Path) -> None:
    until.enter_context(full(disk))


@needs_root
def test_edited_chorus_json_comes_back(worker: Worker, disk: Path) -> None:
    """Overwriting it is a change of the file alone, and is taken back like any other."""
    workspace = worker.workspace
    path = config_file.path_of(workspace.folder)
    for text in ('{"edited": true}', None):
        path.write_text(text) if text else path.unlink()
        with ExitStack() as filled, pytest.raises(StorageFull), workspace.database.write() as tx:
            config.overwrite_file(tx)
            tx.at_last(Effect(partial(fill, filled, disk), lambda: None, ""))
        assert (path.read_text() if path.exists() else None) == text
        assert list(workspace.folder.glob(".chorus-*")) == []
    do(workspace, config.overwrite_file)
    assert list(workspace.folder.glob(".chorus-*")) == []


def test_refused_creation_leaves_no_folders(workspace: Workspace, tmp_path: Path) -> None:
    equip(workspace, tmp_path)
    worker = at_work(workspace)
    (tmp_path / "there").mkdir()
    with pytest.raises(ChorusError):
        worker.call("file.create", path="there/a/b/c.md", content="x" * (10 * 1024 * 1024 + 1))
    assert os.listdir(tmp_path / "there") == []


def test_every_tool_that_changes_files_is_here() -> None:
    assert {name for name in catalogue.TABLE if name.startswith("file.")} - CALLS.keys() == {
        *("file.read", "file.list", "file.search")
    }
