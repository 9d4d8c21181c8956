"""The output of runs over real sockets: gathered, paced, and never in the way of the log."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from common.clock import now_ms
from common.db.output import OUTPUT, OutputReader
from common.output import OutputKind
from common.queue import OUTPUT as OUTPUT_BELL
from common.queue import Bell, bell_path
from core.output.writer import OutputWriter
from tests.helpers.raw_ws import RawSocket
from tests.helpers.sidecar import SidecarProcess, Writer
from tests.wsserver.test_streaming import subscribed


@pytest.fixture
def speaker(server: SidecarProcess, writer: Writer) -> Iterator[OutputWriter]:
    bell = Bell(bell_path(server.settings.home, OUTPUT_BELL))
    opened = OutputWriter(writer.database_path.with_name(OUTPUT), writer.module, bell.ring)
    yield opened
    opened.close()
    bell.close()


def speak(speaker: OutputWriter, run: str, text: str) -> None:
    speaker.append(run, f"task-{run}", OutputKind.TEXT, {"text": text}, now_ms())


class Follower:
    """A client that does what a page does: a hole is read from the file, as over HTTP."""

    def __init__(self, client: RawSocket, writer: Writer) -> None:
        self.client = client
        self.found: dict[str, list[Any]] = {}
        self.times: list[float] = []
        self.reads = 0
        self.events: list[int] = []
        self._path, self._module = writer.database_path.with_name(OUTPUT), writer.module

    def follow(self, run: str, count: int) -> list[Any]:
        """Until `count` records of the run are there."""
        while len(self.found.setdefault(run, [])) < count:
            message = self.client.message("run_output", "config_changed")
            if message["type"] == "config_changed":
                self.events.append(message["seq"])
                continue
            assert "seq" not in message
            self.times.append(time.monotonic())
            for item in message["items"]:
                self._take(item)
        assert [record["n"] for record in self.found[run]] == list(range(1, count + 1))
        return self.found[run]

    def _take(self, item: Any) -> None:
        known = self.found.setdefault(item["runId"], [])
        if item["from"] <= len(known) + 1:  # what was read from the file may be pushed as well, and more with it
            known += item["records"][len(known) + 1 - item["from"] :]
        else:
            self.reads += 1
            reader = OutputReader(self._path, self._module)
            while page := json.loads(reader.after(item["runId"], len(known), 500))["records"]:
                known += page
            reader.close()


def test_output_of_all_runs_is_gathered_and_paced(
    server: SidecarProcess, writer: Writer, speaker: OutputWriter
) -> None:
    with subscribed(server, writer) as client:
        follower = Follower(client, writer)
        began = time.monotonic()
        for n in range(100):
            for run in ("gathered", "other"):
                speak(speaker, run, f"{run} {n}")
            time.sleep(0.01)  # the pace of the agents
        follower.follow("gathered", 100)
        assert [record["text"] for record in follower.follow("other", 100)] == [f"other {n}" for n in range(100)]
        assert len(follower.times) <= 10 * (follower.times[-1] - began) + 2


def test_a_stopped_reader_keeps_its_log_and_is_told_what_it_missed(
    server: SidecarProcess, writer: Writer, speaker: OutputWriter
) -> None:
    missed = server.metric("chorus_ws_output_missed_total")
    with subscribed(server, writer, window=4096) as stopped, subscribed(server, writer) as other:
        quick, slow = Follower(other, writer), Follower(stopped, writer)
        seq = writer.position.seq
        for n in range(4, 64, 4):  # some 1.8 MB, of which the stopped one takes nothing
            for _ in range(4):
                speak(speaker, "flood", "x" * 30_000)
            quick.follow("flood", n)
        writer.commit(1)
        speak(speaker, "after", "the event")
        quick.follow("after", 1)
        assert quick.events == [seq + 1]
        assert server.metric("chorus_ws_output_missed_total") > missed
        slow.follow("flood", 60)
        slow.follow("after", 1)
        assert slow.reads >= 1
        assert (slow.events or [slow.client.message("config_changed")["seq"]]) == [seq + 1]
