"""What an agent may try with its tools: to leave its folders, to act as another or too late, to flood, to spawn."""

import ctypes
import json
import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from common.errors import ChorusError, Conflict, Forbidden, NotFound, RateLimited, Unauthorized
from common.settings import ROOT
from core.board import commands
from core.files import search
from core.files.drafts import LEDGER, Drafts
from core.files.folders import Folders
from core.tools import calls, catalogue, pace
from core.tools.tool import Context
from core.workspaces.current import Workspace
from tests.helpers.agents import Worker, allow, at_work, claimed, do, entries, equip
from tests.helpers.workspace import open_workspace

SECRET = "the secret outside"
RACES = 3_000
CHANGE_EVERY = 20  # of these: changes wait for the disk
AT_FDCWD, RENAME_EXCHANGE = -100, 2


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    made = tmp_path / "outside"
    made.mkdir()
    (made / "secret").write_text(SECRET)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    (made / "file").write_text("inside")
    return made


@pytest.fixture
def worker(workspace: Workspace, folder: Path) -> Worker:
    equip(workspace, folder)
    return at_work(workspace)


def refused(worker: Worker, kind: type[ChorusError], tool: str, **arguments: Any) -> None:
    """The call is refused, and its record says so."""
    before = len(entries(worker.workspace, worker.task_id))
    with pytest.raises(kind) as why:
        worker.call(tool, **arguments)
    recorded = entries(worker.workspace, worker.task_id)
    assert len(recorded) == before + 1
    assert (recorded[-1]["status"], recorded[-1]["output"]) == ("error", why.value.message)


def swapping(one: Path, other: Path, stop: threading.Event) -> Callable[[], None]:
    """Exchanges what two names stand for, as fast as it goes, each time in one step; `other` is a link at first."""
    exchange = ctypes.CDLL(None, use_errno=True).renameat2
    target = os.readlink(other)

    def swap() -> None:
        while not stop.is_set():
            assert exchange(AT_FDCWD, bytes(one), AT_FDCWD, bytes(other), RENAME_EXCHANGE) == 0
            if not (one.is_symlink() or other.is_symlink()):  # a change has taken the link's name
                other.unlink()
                other.symlink_to(target)

    return swap


@pytest.mark.parametrize("swapped", ["folder", "file"])
def test_swapping_a_component_for_a_link_never_leads_out(
    worker: Worker, folder: Path, outside: Path, swapped: str
) -> None:
    """(S5) Thousands of opens while another thread exchanges a folder or the file for a link that leads out."""
    (folder / "real").mkdir()
    (folder / "real" / "secret").write_text("inside")
    honest, link = folder / "real", folder / "link"
    if swapped == "file":
        honest, link = folder / "real" / "secret", folder / "real" / "link"
    link.symlink_to(outside if swapped == "folder" else outside / "secret")
    stop = threading.Event()
    swapper = threading.Thread(target=swapping(honest, link, stop))
    swapper.start()
    try:
        seen = [attempt(worker, number) for number in range(RACES)]
    finally:
        stop.set()
        swapper.join()
    assert {"read", "refused"} <= set(seen)  # the race was real
    assert (outside / "secret").read_text() == SECRET
    assert os.listdir(outside) == ["secret"]


RACING: list[tuple[str, dict[str, Any]]] = [
    ("file.write", {"content": "inside"}),
    ("file.create", {"content": "inside"}),
    ("file.read", {"offset": 0, "limit": None}),
]


