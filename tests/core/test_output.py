"""The output of runs: numbers without holes or twins whatever crashes, bounds, pages, search."""

import itertools
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common import blocks
from common.db import output, sqlite
from common.db.output import OUTPUT, OutputReader
from common.output import RECORD_BYTES, OutputKind, body, numbered
from common.schemas.output import OutputRecordSchema, OutputSchema
from core.output import writer as writing
from core.output.append import Limits, Said, append
from core.output.writer import OutputWriter
from core.workspaces.current import Workspace
from core.workspaces.opening import prepare
from tests.helpers.processes import wait_for
from tests.helpers.workspace import prepared

NUMBERS = itertools.count()
MODULE = sqlite.library("bundled")
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(list('ab"\n\0\ud800\udc00\U0001f600'), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "\ud800"]), inner),
    max_leaves=5,
)


class Store:
    """An `output.db` alone; `fails` makes the next transaction fail at its end."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / OUTPUT
        engine = sqlite.maintenance_engine(self.path, MODULE, creating=True)
        with engine.connect() as connection, connection.begin():
            output.create(connection)
        engine.dispose()
        self.engine = sqlite.engine(self.path, MODULE, read_only=False, pool_size=1, durable=False)
        self.reader = OutputReader(self.path, MODULE)

    def append(self, said: list[Said], *, crash: bool = False) -> None:
        with sqlite.immediate(self.engine.connect()) as connection:
            transaction = connection.begin()
            append(connection, said)
            transaction.rollback() if crash else transaction.commit()

    def page(self, run_id: str, since: int | None = None, most: int = 500) -> dict[str, Any]:
        text = self.reader.newest(run_id, most) if since is None else self.reader.after(run_id, since, most)
        page: dict[str, Any] = json.loads(text)
        assert OutputSchema().validate(page) == {}
        return page

    def texts(self, run_id: str) -> list[str]:
        """All texts of a run, read page by page; their numbers must follow each other."""
        found: list[dict[str, Any]] = []
        page = self.page(run_id, 0, 3)
        first = page["from"]
        while True:
            found += page["records"]
            if not page["hasMore"]:
                break
            page = self.page(run_id, found[-1]["n"], 3)
        assert [record["n"] for record in found] == list(range(first, first + len(found)))
        return [record["text"] for record in found]

    def close(self) -> None:
        self.engine.dispose()
        self.reader.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    made.close()


def said(run_id: str, text: str, *, first: bool = True) -> Said:
    return Said(run_id, f"task-of-{run_id}", body(OutputKind.TEXT, {"text": text, "first": first}, 1))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.lists(st.sampled_from("ab"), max_size=6), st.booleans()), max_size=8))
def test_numbers_go_on_whatever_crashes(store: Store, steps: list[tuple[list[str], bool]]) -> None:
    """Against a model: what was committed, in its order; what crashed leaves no number behind."""
    model: dict[str, list[str]] = {"a": [], "b": []}
    name = next(NUMBERS)
    for step, (runs, crash) in enumerate(steps):
        texts = [(run, f"{step}.{place}") for place, run in enumerate(runs)]
        store.append([said(f"{run}{name}", text) for run, text in texts], crash=crash)
        for run, text in texts if not crash else []:
            model[run].append(text)
    assert {run: store.texts(f"{run}{name}") for run in model} == model


def test_a_writer_goes_on_where_a_killed_one_stood(store: Store) -> None:
    """Two writers at once, as when a runner is not quite dead: still one line of numbers."""
    writers = [OutputWriter(store.path, MODULE) for _ in range(2)]
    threads = [threading.Thread(target=_speak, args=(each, n)) for n, each in enumerate(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in writers:
        each.close()
    texts = store.texts("r")
    assert sorted(texts) == sorted(f"{n}.{k}" for n in range(2) for k in range(300))
    assert [text for text in texts if text.startswith("0")] == [f"0.{k}" for k in range(300)]


def _speak(writer: OutputWriter, n: int) -> None:
    for k in range(300):
        writer.append("r", "t", OutputKind.TEXT, {"text": f"{n}.{k}"}, 1)
        if k % 100 == 0:
            writer.write()


def test_what_cannot_be_written_is_kept_or_counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BUFFER_BYTES", 2_000)
    monkeypatch.setattr(writing, "RETRY_S", 0.01)
    rung = threading.Event()
    writer = OutputWriter(store.path, MODULE, rung.set)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE records RENAME TO away")
        connection.commit()
        for n in range(100):
            writer.append("r", "t", OutputKind.TEXT, {"text": f"{n} " + "x" * 50}, 1)
        wait_for(lambda: writer._fails, 5, "a write has failed", lambda: "")
        connection.exec_driver_sql("ALTER TABLE away RENAME TO records")
        connection.commit()
    assert rung.wait(5)
    writer.close()
    records = store.page("r", 0)["records"]
    kept = [record for record in records if record["kind"] == "text"]
    assert 1 < len(kept) < 100
    said = 0  # each is there, or among those that are missing just there
    for record in records:
        number, rest = record["text"].split(" ", 1)
        if record["kind"] == "text":
            assert int(number) == said
            said += 1
        else:
            assert rest == "records could not be stored here."
            said += int(number)
    assert said == 100


def test_the_oldest_records_of_a_run_go_first_and_the_most_silent_run(store: Store) -> None:
    writer = OutputWriter(store.path, MODULE, limits=Limits(run=3_000_000, workspace=6_000_000))
    for run in ("old", "new", "newer", "last"):
        for n in range(300):
            writer.append(run, "t", OutputKind.TEXT, {"text": f"{n}{'x' * 10_000}"}, 1)
            if n % 100 == 99:
                writer.write()
    for _ in range(5):  # what is over is forgotten bit by bit
        writer.append("last", "t", OutputKind.TEXT, {"text": "x" * 30_000}, 1)
        writer.write()
    writer.close()
    old, last = store.page("old"), store.page("last")
    assert (old["first"], old["last"], old["records"]) == (301, 300, [])
    assert last["last"] == 305
    assert last["first"] > 1
    assert store.page("last", 0, 5)["from"] == last["first"]
    store.append([said("old", "again")])
    assert [record["n"] for record in store.page("old")["records"]] == [301]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(list(OutputKind)),
    data=st.dictionaries(st.sampled_from(["text", "callId", "tool", "input", "output", "isError", "costUsd"]), JSON),
)
def test_anything_a_program_says_becomes_a_small_valid_record(kind: OutputKind, data: dict[str, Any]) -> None:
    wire = numbered(7, body(kind, data, 1))
    assert len(wire.encode()) < 7 * RECORD_BYTES
    assert OutputRecordSchema().validate(json.loads(wire, parse_constant=pytest.fail)) == {}


@pytest.mark.parametrize("kind", [OutputKind.TEXT, OutputKind.THINKING, OutputKind.NOTICE])
@pytest.mark.parametrize("first", [True, False, 1, None])
def test_beginning_of_a_block_is_marked(kind: OutputKind, first: Any) -> None:
    """Of prose only: what goes on with the record before it has no mark."""
    told = json.loads(numbered(1, body(kind, {"text": "a", "first": first}, 1)))
    assert told.get("first") == (True if first is True and kind is not OutputKind.NOTICE else None)


def test_a_long_text_is_cut_at_a_character_border_and_says_so() -> None:
    euro = json.loads(numbered(1, body(OutputKind.TEXT, {"text": "€" * RECORD_BYTES}, 1)))
    assert euro["text"] == "€" * (RECORD_BYTES // 3)
    assert euro["bytes"] == 3 * RECORD_BYTES
    call = json.loads(numbered(1, body(OutputKind.TOOL_CALL, {"input": {"content": "x" * 2 * RECORD_BYTES}}, 1)))
    assert len(call["input"]) == RECORD_BYTES
    assert call["bytes"] > 2 * RECORD_BYTES
    small = json.loads(numbered(1, body(OutputKind.TOOL_CALL, {"tool": "write", "input": {"a": [1]}}, 1)))
    assert (small["input"], "bytes" in small) == ({"a": [1]}, False)


def test_search(store: Store) -> None:
    store.append([said("r", f"line {n} " + ('"Grüße"\n' if n % 10 == 0 else "")) for n in range(1, 101)])
    page = json.loads(store.reader.search("r", '"grüSSE"\n', None, 4))
    assert ([record["n"] for record in page["records"]], page["from"], page["hasMore"]) == ([70, 80, 90, 100], 70, True)
    page = json.loads(store.reader.search("r", "grüße", 70, 100))
    assert ([record["n"] for record in page["records"]], page["hasMore"]) == ([10, 20, 30, 40, 50, 60], False)
    assert json.loads(store.reader.search("r", "kind", None, 4))["records"] == []  # a word of ours, not of the agent's
    assert json.loads(store.reader.search("nobody", "x", None, 4))["records"] == []


WORDS = ["Ein", "Straßenfest", "mit", "Grüßen,", "**fett**", "und", "`code`;", "darin", "`eine", "Zeile`."]


def found(store: Store, text: str, most: int = 100) -> list[tuple[int, str]]:
    """All hits, looked for page by page."""
    hits: list[tuple[int, str]] = []
    before, more = None, True
    while more:
        page = json.loads(store.reader.search("r", text, before, most))
        assert OutputSchema().validate(page) == {}
        hits = [(record["n"], record["text"]) for record in page["records"]] + hits
        before, more = page["from"], page["hasMore"]
    return hits


def test_search_finds_what_stands_in_several_pieces(store: Store) -> None:
    """The pieces of an answer are one block: it is found once, as the piece in which the text begins."""
    pieces = [(" " if n else "") + word for n, word in enumerate(WORDS)]
    store.append([said("r", piece, first=n == 0) for n, piece in enumerate(pieces)])
    store.append([said("r", "Grüßen,"), said("r", " **nicht", first=False)])
    whole = " ".join(WORDS)
    assert found(store, "STRASSENFEST mit grüssen") == [(2, whole)]
    assert found(store, "grüßen, **") == [(4, whole), (11, "Grüßen, **nicht")]
    assert found(store, "nicht ein") == []  # another answer
    assert found(store, "zeile`.grü") == []


@pytest.mark.parametrize("most", [1, 2, 100])
def test_search_finds_it_once_across_every_border(store: Store, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Of blocks that are looked through in parts, and of pages of hits."""
    monkeypatch.setattr(blocks, "RECORD_BYTES", 40)
    text = "".join(f"{n:04d} " for n in range(400))
    store.append([said("r", text[k : k + 3], first=False) for k in range(0, len(text), 3)])
    for n in range(0, 390, 7):
        assert len(found(store, f"{n:04d} {n + 1:04d} {n + 2:04d}", most)) == 1


