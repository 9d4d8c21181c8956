"""The file tools: what each does, inside the allowed folders."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import storage
from common.answersize import fits
from common.errors import (
    BadRequest,
    ChorusError,
    Conflict,
    Forbidden,
    NotFound,
    ServiceUnavailable,
    StorageFull,
    TooLarge,
    ValidationFailed,
)
from common.settings import ROOT
from core import housekeeping, idempotency
from core.board import commands
from core.files import search, texts, tree
from core.files.drafts import LEDGER
from core.files.folders import Folders
from core.files.walk import Spot
from core.idempotency import Request
from core.runs import grants
from core.tools import calls, catalogue
from core.workspaces.current import Workspace
from tests.helpers.agents import Worker, at_work, do, entries, equip

STORY = "one\ntwo\nthree\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    (made / "story.md").write_text(STORY)
    (made / "src").mkdir()
    (made / "src" / "a.py").write_text("import os\nprint('Hello')\n")
    return made


@pytest.fixture
def worker(workspace: Workspace, folder: Path) -> Worker:
    equip(workspace, folder)
    return at_work(workspace)


def test_millions_of_lines_take_no_memory() -> None:
    text = "ab\n" * 1_000_000
    tracemalloc.start()
    try:
        shown = [texts.show(text, offset, None) for offset in (0, 999_990)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [(page.total, page.truncated) for page in shown] == [(1_000_001, True), (1_000_001, False)]
    assert shown[1].text.endswith("1000000\tab\n1000001\t")
    assert peak < 1024 * 1024


def test_read_shows_numbered_lines(worker: Worker) -> None:
    read = worker.call("file.read", path="story.md")
    assert read["content"] == "     1\tone\n     2\ttwo\n     3\tthree\n     4\t"
    assert (read["total_lines"], read["truncated"]) == (4, False)
    part = worker.call("file.read", path="story.md", offset=1, limit=1)
    assert (part["content"], part["truncated"]) == ("     2\ttwo", True)
    assert len(part["hash"]) == 64


@pytest.mark.parametrize("line", ["0123456789" * 8, "漢字仮名" * 20, 'a "quoted" \\ one', "plain words of a line"])
def test_large_files_are_read_in_parts_that_fit(worker: Worker, folder: Path, line: str) -> None:
    """Agent programs keep larger answers from their model."""
    lines = [f"{n} {line}" for n in range(3_000)]
    (folder / "large.txt").write_text("\n".join(lines))
    read: list[str] = []
    while len(read) < len(lines):
        part = worker.call("file.read", path="large.txt", offset=len(read))
        assert fits(part)
        read += [shown.partition("\t")[2] for shown in part["content"].split("\n")]
        assert part["truncated"] == (len(read) < len(lines))
    assert read == lines


def test_long_lists_and_searches_fit(worker: Worker, folder: Path) -> None:
    for n in range(600):
        (folder / f"{n}-{'0123456789' * 15}.txt").write_text("needle " + "0123456789 " * 40)
    listed = worker.call("file.list")
    found = worker.call("file.search", pattern="needle", max_results=1_000)
    assert (fits(listed), listed["truncated"], len(listed["files"]) > 50) == (True, True, True)
    assert (fits(found), found["truncated"], len(found["matches"]) > 20) == (True, True, True)


def test_create_makes_folders_and_takes_only_free_names(worker: Worker, folder: Path) -> None:
    made = worker.call("file.create", path="new/deep/x.txt", content="é")
    assert (made["success"], made["bytes_written"]) == (True, 2)
    assert (folder / "new/deep/x.txt").read_text() == "é"
    for taken in ("new/deep/x.txt", "src"):
        with pytest.raises(Conflict, match="already"):
            worker.call("file.create", path=taken, content="")
    assert sorted(os.listdir(folder / "new/deep")) == ["x.txt"]


def test_write_replaces_in_one_step_and_keeps_permissions(worker: Worker, folder: Path) -> None:
    """(D2, D9)"""
    target = folder / "story.md"
    target.chmod(0o640)
    with open(target) as before:
        worker.call("file.write", path=str(target), content="new")
        assert before.read() == STORY  # who has it open reads on
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    with pytest.raises(NotFound):
        worker.call("file.write", path="nothing.md", content="")
    assert sorted(os.listdir(folder)) == ["src", "story.md"]


def test_patch_is_all_or_nothing(worker: Worker, folder: Path) -> None:
    patches = [{"find": "one", "replace": "1"}, {"find": "two\n", "replace": ""}]
    done = worker.call("file.patch", path="story.md", patches=patches)
    assert done["patches_applied"] == 2
    assert (folder / "story.md").read_text() == "1\nthree\n"
    with pytest.raises(Conflict, match=r"Patch 2: .* not there"):
        worker.call("file.patch", path="story.md", patches=[{"find": "1", "replace": "2"}, patches[0]])
    assert (folder / "story.md").read_text() == "1\nthree\n"


def test_delete_takes_files_only(worker: Worker, folder: Path) -> None:
    worker.call("file.delete", path="story.md")
    assert not (folder / "story.md").exists()
    with pytest.raises(NotFound):
        worker.call("file.delete", path="story.md")
    with pytest.raises(ValidationFailed):
        worker.call("file.delete", path="src")


@pytest.mark.parametrize("tool", ["file.write", "file.patch", "file.delete"])
def test_expected_hash_protects_the_change_of_another(worker: Worker, folder: Path, tool: str) -> None:
    """(D9)"""
    read = worker.call("file.read", path="story.md")
    (folder / "story.md").write_text("theirs")
    extra: dict[str, Any] = {"content": ""} if tool == "file.write" else {}
    extra |= {"patches": [{"find": "i", "replace": ""}]} if tool == "file.patch" else {}
    with pytest.raises(Conflict) as refused:
        worker.call(tool, path="story.md", expected_hash=read["hash"], **extra)
    assert (folder / "story.md").read_text() == "theirs"
    worker.call(tool, path="story.md", expected_hash=refused.value.extra["current"]["hash"], **extra)


def test_list_shows_one_level_or_what_fits(worker: Worker, folder: Path) -> None:
    listed = {entry["path"]: entry for entry in worker.call("file.list")["files"]}
    assert listed.keys() == {"src", "story.md"}
    assert listed["src"]["is_directory"]
    assert listed["story.md"]["size"] == len(STORY)
    assert listed["story.md"]["modified"] == (folder / "story.md").stat().st_mtime_ns // 1_000_000
    for pattern in ("*.py", "src/*.py", "**/*.py"):
        assert [entry["path"] for entry in worker.call("file.list", pattern=pattern)["files"]] == ["src/a.py"]
    with pytest.raises(ValidationFailed):
        worker.call("file.list", path="story.md")


def test_search_finds_lines_in_text_files(worker: Worker, folder: Path) -> None:
    (folder / "binary").write_bytes(b"Hello\0")
    (folder / "latin").write_bytes(b"Hello \xff")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("Hello")
    found = worker.call("file.search", pattern="hel+o", case_sensitive=False, context_lines=1)
    [match] = found["matches"]
    assert (match["path"], match["line"], match["content"]) == ("src/a.py", 2, "print('Hello')")
    assert (match["before"], match["after"], found["truncated"]) == (["import os"], [], False)
    assert worker.call("file.search", pattern="hello")["matches"] == []
    assert worker.call("file.search", pattern="o", glob="*.py", max_results=1)["truncated"]
    here = [match["path"] for match in worker.call("file.search", pattern="o", path="src/a.py")["matches"]]
    assert here == ["src/a.py", "src/a.py"]
    with pytest.raises(ValidationFailed, match="arguments"):
        worker.call("file.search", pattern="(")


def test_relative_paths_begin_in_the_working_folder(workspace: Workspace, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    equip(workspace, folder, other, start=str(other))
    worker = at_work(workspace)
    worker.call("file.create", path="here.txt", content="")
    assert (other / "here.txt").exists()
    assert worker.call("file.read", path=f"{folder}/story.md")["total_lines"] == 4


def test_links_inside_the_folders_work(worker: Worker, folder: Path) -> None:
    (folder / "link.md").symlink_to("story.md")
    (folder / "absolute").symlink_to(folder / "src")
    (folder / "src" / "up").symlink_to("../story.md")
    assert worker.call("file.read", path="link.md")["total_lines"] == 4
    assert worker.call("file.read", path="absolute/up")["total_lines"] == 4
    worker.call("file.write", path="link.md", content="through")
    assert (folder / "link.md").is_symlink()
    assert (folder / "story.md").read_text() == "through"
    worker.call("file.delete", path="link.md")
    assert (folder / "story.md").exists()


@pytest.mark.parametrize(
    ("tool", "arguments", "kind"),
    [
        ("file.read", {"path": ""}, ValidationFailed),
        ("file.read", {"path": "  "}, ValidationFailed),
        ("file.read", {"path": "a" * 300}, ValidationFailed),
        ("file.read", {"path": "story.md/x"}, NotFound),
        ("file.read", {"path": "a\0b"}, ValidationFailed),
        ("file.read", {"path": "story.md", "offset": "one"}, ValidationFailed),
        ("file.read", {"path": "story.md", "surprise": 1}, ValidationFailed),
        ("file.read", {"path": "src"}, ValidationFailed),
        ("file.create", {"path": "/".join("d" * 80), "content": ""}, ValidationFailed),
        ("file.patch", {"path": "story.md", "patches": []}, ValidationFailed),
        ("file.none", {}, BadRequest),
    ],
)
def test_refusals_are_recorded_with_their_call(
    worker: Worker, tool: str, arguments: dict[str, Any], kind: type[ChorusError]
) -> None:
    with pytest.raises(kind) as refused:
        worker.call(tool, **arguments)
    last = entries(worker.workspace, worker.task_id)[-1]
    assert (last["tool"], last["status"], last["output"]) == (tool, "error", refused.value.message)
    assert json.loads(last["input"]) == arguments
    assert last["runId"] == worker.run["id"]


def test_no_folder_is_allowed_at_first(workspace: Workspace) -> None:
    equip(workspace)
    with pytest.raises(Forbidden, match="Settings"):
        at_work(workspace).call("file.list")


def test_grants_change_what_a_run_may_do(worker: Worker) -> None:
    do(worker.workspace, grants.change, worker.task_id, [], ["file.read"])
    with pytest.raises(Forbidden):
        worker.call("file.read", path="story.md")
    do(worker.workspace, grants.change, worker.task_id, ["file.read"], [])
    worker.call("file.read", path="story.md")


def test_repeated_key_has_its_effect_once(worker: Worker, folder: Path) -> None:
    key = Request("key POST /tools", "hash")
    first = worker.answer("file.create", key, path="once.txt", content="x")
    again = worker.answer("file.create", key, path="once.txt", content="x")
    assert again == first
    assert [entry["tool"] for entry in entries(worker.workspace, worker.task_id)] == ["file.create"]
    (folder / "once.txt").unlink()
    refused = Request("other POST /tools", "hash")
    with pytest.raises(NotFound):
        worker.answer("file.read", refused, path="once.txt")
    assert worker.answer("file.read", refused, path="once.txt").status == 404
    assert len(entries(worker.workspace, worker.task_id)) == 2


def test_twins_with_one_key_both_get_the_one_answer(worker: Worker) -> None:
    key = Request("twin POST /tools", "hash")
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(worker.answer("file.create", key, path="t", content="x")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert len(set(answers)) == 1
    assert len(entries(worker.workspace, worker.task_id)) == 1


def test_concurrent_patches_lose_nothing(workspace: Workspace, folder: Path) -> None:
    equip(workspace, folder)
    (folder / "sum").write_text("".join(f"<{n}>" for n in range(12)))
    workers = [at_work(workspace) for _ in range(4)]

    def change(worker: Worker, numbers: Iterator[int]) -> None:
        for n in numbers:
            worker.call("file.patch", path="sum", patches=[{"find": f"<{n}>", "replace": f"[{n}]"}])

    threads = [threading.Thread(target=change, args=(w, iter(range(i, 12, 4)))) for i, w in enumerate(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (folder / "sum").read_text() == "".join(f"[{n}]" for n in range(12))


def test_file_is_unchanged_where_its_run_has_ended_meanwhile(worker: Worker, folder: Path) -> None:
    """The end of the run comes between the preparation of a change and its effect."""
    prepare = catalogue.TABLE["file.write"]

    def late(context: Any, arguments: Any) -> Any:
        worker.end()
        return prepare(context, arguments)

    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(catalogue.TABLE, "file.write", late)
        with pytest.raises(ChorusError, match="has ended"):
            worker.call("file.write", path="story.md", content="late")
    assert (folder / "story.md").read_text() == STORY
    assert sorted(os.listdir(folder)) == ["src", "story.md"]
    assert [entry["status"] for entry in entries(worker.workspace, worker.task_id)] == ["error"]


LEAVE_A_DRAFT = """
import os, signal, sys
from pathlib import Path
from core.files.drafts import Drafts
from core.files.folders import Folders
from core.files.walk import reach
with reach(Folders([sys.argv[1]]), "src/a.py") as spot, Drafts(Path(sys.argv[2])).made(spot, b"half", None):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_leaves_is_swept(worker: Worker, folder: Path) -> None:
    """After ten minutes; nothing else is, whatever its name."""
    (folder / "src" / ".chorus-mine.tmp").touch()
    workspace = worker.workspace.folder
    command = [sys.executable, "-c", LEAVE_A_DRAFT, str(folder), str(workspace)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    [draft] = set(os.listdir(folder / "src")) - {"a.py", ".chorus-mine.tmp"}
    assert [entry["path"] for entry in worker.call("file.list", path="src")["files"]] == [".chorus-mine.tmp", "a.py"]
    (workspace / LEDGER / "theirs").write_text(str(folder))

    def keep_house() -> set[str]:
        housekeeping.run(worker.workspace.database, worker.workspace.uploads, archive_days=7)
        return set(os.listdir(folder / "src"))

    assert draft in keep_house()
    for entry in (workspace / LEDGER).iterdir():
        os.utime(entry, (0, 0))
    assert keep_house() == {"a.py", ".chorus-mine.tmp"}
    assert os.listdir(workspace / LEDGER) == ["theirs"]
    assert (folder / "src" / "a.py").read_text().startswith("import os")


def test_search_ends_with_its_run(worker: Worker, folder: Path) -> None:
    (folder / "evil").write_text("a" * 40 + "!")
    timer = threading.Timer(0.3, lambda: do(worker.workspace, commands.cancel, worker.run["id"]))
    timer.start()
    with pytest.raises(Conflict, match=r"stopped|cannot act"):
        worker.call("file.search", pattern="(a+)+$")
    timer.join()


def test_search_of_an_ended_run_is_stopped_at_once(folder: Path) -> None:
    """Not only when its time is over."""
    (folder / "evil").write_text("a" * 40 + "!")
    opened = os.open(folder, os.O_RDONLY)
    try:
        with pytest.raises(Conflict, match="its search was stopped"):
            search.search(Spot(opened, "."), search.Job("(a+)+$", None, True, 0, 10), lambda: False, seconds=3)
    finally:
        os.close(opened)


def test_search_is_bounded_in_time(folder: Path) -> None:
    (folder / "evil").write_text("a" * 40 + "!")
    opened = os.open(folder, os.O_RDONLY)
    try:
        job = search.Job("(a+)+$", None, True, 0, 10)
        found = search.search(Spot(opened, "."), job, lambda: True, seconds=0.3)
    finally:
        os.close(opened)
    assert found == ([], True)


def test_searches_leave_threads_free(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_turns", threading.BoundedSemaphore(1))
    with search._turns, pytest.raises(ServiceUnavailable):
        worker.call("file.search", pattern="x")
    worker.call("file.search", pattern="x")


@given(st.text(alphabet="ab\n", max_size=30), st.integers(0, 8), st.integers(1, 8))
def test_shown_lines_are_the_lines(text: str, offset: int, limit: int) -> None:
    shown = texts.show(text, offset, limit)
    lines = text.split("\n")
    assert [line.partition("\t")[2] for line in shown.text.split("\n")] == (lines[offset : offset + limit] or [""])
    assert shown.truncated == (offset + limit < len(lines))


def test_patch_can_begin_at_a_line() -> None:
    assert texts.patch("x\nx\n", [{"find": "x", "replace": "y", "startLine": 2}]) == "x\ny\n"
    with pytest.raises(Conflict, match="2 times"):
        texts.patch("x\nx\n", [{"find": "x", "replace": "y", "startLine": 1}])
    with pytest.raises(Conflict):
        texts.patch("x", [{"find": "x", "replace": "y", "startLine": 9}])


@pytest.mark.parametrize(
    ("text", "find", "replace", "patched"),
    [
        ("a\r\nb\r\n", "a\nb", "a\nB\nc", "a\r\nB\r\nc\r\n"),
        ("a\r\nb\r\n", "b", "b\nc", "a\r\nb\r\nc\r\n"),
        ("a\r\nb\r\n", "a\r\nb", "x\ny", "x\r\ny\r\n"),
        ("a\r\nb\r\n", "a\n", "", "b\r\n"),
        ("a\r\nb\r\n", "\nb", "\nB", "a\r\nB\r\n"),
        ("a\r\nb", "b", "b\nc", "a\r\nb\r\nc"),
        ("a\nb\n", "a\r\nb", "a\r\nB", "a\nB\n"),
        ("a\nb\n", "b\n", "b\r\nc\r\n", "a\nb\nc\n"),
        ("a", "a", "a\r\nb", "a\nb"),
        ("1\n2\r\n3\n4\r\n", "2\n3", "2\nx\n3", "1\n2\r\nx\r\n3\n4\r\n"),
        ("1\n2\r\n3\n4\r\n", "1\n2\n3\n", "1\nX\n3\n", "1\nX\r\n3\n4\r\n"),
        ("ä\r\n€\r\n😀\r\n", "€\n😀", "z", "ä\r\nz\r\n"),
        ("a\rb\r\n", "a\rb\n", "c\n", "c\r\n"),
    ],
)
def test_patch_fits_over_line_ends_and_writes_those_of_the_file(
    text: str, find: str, replace: str, patched: str
) -> None:
    assert texts.patch(text, [{"find": find, "replace": replace}]) == patched


def test_a_find_that_fits_exactly_counts_before_one_with_other_line_ends() -> None:
    assert texts.patch("a\nb\r\na\r\nb", [{"find": "a\r\nb", "replace": "c"}]) == "a\nb\r\nc"
    with pytest.raises(Conflict, match="2 times"):
        texts.patch("a\r\nb\r\na\r\nb", [{"find": "a\nb", "replace": "c"}])
    assert texts.patch("a\r\nb\r\na\r\nb", [{"find": "a\nb", "replace": "c", "startLine": 3}]) == "a\r\nb\r\nc"


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "", "ü"]), st.sampled_from(["\n", "\r\n"])), max_size=9), st.data()
)
def test_what_a_patch_does_not_touch_stays(lines: list[tuple[str, str]], data: st.DataObject) -> None:
    """Against a model: the marked line is found by its text with line feeds, and all else keeps its bytes."""
    at = data.draw(st.integers(0, len(lines)))
    before, after = ["".join(map("".join, part)) for part in (lines[:at], lines[at:])]
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    text = f"{before}>{end}<{end}{after}"
    patched = texts.patch(text, [{"find": ">\n<\n", "replace": ">\nnew\n<\n"}])
    assert patched == f"{before}>{end}new{end}<{end}{after}"


