"""Attachments: which names they may have, how many, and files that are whole or not there."""

import io
from pathlib import Path

import pytest

from common.errors import BadRequest, Conflict, ValidationFailed
from core.attachments import files, names, verbs
from core.tasks import verbs as tasks
from core.workspaces.current import Workspace
from tests.helpers.agents import do
from tests.helpers.workspace import SOURCE


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "empty"),
        ("\ud800.txt", "Unicode"),
        ("é" * 128, "255 bytes"),
        (".", "must not contain"),
        ("..", "must not contain"),
        ("a/b", "must not contain"),
        ("a\\b", "must not contain"),
        ("a\nb", "control"),
        ("a\x7fb", "control"),
    ],
)
def test_names_that_no_file_may_have(name: str, problem: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        names.check_filename(name)
    [told] = refused.value.extra["fields"]["filename"]
    assert problem.lower() in told.lower()


@pytest.mark.parametrize("name", ["a", ".a", "a b&c=#.txt", "é" * 127, "\N{ROCKET}"])
def test_names_that_a_file_may_have(name: str) -> None:
    assert names.check_filename(name) == name


def test_a_task_has_room_for_so_many(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the same name takes no other place."""
    monkeypatch.setattr(verbs, "ATTACHMENTS_AT_MOST", 2)
    task = do(workspace, tasks.create, "x", SOURCE)
    for n, name in enumerate(("a", "b", "b")):
        do(workspace, verbs.attach, task.id, f"id-{n}", name, 1)
    with pytest.raises(Conflict, match="2 attachments"):
        do(workspace, verbs.attach, task.id, "id-4", "c", 1)


@pytest.mark.parametrize("expected", [2, 4])
def test_upload_of_another_length_than_announced_is_not_kept(tmp_path: Path, expected: int) -> None:
    path = tmp_path / "task" / "id"
    with pytest.raises(BadRequest, match="broke off after 3"):
        files.store(path, io.BytesIO(b"abc"), expected)
    assert list(path.parent.iterdir()) == []


def test_workspace_without_uploads_has_no_old_files(tmp_path: Path) -> None:
    assert list(files.old(tmp_path / "uploads", 0.0)) == []
