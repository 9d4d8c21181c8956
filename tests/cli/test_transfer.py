"""Export and import: the same workspace again, and the folders of the original with all that may be wrong in them."""

import io
import json
import os
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from common import storage
from common.clock import now_ms
from common.days import day_of
from common.db import counters, eventlog, sqlite
from common.errors import BadRequest, NotFound, StorageFull
from common.events import TaskStatus
from common.schemas.agent import WriteAgentSchema
from common.schemas.provider import WriteProviderSchema
from core import restore, zips
from core.agents import verbs as agents
from core.attachments import files
from core.attachments import verbs as attachments
from core.backup import making
from core.board import lifecycle, moves
from core.config import verbs as config
from core.providers import verbs as providers
from core.runs import records as run_records
from core.tasks import history, queries, queue, records, verbs
from core.transfer import exporting, importing, parsing, sources
from core.transfer.importing import Conflicts, Kind, Report
from core.workspaces import opening
from core.workspaces.current import Workspace
from tests.cli.conftest import Chorus
from tests.helpers.server import Server
from tests.helpers.workspace import SOURCE, open_workspace

MODULE = sqlite.library("bundled")
WRITER = {
    "type": "user_defined",
    "name": "scribe",
    "instructions": "Write.",
    "allowedTools": ["file.read"],
    "provider": "router",
    "model": "m",
}
ROUTER = {
    "name": "router",
    "providerType": {
        "type": "openai-compat",
        "apiBaseUrl": "https://router.example/v1",
        "apiKey": "sk-very-secret-key",
        "defaultModel": "m",
    },
}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "home") as opened:
        yield opened


def fill(workspace: Workspace) -> str:
    """A workspace with some of everything; returns the id of the task that has most."""
    with workspace.database.write() as tx:
        providers.create(tx, WriteProviderSchema().load(ROUTER))
        agents.create(tx, WriteAgentSchema().load(WRITER))
        agents.delete(tx, "writer")
        config.replace(
            tx,
            {"allowed_directories": ["/srv"], "initial_directory": "/srv", "system_provider": "router"},
            None,
        )
    with workspace.database.write() as tx:
        task = verbs.create(tx, "Größe \N{ROCKET}\n" + "x" * 5_000, SOURCE)
        verbs.edit_planning(tx, task.id, {"summary": "s", "plan": ["one", "two"]}, None)
        queue.enqueue(tx, task.id, "Do not forget")
        history.append(tx, task.id, "tool_executed", output="y" * 9_000)
        run = run_records.insert(tx, task.id, "scribe", "agent", "Do it", tools=["file.read"], parent=None)
        moves.move(tx, records.load(tx, task.id), TaskStatus.ACTIVE, agent="scribe")
    with workspace.database.write() as tx:
        report = {"status": "complete", "summary": "Done", "output": "All", "blockedReason": None}
        run_records.save(tx, run_records.load(tx, run["id"]), completion_report=report)
        lifecycle.end(tx, run["id"], "output", crashed=False)
    attach(workspace, task.id, "a b&=#.txt", b"content")
    with workspace.database.write() as tx:
        archived = verbs.create(tx, "archived", SOURCE)
        records.archive(tx, records.load(tx, archived.id))
        gone = verbs.create(tx, "deleted", SOURCE)
        verbs.delete(tx, gone.id)
        verbs.create(tx, "last", SOURCE)
    return task.id


def attach(workspace: Workspace, task_id: str, name: str, content: bytes) -> None:
    size = files.store(files.path_of(workspace.uploads, task_id, f"file-{name}"), io.BytesIO(content), len(content))
    with workspace.database.write() as tx:
        attachments.attach(tx, task_id, f"file-{name}", name, size)


def bring(workspace: Workspace, path: Path, conflicts: Conflicts = "skip") -> Report:
    with sources.opened(path, workspace.folder) as source:
        plan = importing.check(source)
        return importing.bring(source, plan, workspace, conflicts)


def contents(path: Path) -> dict[str, Any]:
    """The entries of an export, without what counts the changes of this workspace."""
    found: dict[str, Any] = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            raw = archive.read(name)
            found[name] = json.loads(raw) if name.endswith(".json") else raw
            if name.startswith(("agents/", "providers/")):
                del found[name]["version"]
    for key in ("exportedAt", "position"):
        del found["export.json"][key]
    for name in found:
        if name.startswith("providers/"):
            found[name]["providerType"].pop("apiKeyHint", None)
    return found