def test_crlf_files_are_patched_searched_and_hashed_by_their_bytes(worker: Worker, folder: Path) -> None:
    (folder / "dos.txt").write_bytes(b"one\r\ntwo\r\nthree\r\n")
    read = worker.call("file.read", path="dos.txt")
    assert read["total_lines"] == 4
    found = worker.call("file.search", pattern="^two$", path="dos.txt", context_lines=1)["matches"]
    assert [(m["line"], m["content"], m["before"], m["after"]) for m in found] == [(2, "two", ["one"], ["three"])]
    patches = [{"find": "two\nthree", "replace": "2\n3"}]
    worker.call("file.patch", path="dos.txt", patches=patches, expected_hash=read["hash"])
    assert (folder / "dos.txt").read_bytes() == b"one\r\n2\r\n3\r\n"


def test_search_counts_lines_as_read_does(worker: Worker, folder: Path) -> None:
    (folder / "odd").write_text("a\x0cb\u2028c\x85d\n\nend", newline="")
    [match] = worker.call("file.search", pattern="end", path="odd")["matches"]
    assert match["line"] == 3
    assert worker.call("file.read", path="odd", offset=2)["content"] == "     3\tend"
    assert [m["line"] for m in worker.call("file.search", pattern="^$", path="odd")["matches"]] == [2]