def attempt(worker: Worker, number: int) -> str:
    """Reads, writes or creates through the swapped name, by the tools themselves: no history, so that it is quick."""
    context = Context(Folders([str(worker_folder(worker))]), Drafts(worker.workspace.folder), lambda: True)
    tool, extra = RACING[number // CHANGE_EVERY % 2 if number % CHANGE_EVERY == 0 else 2]
    path = f"real/new{number}" if tool == "file.create" else "real/secret"
    try:
        with (
            catalogue.TABLE[tool](context, {"path": path, **extra}) as commit,
            worker.workspace.database.write() as tx,
        ):
            result = commit(tx, worker.run)
    except ChorusError:
        return "refused"
    assert SECRET not in str(result)
    return tool.removeprefix("file.")


def worker_folder(worker: Worker) -> Path:
    return worker.workspace.folder.parents[2] / "project"


PATHS = ["../outside/secret", "x/../../outside/secret", "/etc/passwd", "{outside}/secret", "out/secret", "up", "chain"]
CHANGED = {"content": "x"}
LEAVING: dict[str, dict[str, Any]] = {
    "file.read": {},
    "file.write": CHANGED,
    "file.create": CHANGED,
    "file.patch": {"patches": [{"find": "the", "replace": ""}]},
    "file.list": {},
    "file.search": {"pattern": "secret"},
}


@pytest.mark.parametrize("tool", LEAVING)
def test_no_path_leads_out(worker: Worker, folder: Path, outside: Path, tool: str) -> None:
    (folder / "out").symlink_to(outside)
    (folder / "up").symlink_to("../outside/secret")
    (folder / "chain").symlink_to("up")
    for path in PATHS:
        refused(worker, Forbidden, tool, path=path.format(outside=outside), **LEAVING[tool])
    assert (outside / "secret").read_text() == SECRET


def test_deleting_a_link_spares_what_it_leads_to(worker: Worker, folder: Path, outside: Path) -> None:
    (folder / "up").symlink_to(outside / "secret")
    worker.call("file.delete", path="up")
    (folder / "out").symlink_to(outside)
    refused(worker, Forbidden, "file.delete", path="out/secret")
    assert (outside / "secret").exists()


def test_links_in_a_circle_end(worker: Worker, folder: Path) -> None:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    refused(worker, Forbidden, "file.read", path="a")


def test_devices_pipes_and_sockets_are_not_opened(worker: Worker, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket"))
        names = ["pipe", "socket"]
        if os.geteuid() == 0:
            os.mknod(folder / "zero", 0o600 | 0o020000, os.makedev(1, 5))
            names.append("zero")
        (folder / "null").symlink_to("/dev/null")
        for name in [*names, "null"]:
            refused(worker, Forbidden, "file.read", path=name)
            refused(worker, Forbidden, "file.write", path=name, content="x")
        for name in names:
            refused(worker, Forbidden, "file.delete", path=name)
            assert worker.call("file.search", pattern=".", path=name)["matches"] == []
        assert worker.call("file.search", pattern="inside")["matches"][0]["path"] == "file"


def test_files_of_chorus_stay_closed(workspace: Workspace) -> None:
    """Even where somebody has allowed the folder that they are in."""
    equip(workspace, workspace.folder)
    worker = at_work(workspace)
    for name in ("chorus.db", "chorus.db-wal", "chorus.db.lock", "CHORUS.DB", "chorus.json", f".chorus-{'0' * 32}.tmp"):
        refused(worker, Forbidden, "file.read", path=name)
        refused(worker, Forbidden, "file.create", path=name, content="")
    assert worker.call("file.search", pattern="claude")["matches"] == []


def test_folders_of_chorus_stay_closed(workspace: Workspace, outside: Path) -> None:
    """Agents' programs start in `work`: what one writes there would be run, or read as configuration."""
    own = workspace.folder / "work" / "task"
    own.mkdir(parents=True)
    (workspace.folder / LEDGER).mkdir()
    (own / "notes").write_text("inside")
    (outside / "by-link").symlink_to(own)
    equip(workspace)
    worker = at_work(workspace)
    for allowed in (workspace.folder, workspace.folder.parent, workspace.folder / "work"):
        allow(workspace, allowed, outside)
        refused(worker, Forbidden, "file.create", path=str(own / "json.py"), content="")
        refused(worker, Forbidden, "file.read", path=str(outside / "by-link" / "notes"))
        refused(worker, Forbidden, "file.list", path=str(workspace.folder / "work"))
        refused(worker, Forbidden, "file.create", path=str(workspace.folder / LEDGER / "x"), content="/")
        if allowed != workspace.folder / "work":
            assert worker.call("file.search", pattern="inside")["matches"] == []


def test_token_of_another_run_is_refused_and_recorded_with_its_owner(worker: Worker, folder: Path) -> None:
    other = at_work(worker.workspace, "editor")
    stolen = calls.Call(other.task_id, worker.token, "file.write", {"path": "file", "content": "x"}, "c")
    with pytest.raises(Unauthorized):
        calls.perform(worker.workspace.database, stolen)
    assert (folder / "file").read_text() == "inside"
    assert entries(worker.workspace, other.task_id) == []
    assert entries(worker.workspace, worker.task_id)[-1]["status"] == "error"


def test_nothing_is_done_after_the_end(worker: Worker, folder: Path) -> None:
    worker.end()
    refused(worker, Unauthorized, "file.write", path="file", content="late")
    refused(worker, Unauthorized, "completion-report", status="complete", summary="s", output="o")
    assert (folder / "file").read_text() == "inside"
    for _ in range(calls.LATE_CALLS_KEPT + 5):  # a process gone wild does not fill the history
        with pytest.raises(Unauthorized):
            worker.call("help")
    assert len(entries(worker.workspace, worker.task_id)) <= calls.LATE_CALLS_KEPT


def test_nothing_is_done_while_a_person_stops_it(worker: Worker, folder: Path) -> None:
    do(worker.workspace, commands.cancel, worker.run["id"])
    refused(worker, Conflict, "file.write", path="file", content="late")
    assert (folder / "file").read_text() == "inside"


def test_options_are_text(worker: Worker, folder: Path) -> None:
    """(S4) In an expression, a glob and a path."""
    for text in ["--pre=touch hacked", "-e", "--files", "-f/etc/passwd", "$(touch hacked)", "; ls"]:
        (folder / "notes").write_text(f"a {text} b\n")
        assert len(worker.call("file.search", pattern=re.escape(text))["matches"]) == 1
        assert worker.call("file.search", pattern="a", glob=text)["matches"] == []
        with pytest.raises((NotFound, Forbidden)):
            worker.call("file.search", pattern="a", path=text)
        assert worker.call("file.list", pattern=text)["files"] == []
    assert sorted(os.listdir(folder)) == ["file", "notes"]


def test_answers_are_bounded(worker: Worker, folder: Path) -> None:
    (folder / "flood").write_text("x" * 400 + "\n" + "flood\n" * 200_000)
    (folder / "line").write_text("x" * 5_000_000)
    read = worker.call("file.read", path="flood")
    assert read["truncated"]
    assert read["content"].endswith("\tflood")
    assert worker.call("file.read", path="line")["truncated"]
    for path in ("flood", "line"):
        found = worker.answer("file.search", pattern="[a-z]", max_results=1_000, path=path, context_lines=20)
        assert len(found.body) < 256 * 1024
    for number in range(1_200):
        (folder / f"{number:05}").touch()
    assert worker.call("file.list")["truncated"]


def test_calls_without_end_are_slowed_down(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "BURST", 10)
    monkeypatch.setattr(pace, "CALLS_A_SECOND", 0.01)
    monkeypatch.setattr(calls, "_pace", pace.Pace())
    with pytest.raises(RateLimited):
        for _ in range(12):
            worker.call("help")
    assert len(entries(worker.workspace, worker.task_id)) == 10


def test_what_calls_carry_is_bounded(worker: Worker, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it is kept in the history: an agent that reads without end must not fill the disk."""
    monkeypatch.setattr(pace, "BYTES_AT_ONCE", 1_000_000)
    monkeypatch.setattr(pace, "BYTES_A_SECOND", 1.0)
    monkeypatch.setattr(calls, "_pace", pace.Pace())
    (folder / "flood").write_text("flood\n" * 100_000)
    size = len(worker.call("file.read", path="flood")["content"])
    with pytest.raises(RateLimited, match="ask for less"):
        for _ in range(100):
            worker.call("file.read", path="flood")
    assert len(entries(worker.workspace, worker.task_id)) <= 1_000_000 / size + 1


def test_hand_offs_go_five_deep_and_in_no_circle(workspace: Workspace, folder: Path) -> None:
    names = tuple(f"agent{number}" for number in range(7))
    equip(workspace, folder, names=names)
    worker = at_work(workspace, names[0])
    for name in names[1:6]:
        refused(worker, Conflict, "handoff", agentName=names[0], prompt="again")
        worker.call("handoff", agentName=name, prompt="go on")
        refused(worker, Conflict, "handoff", agentName=names[6], prompt="while another works")
        worker = claimed(workspace)
    refused(worker, Conflict, "handoff", agentName=names[6], prompt="too deep")
    refused(worker, NotFound, "handoff", agentName="nobody", prompt="x")


def test_pace_lets_steady_callers_through() -> None:
    steady = pace.Pace()
    for call in range(1_000):
        steady.take("a", call / pace.CALLS_A_SECOND)
    with pytest.raises(RateLimited):
        for _ in range(pace.BURST + 1):
            steady.take("b", 0.0)
    steady.take("b", 1.0)


def test_names_that_are_not_text_break_nothing(worker: Worker, folder: Path) -> None:
    (folder / os.fsdecode(b"bad\xff")).write_text("inside")
    listed = worker.call("file.list")["files"]
    assert {entry["path"] for entry in listed} == {"file", "bad\ufffd"}
    json.dumps(worker.call("file.search", pattern="inside")).encode()


def test_search_ends_by_itself_where_its_parent_is_gone() -> None:
    """The searcher has its own alarm: a killed web worker leaves no process behind."""
    job = {"pattern": "x", "glob": None, "case_sensitive": True, "context_lines": 0, "folder": 0, "name": "."}
    began = time.monotonic()
    with subprocess.Popen(search._COMMAND, stdin=subprocess.PIPE, cwd=ROOT, stderr=subprocess.DEVNULL) as alone:
        assert alone.stdin
        alone.stdin.write(json.dumps(job | {"pattern": "(a+)+$", "seconds": 0.2, "name": "none"}).encode())
        alone.stdin.close()
        alone.wait(5)
    assert time.monotonic() - began < 5