def test_round_trip(tmp_path: Path, workspace: Workspace) -> None:
    """export -> import into a new workspace -> export gives the same; and there is no secret in it."""
    task_id = fill(workspace)
    done = exporting.export(workspace, tmp_path / "first.zip")
    assert (done.tasks, done.attachments, done.missing) == (3, 1, [])
    with zipfile.ZipFile(tmp_path / "first.zip") as archive:
        assert not [name for name in archive.namelist() if b"very-secret" in archive.read(name)]
    with open_workspace(tmp_path / "new") as new:
        with sources.opened(tmp_path / "first.zip", tmp_path) as source:
            plan = importing.check(source)
            importing.clear_agents(new, plan)
            report = importing.bring(source, plan, new, "replace")
        assert (report.here, report.skipped) == ([], {})
        assert report.taken[Kind.TASKS] == 3
        exporting.export(new, tmp_path / "second.zip")
        assert contents(tmp_path / "second.zip") == contents(tmp_path / "first.zip")
        with workspace.database.read() as before, new.database.read() as after:
            first, second = (records.load(reader, task_id) for reader in (before, after))
            assert second.full_form | {"seq": first.seq} == first.full_form
            assert [entry["eventType"] for entry in entries(after, task_id)] == [
                entry["eventType"] for entry in entries(before, task_id)
            ]
            assert [e.seq for e in eventlog.tail(after.connection, 0, 100)] == list(range(1, after.position.seq + 1))


def entries(reader: Any, task_id: str) -> list[Any]:
    found: list[Any] = json.loads(history.page(reader, task_id, None, 1_000))["events"]
    return found


def test_conflicts(tmp_path: Path, workspace: Workspace) -> None:
    task_id = fill(workspace)
    exporting.export(workspace, tmp_path / "export.zip")
    with workspace.database.write() as tx:
        verbs.edit(tx, task_id, {"description": "since then"}, None)
    skipped = bring(workspace, tmp_path / "export.zip")
    assert skipped.taken.total() == 0
    assert f"registry/{task_id}/task.json" in skipped.here
    with workspace.database.read() as reading:
        assert records.load(reading, task_id).description == "since then"
        before = records.load(reading, task_id).version
    replaced = bring(workspace, tmp_path / "export.zip", "replace")
    assert (replaced.here, replaced.skipped, replaced.taken[Kind.TASKS]) == ([], {}, 3)
    with workspace.database.read() as reading:
        task = records.load(reading, task_id)
        assert task.description.startswith("Größe")
        assert task.version > before
        assert [attachment["filename"] for attachment in task.attachments] == ["a b&=#.txt"]
        assert providers.registry.get(reading, "router")["api_key"] == "sk-very-secret-key"
        frames = [json.loads(event.frame) for event in eventlog.tail(reading.connection, 0, 1_000)]
        assert len(json.loads(queries.board(reading))) == 2
    kinds = [
        part["type"] for frame in frames for part in (frame["data"] if frame["type"] == "transaction" else [frame])
    ]
    assert kinds.count("reset") == 3
    exporting.export(workspace, tmp_path / "again.zip")
    assert contents(tmp_path / "again.zip").keys() == contents(tmp_path / "export.zip").keys()


def on_board(workspace: Workspace) -> dict[str, int]:
    """How many tasks of each status the insights count."""
    with workspace.database.read() as reading:
        return counters.totals_before(reading.connection, "tasks", day_of(now_ms()) + 1)


def test_undo_of_what_was_deleted_before_a_task_was_replaced(tmp_path: Path, workspace: Workspace) -> None:
    with workspace.database.write() as tx:
        task_id = verbs.create(tx, "one", SOURCE).id
        message = queue.enqueue(tx, task_id, "hurry")
    attach(workspace, task_id, "a.txt", b"hello")
    exporting.export(workspace, tmp_path / "export.zip")
    with workspace.database.write() as tx:
        tokens = [queue.withdraw(tx, task_id, message["id"]), attachments.remove(tx, task_id, "a.txt")[1]]
        tokens.append(verbs.delete(tx, task_id))
    bring(workspace, tmp_path / "export.zip", "replace")
    for token in tokens:
        with pytest.raises(NotFound), workspace.database.write() as tx:
            restore.restore(tx, token)
    assert on_board(workspace) == {"pending": 1}