def test_a_byte_order_mark_is_kept_and_in_nobodys_way(worker: Worker, folder: Path) -> None:
    (folder / "bom.csv").write_bytes(b"\xef\xbb\xbfname;size\r\na;1\r\n")
    assert worker.call("file.read", path="bom.csv")["content"].startswith("     1\tname;size")
    assert worker.call("file.search", pattern="^name", path="bom.csv")["matches"]
    worker.call("file.patch", path="bom.csv", patches=[{"find": "name;size\na", "replace": "name;size\nb"}])
    assert (folder / "bom.csv").read_bytes() == b"\xef\xbb\xbfname;size\r\nb;1\r\n"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings_are_named(worker: Worker, folder: Path, encoding: str) -> None:
    (folder / "wide.txt").write_bytes("Hello, world\r\n".encode(encoding))
    for tool, more in (("file.read", {}), ("file.patch", {"patches": [{"find": "H", "replace": "J"}]})):
        with pytest.raises(ValidationFailed) as refused:
            worker.call(tool, path="wide.txt", **more)
        named = "UTF-32" if encoding == "utf-32" else "UTF-16"
        assert f"Is a text in {named}, and this tool takes UTF-8." in refused.value.extra["fields"]["path"][0]


NFC, NFD = "Absch\u00e4tzung", "Abscha\u0308tzung"