def test_search_reads_what_a_terminal_shows(store: Store) -> None:
    output = {"output": "\x1b[31mFAIL\x1b[0m\n10%\r100%", "callId": "a"}
    store.append([Said("r", "t", body(OutputKind.TOOL_RESULT, output, 1)), said("r", "\x1b[1mbo", first=True)])
    store.append([said("r", "ld\x1b[0m", first=False)])
    for text, hits in (("31m", 0), ("10%", 0), ("fail", 1), ("100%", 1), ("bold", 1)):
        assert len(json.loads(store.reader.search("r", text, None, 9))["records"]) == hits


def test_numbers_that_a_page_cannot_hold_come_as_text() -> None:
    for value, is_text in ((2**53 + 1, True), (1e300, True), (12.5, False), ("9" * 40, False), (float("nan"), True)):
        call = json.loads(numbered(1, body(OutputKind.TOOL_CALL, {"input": {"a": value}}, 1)))
        assert isinstance(call["input"], str) is is_text
    assert json.loads(numbered(1, body(OutputKind.TOOL_CALL, {"input": 2**53 + 1}, 1)))["input"] == str(2**53 + 1)


def test_only_what_is_marked_is_marked() -> None:
    for mark, kept in ((True, True), (False, None), (1, None), ("true", None)):
        assert json.loads(numbered(1, body(OutputKind.THINKING, {"text": "", "first": mark}, 1))).get("first") is kept
    assert "first" not in json.loads(numbered(1, body(OutputKind.NOTICE, {"text": "", "first": True}, 1)))