@pytest.mark.parametrize("conflicts", ["skip", "replace"])
def test_import_brings_a_deleted_task_back(tmp_path: Path, workspace: Workspace, conflicts: Conflicts) -> None:
    """Also within the minute in which the deletion could be undone."""
    with workspace.database.write() as tx:
        task_id = verbs.create(tx, "one", SOURCE).id
    exporting.export(workspace, tmp_path / "export.zip")
    with workspace.database.write() as tx:
        verbs.delete(tx, task_id)
    assert bring(workspace, tmp_path / "export.zip", conflicts).taken[Kind.TASKS] == 1
    with workspace.database.read() as reading:
        assert records.load(reading, task_id).description == "one"
    assert on_board(workspace) == {"pending": 1}


# -- the original's format

GOOD, ACTIVE, ORPHAN = (f"0d22067b-9f69-4c3a-8472-798bfd7e8c4{n}" for n in range(3))
BROKEN, NOT_MINE, NO_FILE = (f"0d22067b-9f69-4c3a-8472-798bfd7e8c4{n}" for n in range(3, 6))


def task_json(task_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "taskType": "descriptionOnly",
        "id": task_id,
        "description": "Write a short story",
        "status": {"type": "pending"},
        "createdAt": 1771200399918,
        "updatedAt": 1771200399918,
        "sessionId": None,
        "source": {"sourceType": "web", "userId": "anonymous", "conversationId": None},
        "attachments": [],
        "agentChain": [],
    } | changes


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """A workspace folder as the original leaves it, used and with damage."""
    folder = tmp_path / "original"
    attachment = {"filename": "notes.md", "size": 5, "contentType": "text/markdown", "uploadedAt": 1771200410000}
    report = {"status": "complete", "summary": "Reviewed", "output": "No must-fix items", "blockedReason": None}
    record = {"agentName": "editor", "startedAt": 1771200600000, "completedAt": 1771200660000, "input": "Review"}
    planned = {
        "taskType": "planned",
        "summary": "One page",
        "requirements": ["max 500 words"],
        "acceptanceCriteria": ["has a title"],
        "plan": ["Draft", "Revise"],
        "questions": [{"question": "Genre?", "answer": "sci-fi"}],
        "assignedAgent": "writer",
        "status": {"type": "completed"},
        "attachments": [attachment, attachment | {"filename": "gone.md"}, attachment | {"filename": "../../evil"}],
        "agentChain": [record | {"output": "APPROVED", "completionReport": report}],
    }
    running = [record | {"completedAt": None, "output": "", "completionReport": None}]
    event = {
        "timestamp": 1771200399918,
        "eventType": "task_created",
        "data": {"description": "Write", "bad": "a\0b\ud800"},
    }
    written: dict[str, Any] = {
        "chorus.json": {
            "allowedAgentDirectories": ["/home/me/project"],
            "initialAgentDirectory": "/home/me/project",
            "systemAgentProvider": "my-claude",
            "port": 9090,
        },
        "agents/writer.json": WRITER
        | {"name": "writer", "provider": "gone", "allowedTools": ["file.read", "web.fetch"]},
        "agents/task-validator.json": {"type": "internal", "name": "task-validator", "instructions": "Plan well."},
        "agents/broken.json": '{"type": "user_defined", "name": ',
        "agents/other.json": WRITER | {"name": "another", "provider": "not-configured"},
        "providers/my-claude.json": {"name": "my-claude", "providerType": {"type": "claude-code"}},
        "providers/my-openrouter.json": ROUTER | {"name": "my-openrouter"},
        "providers/empty.json": "",
        "registry/registry.json": {"version": 1, "tasks": []},
        f"registry/{GOOD}/task.json": task_json(GOOD, **planned),
        f"registry/{GOOD}/history.json": {"events": [event]},
        f"registry/{GOOD}/queue.json": {"messages": [{"id": "m1", "content": "text", "receivedAt": 1707048600000}]},
        f"registry/{ACTIVE}/task.json": task_json(
            ACTIVE, status={"type": "active", "agent": "writer"}, agentChain=running, createdAt=1771200000000
        ),
        f"registry/{ACTIVE}/history.json": '{"events": [{"timestamp": "yesterday"}]}',
        f"registry/{ORPHAN}/queue.json": {"messages": []},
        f"registry/{BROKEN}/task.json": json.dumps(task_json(BROKEN))[:100],
        f"registry/{BROKEN}/task.json.tmp": "{}",
        f"registry/{NOT_MINE}/task.json": task_json(GOOD),
        f"registry/{NO_FILE}/task.json": task_json(NO_FILE, status={"type": "dreaming"}),
        "registry/not-a-uuid/task.json": task_json("not-a-uuid"),
        f"uploads/{GOOD}/notes.md": "notes",
        f"uploads/{GOOD}/unnamed.md": "who?",
        "src/main.py": "the user's own file, not looked at",
    }
    for name, value in written.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else json.dumps(value, indent=2))
    (tmp_path / "secret").write_text("secret")
    (folder / "uploads" / GOOD / "link.md").symlink_to(tmp_path / "secret")
    (folder / "agents" / "link").symlink_to(tmp_path)
    os.mkfifo(folder / "agents" / "pipe.json")
    return folder