@pytest.mark.parametrize(("there", "named"), [(NFD, NFC), (NFC, NFD)])
def test_names_are_found_in_either_form(worker: Worker, folder: Path, there: str, named: str) -> None:
    """A letter with its marks may be one character or several, in the names of folders too."""
    (folder / there).mkdir()
    file = folder / there / f"{there}.txt"
    file.write_text(STORY)
    path = f"{named}/{named}.txt"
    assert worker.call("file.read", path=path)["total_lines"] == 4
    worker.call("file.patch", path=path, patches=[{"find": "two", "replace": "2"}])
    worker.call("file.write", path=path, content=STORY)
    assert worker.call("file.search", pattern="two", path=named, glob=f"{named}*")["matches"]
    assert worker.call("file.list", path=named)["files"][0]["path"] == f"{there}.txt"
    assert worker.call("file.list", path=".", pattern=f"{named}.*")["files"]
    with pytest.raises(Conflict, match="something at this path"):
        worker.call("file.create", path=path, content="x")
    worker.call("file.create", path=f"{named}/new.txt", content="x")
    assert sorted(os.listdir(folder / there)) == sorted([f"{there}.txt", "new.txt"])
    worker.call("file.delete", path=path)
    assert not file.exists()
    assert os.listdir(folder).count(there) == 1
    with pytest.raises(NotFound):
        worker.call("file.read", path=path)