def test_a_page_has_about_a_mebibyte(store: Store) -> None:
    store.append([said("r", "x" * 30_000) for _ in range(100)])
    page = store.page("r", 0)
    assert 30 < len(page["records"]) < 40
    assert page["hasMore"]
    newest = store.page("r")
    assert (newest["records"][-1]["n"], newest["from"]) == (100, newest["records"][0]["n"])


def test_the_launcher_makes_it_renews_its_epoch_and_sets_a_broken_one_aside(tmp_path: Path) -> None:
    configured = prepared(tmp_path / "home")
    folder = configured.home / "workspaces" / "default"
    epochs = []
    for text in (b"", b"this is no database" * 100, None):
        if text:
            (folder / OUTPUT).write_bytes(text)
        prepare(configured).close()
        reader = OutputReader(folder / OUTPUT, sqlite.library(configured.sqlite))
        epochs.append(json.loads(reader.newest("r", 1))["epoch"])
        reader.close()
    assert len(set(epochs)) == 3
    assert len(list(folder.glob(f"{OUTPUT}.*.unusable"))) == 1


def test_output_of_deleted_tasks_is_forgotten(workspace: Workspace) -> None:
    writer = workspace.write_output(lambda: None)
    writer.append("r", "gone", OutputKind.TEXT, {"text": "secret"}, 1)
    writer.append("s", "kept", OutputKind.TEXT, {"text": "other"}, 1)
    writer.close()
    workspace.forget_output(["gone"])
    assert json.loads(workspace.output.newest("r", 5))["last"] == 0
    assert json.loads(workspace.output.newest("s", 5))["last"] == 1
    engine = sqlite.engine(workspace.folder / OUTPUT, MODULE, read_only=True, pool_size=1)
    with engine.begin() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(output.records)).scalar() == 1
    engine.dispose()