def test_folder_of_the_original(tmp_path: Path, original: Path) -> None:
    """(D3, D5)"""
    with open_workspace(tmp_path / "new") as new:
        report = bring(new, original / "chorus.json", "replace")
        with new.database.read() as reading:
            good, active = (records.load(reading, task_id) for task_id in (GOOD, ACTIVE))
            assert good.full_form["agentChain"][0]["completionReport"]["summary"] == "Reviewed"
            assert [attachment["filename"] for attachment in good.attachments] == ["notes.md"]
            assert (good.status, good.plan, good.created_at) == ("completed", ["Draft", "Revise"], 1771200399918)
            assert [e["data"]["bad"] for e in entries(reading, GOOD)] == ["a\N{REPLACEMENT CHARACTER}b?"]
            assert queue.read(reading, GOOD)["messages"][0]["content"] == "text"
            assert (active.status, active.status_agent) == ("waiting", "writer")
            assert run_records.unfinished(reading, ACTIVE) == []
            assert [e["eventType"] for e in entries(reading, ACTIVE)] == ["status_changed"]
            assert [task["id"] for task in json.loads(queries.board(reading))] == [ACTIVE, GOOD]
            writer = agents.get(reading, "writer")
            assert (writer["provider"], writer["allowedTools"]) == ("not-configured", ["file.read"])
            assert agents.get(reading, "task-validator")["instructions"] == "Plan well."
            assert providers.registry.get(reading, "my-openrouter")["api_key"] == "sk-very-secret-key"
            assert config.form(config.read(reading))["systemAgentProvider"] == "my-claude"
    assert {path: reason.split(":")[0] for path, reason in report.skipped.items()} == {
        "agents/broken.json": "is not JSON",
        "agents/link": "a link; links are not followed",
        "agents/other.json": "holds 'another', and its own name is another",
        "agents/pipe.json": "no plain file",
        "agents/writer.json": "was taken without its provider 'gone', which does not exist",
        "providers/empty.json": "is not JSON",
        f"registry/{ACTIVE}/history.json": "is not valid",
        f"registry/{BROKEN}/task.json": "is not JSON",
        f"registry/{BROKEN}/task.json.tmp": "is nothing that an import knows",
        f"registry/{NOT_MINE}/task.json": f"holds task {GOOD}, and lies in the folder of another",
        f"registry/{NO_FILE}/task.json": "is not valid",
        f"registry/{ORPHAN}/queue.json": "belongs to no task",
        "registry/not-a-uuid/task.json": "has the id 'not-a-uuid', which is no UUID",
        f"uploads/{GOOD}/../../evil": "cannot have this name",
        f"uploads/{GOOD}/gone.md": "is missing, though the task names it",
        f"uploads/{GOOD}/link.md": "a link; links are not followed",
        f"uploads/{GOOD}/unnamed.md": "is a file that no task names",
    }
    assert report.taken == {"providers": 2, "agents": 2, "configuration": 1, "tasks": 2, "attachments": 1}


def zipped(folder: Path, target: Path, top: str = "") -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                archive.write(path, top + path.relative_to(folder).as_posix())
    return target