def test_two_files_that_read_the_same_are_never_confused(worker: Worker, folder: Path) -> None:
    (folder / NFC).write_text("one character")
    (folder / NFD).write_text("two characters")
    for name, text in ((NFC, "one character"), (NFD, "two characters")):
        assert worker.call("file.read", path=name)["content"] == f"     1\t{text}"
    for name in ("\u00e4o\u0308", "a\u0308\u00f6"):
        (folder / name).write_text(name)
    with pytest.raises(Conflict, match="Several names here read like"):
        worker.call("file.read", path="\u00e4\u00f6")


def test_allowed_folders_are_found_in_either_form(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / NFD).mkdir()
    (tmp_path / NFD / "a").write_text("text")
    equip(workspace, tmp_path / NFD)
    assert at_work(workspace).call("file.read", path=f"{tmp_path}/{NFC}/a")["content"] == "     1\ttext"


def test_innermost_folder_counts() -> None:
    folders = Folders(["/a", "/a/b/"])
    assert folders.place("/a/b/c") == ("/a/b/", ["c"])
    assert folders.place("x//./y") == ("/a", ["x", "y"])
    with pytest.raises(Forbidden):
        folders.place("/ab")
    for empty in ("", "  "):
        with pytest.raises(ValidationFailed):
            folders.place(empty)