def test_lost_records_are_told_of_once_however_often_writing_fails(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what waits in memory stays bounded, though each try takes all of it."""
    monkeypatch.setattr(writing, "BUFFER_BYTES", 5_000)
    monkeypatch.setattr(writing, "RETRY_S", 60)
    writer = OutputWriter(store.path, MODULE)
    away = store.path.with_name("away")
    store.path.rename(away)
    for n in range(50):
        for run in ("a", "b"):
            writer.append(run, "t", OutputKind.TEXT, {"text": f"{n}"}, 1)
        assert not writer.write()
        assert sum(map(writing._size, writer._said)) <= 5_000
    away.rename(store.path)
    writer.close()
    for run in ("a", "b"):
        told = [record["text"] for record in store.page(run, 0)["records"]]
        assert [text for text in told if not text.isdigit()] == [f"{51 - len(told)} records could not be stored here."]


def test_record_that_cannot_be_written_stops_no_other(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong with it: a mistake of ours must not end the writer's thread."""

    def failing(connection: sa.Connection, said: list[Said]) -> None:
        if any("poison" in each.body for each in said):
            raise ValueError("a mistake")
        append(connection, said)

    monkeypatch.setattr(writing, "append", failing)
    writer = OutputWriter(store.path, MODULE)
    for text in ("before", "poison", "after"):
        writer.append("r", "t", OutputKind.TEXT, {"text": text}, 1)
    wait_for(lambda: store.page("r", 0)["last"] >= 3, 5, "a notice of the loss", lambda: "")
    writer.close()
    assert [record["text"] for record in store.page("r", 0)["records"]] == [
        "before",
        "after",
        "1 records could not be stored here.",
    ]


def test_writer_follows_a_file_that_was_set_aside(store: Store) -> None:
    """As the launcher does with one that cannot be used: SQLite would go on with the file under its other name."""
    writer = OutputWriter(store.path, MODULE)
    writer.append("r", "t", OutputKind.TEXT, {"text": "before"}, 1)
    assert writer.write()
    store.path.rename(store.path.with_name("aside"))
    for suffix in ("-wal", "-shm"):
        store.path.with_name(store.path.name + suffix).unlink()
    engine = sqlite.maintenance_engine(store.path, MODULE, creating=True)
    with engine.connect() as connection, connection.begin():
        output.create(connection)
    engine.dispose()
    writer.append("r", "t", OutputKind.TEXT, {"text": "after"}, 1)
    writer.close()
    assert store.texts("r") == ["after"]


def test_what_comes_after_the_end_is_not_lost_in_silence(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    writer = OutputWriter(store.path, MODULE)
    store.path.rename(store.path.with_name("away"))
    for n in range(3):
        writer.append("r", "t", OutputKind.TEXT, {"text": f"{n}"}, 1)
    writer.close()
    writer.append("r", "t", OutputKind.TEXT, {"text": "late"}, 1)
    assert "3 records of agents could not be stored" in caplog.text
    assert "came after its workspace was closed and is lost" in caplog.text