def test_zipped_folder_of_the_original(tmp_path: Path, original: Path, workspace: Workspace) -> None:
    report = bring(workspace, zipped(original, tmp_path / "original.zip", "my workspace/"))
    assert report.taken[Kind.TASKS] == 2
    assert "chorus.json" in report.here


def hostile(path: Path, name: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export.json", '{"format": "chorus-export", "version": 1}')
        if name == "bomb":
            with archive.open("chorus.json", "w", force_zip64=True) as entry:
                entry.write(b"\0" * 4 * 1024 * 1024)
        elif name == "link":
            info = zipfile.ZipInfo("chorus.json")
            info.external_attr = 0o120777 << 16
            archive.writestr(info, "/etc/passwd")
        else:
            archive.writestr(name, "{}")
    return path


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("../chorus.json", "points outside"),
        ("/etc/chorus.json", "points outside"),
        ("a\\..\\b", "points outside"),
        ("C:\\chorus.json", "points outside"),
        ("\\\\host\\chorus.json", "points outside"),
        ("link", "is a link"),
        ("bomb", "times its own size"),
    ],
)
def test_hostile_zips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str) -> None:
    monkeypatch.setattr(zips, "SUSPICIOUS_BYTES", 1024 * 1024)
    path = hostile(tmp_path / "hostile.zip", name)
    with pytest.raises(BadRequest, match=says), sources.opened(path, tmp_path):
        pass


NFC, NFD = "Absch\u00e4tzung.txt", "Abscha\u0308tzung.txt"


class CodePageInfo(zipfile.ZipInfo):
    """An entry whose name is bytes that nothing says the encoding of."""

    raw = b""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802
        return self.raw, self.flag_bits & ~0x800


def repacked(source: Path, target: Path, rename: Callable[[str], str], litter: list[str], encoding: str = "") -> Path:
    """The zip anew, as another system packs it; `encoding`: of names without the mark that they are UTF-8."""
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        contents = {rename(info.filename): before.read(info) for info in before.infolist()}
        for name, content in (contents | dict.fromkeys(litter, b"\0\5\x16\7")).items():
            entry = CodePageInfo(name) if encoding else zipfile.ZipInfo(name)
            if isinstance(entry, CodePageInfo):
                entry.raw = name.encode(encoding)
            after.writestr(entry, content)
    return target


def exported_with_names(workspace: Workspace, folder: Path) -> Path:
    """An export of a workspace whose task has files with names that systems write differently."""
    task_id = fill(workspace)
    for name in (NFC, "plain.txt", "日本.md", ".DS_Store"):
        attach(workspace, task_id, name, name.encode())
    exporting.export(workspace, folder / "export.zip")
    return folder / "export.zip"


SYSTEMS: dict[str, Callable[[Path, Path], Path]] = {
    "macos": lambda source, target: repacked(
        source,
        target,
        lambda name: unicodedata.normalize("NFD", f"export 2/{name}"),
        ["__MACOSX/export 2/._export.json", "__MACOSX/._export 2", "export 2/.DS_Store", "export 2/registry/._x.json"],
        "utf-8",
    ),
    "windows": lambda source, target: repacked(
        source,
        target,
        lambda name: f"export\\{name}".replace("/", "\\"),
        ["export\\desktop.ini", "export\\agents\\Thumbs.db"],
    ),
    "code page": lambda source, target: repacked(
        source, target, lambda name: name.replace("日本.md", "japan.md"), [], "cp437"
    ),
}


@pytest.mark.parametrize("system", SYSTEMS)
def test_export_that_another_system_has_packed_anew(tmp_path: Path, workspace: Workspace, system: str) -> None:
    path = SYSTEMS[system](exported_with_names(workspace, tmp_path), tmp_path / "again.zip")
    with open_workspace(tmp_path / "new") as new:
        report = bring(new, path)
        with new.database.read() as reading:
            [task_id] = [task["id"] for task in json.loads(queries.board(reading)) if task["attachments"]]
            stored = {a["filename"] for a in records.load(reading, task_id).attachments}
            one = attachments.find(reading, task_id, NFD)
        assert (new.uploads / task_id / one.id).read_bytes() == NFC.encode()
    lost = {"日本.md"} if system == "code page" else set()
    assert {NFC, "plain.txt", "日本.md", ".DS_Store"} - stored == lost
    assert not [name for name in report.skipped if not name.endswith(("日本.md", "japan.md"))]
    assert [report.skipped[name] for name in report.skipped if name.endswith("日本.md")] == (
        ["is missing, though the task names it"] * len(lost)
    )