def test_large_files_are_refused(worker: Worker, folder: Path) -> None:
    with open(folder / "huge", "wb") as huge:
        huge.truncate(2**40)
    with pytest.raises(TooLarge):
        worker.call("file.read", path="huge")
    assert worker.call("file.search", pattern="x", path="huge")["matches"] == []


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("a.py", "src/deep/a.py", True),
        ("a.py", "src/aa.py", False),
        ("deep", "src/deep/a.py", False),
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "other/a.py", False),
        ("**/a.py", "a.py", True),
    ],
)
def test_pattern_without_a_slash_is_of_the_name(pattern: str, path: str, fits: bool) -> None:
    assert tree.fits(path, pattern) is fits


def test_what_is_too_large_is_not_searched_in_part(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads "no match" must not have to ask how far was looked."""
    (folder / "text").write_text("x" * 20)
    opened = os.open(folder, os.O_RDONLY)
    try:
        entry = next(entry for entry in tree.below(opened, set()) if entry.path == "text")
        assert len(list(tree.matches(entry, re.compile("x"), 0))) == 1
        monkeypatch.setattr(tree, "SEARCHED_BYTES", 19)
        assert list(tree.matches(entry, re.compile("x"), 0)) == []
    finally:
        os.close(opened)


def test_twin_that_comes_before_the_answer_has_no_effect(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has looked for an answer just before the first one had it; an effect that could be had twice is had once."""
    key, look = Request("key POST /tools", "hash"), idempotency.look
    worker.answer("file.write", key, path="story.md", content="new")
    monkeypatch.setattr(idempotency, "look", lambda *_: None)
    monkeypatch.setattr(idempotency, "find", lambda tx, request: look(tx, request, tx.now))
    worker.answer("file.write", key, path="story.md", content="new")
    assert [entry["tool"] for entry in entries_of(worker)] == ["file.write"]


def test_call_that_the_disk_did_not_take_is_made_again(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has happened: it is no answer to keep, and no act of the agent."""
    key = Request("key POST /tools", "hash")

    def fail(*_: object) -> None:
        raise storage.full()

    with monkeypatch.context() as patched:
        patched.setattr(calls, "_attempt", fail)
        with pytest.raises(StorageFull):
            worker.answer("file.create", key, path="new.txt", content="x")
    assert entries_of(worker) == []
    assert worker.answer("file.create", key, path="new.txt", content="x").status == 200


def entries_of(worker: Worker) -> list[dict[str, str]]:
    return entries(worker.workspace, worker.task_id)