def test_unpacked_export_with_other_names(tmp_path: Path, workspace: Workspace) -> None:
    """A folder, as macOS unpacks it, its JSON written by an editor that begins with a mark."""
    folder = tmp_path / "export"
    with zipfile.ZipFile(exported_with_names(workspace, tmp_path)) as archive:
        archive.extractall(folder)
    for path in [*folder.rglob("*.json")]:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    (folder / "export.json").write_bytes((folder / "export.json").read_bytes().decode("utf-8-sig").encode("utf-16"))
    [upload] = folder.rglob(NFC)
    upload.rename(upload.with_name(NFD))
    (folder / "registry" / ".DS_Store").write_bytes(b"")
    (upload.parent / "._plain.txt").write_bytes(b"")
    with open_workspace(tmp_path / "new") as new:
        report = bring(new, folder)
    assert (report.skipped, report.taken[Kind.ATTACHMENTS]) == ({}, 5)


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (b"\x1f\x8b\x08", "packed with gzip, no zip file. Unpack it"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"Rar!\x1a\x07\x01", "RAR"),
        (b"\0" * 257 + b"ustar", "a tar archive"),
        (b"hello", "damaged or no zip file"),
    ],
)
def test_other_archives_are_named(tmp_path: Path, head: bytes, says: str) -> None:
    (tmp_path / "archive").write_bytes(head + b"\0" * 300)
    with pytest.raises(BadRequest, match=says), sources.opened(tmp_path / "archive", tmp_path):
        pass


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({"format": "chorus-export", "version": 2}, "newer version"),
        ({"format": "other"}, "no export"),
        (None, "neither an export nor"),
    ],
)
def test_what_is_no_export(tmp_path: Path, about: Any, says: str) -> None:
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.writestr("export.json" if about else "readme.txt", json.dumps(about))
    with pytest.raises(BadRequest, match=says), sources.opened(tmp_path / "some.zip", tmp_path):
        pass


def test_backup_is_restored_not_imported(tmp_path: Path, workspace: Workspace) -> None:
    making.make(workspace.folder, MODULE, tmp_path / "backup.zip")
    with pytest.raises(BadRequest, match="chorus restore"):
        bring(workspace, tmp_path / "backup.zip")


def test_damaged_export(tmp_path: Path, workspace: Workspace) -> None:
    """Damage anywhere is found before anything is stored."""
    fill(workspace)
    exporting.export(workspace, tmp_path / "export.zip")
    raw = bytearray((tmp_path / "export.zip").read_bytes())
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        at = archive.getinfo([name for name in archive.namelist() if name.endswith("history.json")][-1]).header_offset
    raw[at + 80 : at + 100] = b"\xff" * 20
    (tmp_path / "export.zip").write_bytes(raw)
    with pytest.raises(BadRequest, match="damaged"):
        bring(workspace, tmp_path / "export.zip")


def test_damaged_file_of_an_export(tmp_path: Path, workspace: Workspace) -> None:
    """What is wrong in the middle of an attachment is found before anything is stored as well."""
    task_id = fill(workspace)
    exporting.export(workspace, tmp_path / "export.zip")
    raw = bytearray((tmp_path / "export.zip").read_bytes())
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        [entry] = [
            entry for entry in archive.infolist() if "a b&=#.txt" in entry.filename or "uploads" in entry.filename
        ]
        at = entry.header_offset + 30 + len(entry.filename.encode())
    raw[at + entry.compress_size - 3] ^= 0xFF
    (tmp_path / "export.zip").write_bytes(raw)
    with open_workspace(tmp_path / "other") as other:
        with pytest.raises(BadRequest, match="damaged"):
            bring(other, tmp_path / "export.zip")
        with other.database.read() as reading, pytest.raises(NotFound):
            records.load(reading, task_id)


def test_workspace_of_ours_is_opened_not_imported(tmp_path: Path) -> None:
    opening.create(tmp_path / "ours", MODULE)
    with pytest.raises(BadRequest, match="open it"), sources.opened(tmp_path / "ours", tmp_path):
        pass


@pytest.mark.processes
def test_commands(chorus: Chorus, server: Server, original: Path, tmp_path: Path) -> None:
    """While the server runs: its pages learn of each task, and the new workspace is open for all."""
    seq = server.json("GET", "/api/snapshot")["seq"]
    checked = chorus("import", original, "--dry-run")
    assert (checked.status, checked.out.splitlines()[0]) == (5, "Checked: 2 tasks can be taken. Nothing was stored.")
    assert server.json("GET", "/api/snapshot")["seq"] == seq
    taken = chorus("import", original, "--json")
    assert (taken.status, taken.err) == (5, "")
    assert json.loads(taken.out)["taken"]["tasks"] == 2
    snapshot = server.json("GET", "/api/snapshot")
    pushed = {task["id"]: task for task in snapshot["tasks"]}
    for task_id in (GOOD, ACTIVE):
        assert pushed[task_id] == server.json("GET", f"/api/tasks/{task_id}")
    assert snapshot["seq"] == seq + 4  # two providers, two tasks; the agents are seeded
    assert server.request("GET", f"/api/tasks/{GOOD}/attachments/notes.md")[2] == b"notes"

    assert chorus("export", "out.zip").status == 0
    again = chorus("export", "out.zip")
    assert (again.status, again.err) == (
        1,
        f"Error: {tmp_path}/out.zip exists already. Name another file, or move it away.\n",
    )
    for command in ("export", "backup"):
        nowhere = chorus(command, "nowhere/out.zip")
        assert (nowhere.status, nowhere.err.splitlines()[-1]) == (
            2,
            f"Error: Invalid value for 'FILE': There is no folder {tmp_path}/nowhere. Make it first.",
        )
    into = chorus("import", "out.zip", "--into", "copy")
    assert (into.status, into.err) == (0, ""), into
    after = server.json("GET", "/api/snapshot")
    assert after["configPath"] == str(tmp_path / "copy" / "chorus.json")
    assert [task["id"] for task in after["tasks"]] == [task["id"] for task in snapshot["tasks"]]
    assert "a workspace in this folder already" in chorus("import", "out.zip", "--into", "copy").err


def test_files_that_hold_something_else_are_skipped(
    tmp_path: Path, workspace: Workspace, original: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (original / "agents" / "list.json").write_text("[1]")
    (original / "agents" / "large.json").write_text(json.dumps({"name": "x" * 40_000}))
    monkeypatch.setattr(sources, "LARGEST_JSON", 32 * 1024)
    report = bring(workspace, original)
    assert report.skipped["agents/list.json"] == "is no JSON object"
    assert report.skipped["agents/large.json"] == "has more than 0 MiB"


def test_file_larger_than_an_attachment_is_skipped(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = fill(workspace)
    exporting.export(workspace, tmp_path / "export.zip")
    monkeypatch.setattr(parsing, "MOST_BYTES", 3)
    with open_workspace(tmp_path / "other") as other:
        report = bring(other, tmp_path / "export.zip")
        with other.database.read() as reading:
            assert records.load(reading, task_id).attachments == []
    assert [why for path, why in report.skipped.items() if "a b&=#.txt" in path] == ["has more than 0 MiB"]


def test_task_with_an_agent_at_work_is_not_replaced(tmp_path: Path, workspace: Workspace) -> None:
    task_id = fill(workspace)
    exporting.export(workspace, tmp_path / "export.zip")
    with workspace.database.write() as tx:
        run = run_records.insert(tx, task_id, "scribe", "agent", "Do it", tools=[], parent=None)
    report = bring(workspace, tmp_path / "export.zip", "replace")
    assert [why for path, why in report.skipped.items() if task_id in path] == [
        "was not replaced: an agent works on this task"
    ]
    with workspace.database.read() as reading:
        assert [each["id"] for each in run_records.unfinished(reading, task_id)] == [run["id"]]


@pytest.mark.parametrize("where", ["a task", "an agent"])
def test_disk_that_fails_ends_an_import(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """It is no fault of that file, and the next one would meet it as well."""

    def fail(*_: object) -> None:
        raise storage.full()

    fill(workspace)
    exporting.export(workspace, tmp_path / "export.zip")
    monkeypatch.setattr(*((files, "store") if where == "a task" else (agents, "create")), fail)
    with open_workspace(tmp_path / "other") as other, pytest.raises(StorageFull):
        bring(other, tmp_path / "export.zip")
