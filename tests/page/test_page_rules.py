"""The page's rules against a model: after every step the page shows exactly what the server held at (epoch, cursor).

Between the two stands a network that delays, loses, repeats and cuts. Each known way to get the rules wrong (the
patches in tests/mutants) must be caught by the very same test.
"""

import copy
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.page.bridge import ROOT, Page
from tests.page.model import Connection, Json, Server

EXAMPLES, EXAMPLES_OF_A_SOAK = 120, 3_000
STEPS = 60
TICK_MS = 1_000
DO = {
    "openSocket": "open_socket",
    "closeSocket": "close_socket",
    "send": "send",
    "fetchSnapshot": "request",
    "readPart": "request",
}
pick = st.integers(0, 1_000)


class PageAndServer(RuleBasedStateMachine):
    """One page, one server, one network."""

    page: Page  # the node process is shared: each example begins with a fresh page in it

    def __init__(self) -> None:
        super().__init__()
        self.server = Server()
        self.now = 0
        self.connection: Connection | None = None
        self.opening: int | None = None
        self.old_frames: list[tuple[int, Json]] = []
        self.requests: list[Json] = []
        self.answer: dict[str, Any] = {}
        self.perform(self.page.tell("new", now=0, random=0.5))
        self.perform(self.page.tell("start"))

    @initialize(live=st.booleans())
    def page_may_be_live_already(self, live: bool) -> None:
        if live:
            self.network_is_good_for_a_while(30)

    # The network and the clock

    def perform(self, answer: dict[str, Any]) -> None:
        """Does what the page wants done."""
        self.answer = answer
        for effect in answer["effects"]:
            if do := getattr(self, DO.get(effect["type"], ""), None):
                do(effect)

    def open_socket(self, effect: Json) -> None:
        self.opening = effect["generation"]

    def close_socket(self, effect: Json) -> None:
        self.leave(effect["generation"])

    def send(self, effect: Json) -> None:
        if self.connection and self.connection.generation == effect["generation"]:
            self.connection.receive(effect["message"])

    def request(self, effect: Json) -> None:
        self.requests.append(effect)

    def leave(self, generation: int) -> None:
        if self.connection and self.connection.generation == generation:
            self.old_frames += [(generation, frame) for frame in self.connection.frames[:3]]
            self.connection = None
        if self.opening == generation:
            self.opening = None

    @rule()
    def time_passes(self) -> None:
        self.now += TICK_MS
        self.perform(self.page.tell("tick", now=self.now))

    @precondition(lambda self: self.opening is not None)
    @rule()
    def socket_opens(self) -> None:
        generation, self.opening = self.opening, None
        assert generation is not None
        self.connection = Connection(self.server, generation)
        self.perform(self.page.tell("socket", event="open", generation=generation))

    @precondition(lambda self: self.opening is not None or self.connection is not None)
    @rule()
    def connection_breaks(self) -> None:
        generation = self.connection.generation if self.connection else self.opening
        assert generation is not None
        self.leave(generation)
        self.perform(self.page.tell("socket", event="close", generation=generation))

    @precondition(lambda self: self.connection and self.connection.frames)
    @rule(many=st.integers(1, 6))
    def frames_arrive(self, many: int) -> None:
        for _ in range(many):
            if self.connection and self.connection.frames:
                self.deliver(self.connection.frames.pop(0))

    def deliver(self, frame: Json) -> None:
        assert self.connection
        self.perform(self.page.tell("frame", frame=frame, generation=self.connection.generation))

    @precondition(lambda self: self.connection and self.connection.frames)
    @rule()
    def frame_is_lost(self) -> None:
        assert self.connection
        if self.connection.frames[0]["type"] not in ("welcome", "resync"):
            self.connection.frames.pop(0)

    @precondition(lambda self: self.connection and self.connection.frames)
    @rule()
    def frame_arrives_twice(self) -> None:
        assert self.connection
        frame = self.connection.frames[0]
        if "at" in frame:
            self.deliver(copy.deepcopy(frame))

    @precondition(lambda self: self.old_frames)
    @rule()
    def frame_of_an_old_socket_arrives(self) -> None:
        generation, frame = self.old_frames.pop()
        self.perform(self.page.tell("frame", frame=frame, generation=generation))

    @precondition(lambda self: self.connection)
    @rule()
    def heartbeat_is_sent(self) -> None:
        assert self.connection
        self.connection.heartbeat()

    @rule(steps=st.integers(1, 20))
    def network_is_good_for_a_while(self, steps: int) -> None:
        for _ in range(steps):
            self.step_of_a_good_network()
            self.page_shows_what_the_server_held()

    # The server

    @precondition(lambda self: self.connection and self.connection.cursor is not None and not self.connection.frames)
    @rule()
    def event_is_lost_before_another(self) -> None:
        assert self.connection
        self.server.create()
        self.server.create()
        self.push()
        self.connection.frames.pop(0)
        self.frames_arrive(1)
        self.page_shows_what_the_server_held()

    @precondition(lambda self: self.connection and self.connection.cursor is not None and not self.connection.frames)
    @rule()
    def newest_event_is_lost(self) -> None:
        """Nothing follows that could show the gap: only a heartbeat tells."""
        assert self.connection
        self.server.create()
        self.push()
        self.connection.frames.clear()
        self.becomes_live()

    @rule()
    def task_is_created(self) -> None:
        self.server.create()
        self.push()

    @precondition(lambda self: self.server.tasks)
    @rule(which=pick, what=st.sampled_from(["update", "enqueue", "note", "delete", "archive", "reset", "two"]))
    def task_is_changed(self, which: int, what: str) -> None:
        task_id = self.some_task(which)
        match what:
            case "update":
                self.server.update(task_id, f"text {which}")
            case "enqueue":
                self.server.enqueue(task_id, f"message {which}")
            case "note":
                self.server.note(task_id)
            case "reset":
                self.server.reset(task_id)
            case "two":
                self.server.update_two(task_id, self.some_task(which // 2))
            case _:
                self.server.delete(task_id, archive=what == "archive")
        self.push()

    def some_task(self, which: int) -> str:
        return sorted(self.server.tasks)[which % len(self.server.tasks)]

    def push(self) -> None:
        if self.connection:
            self.connection.push()

    @rule()
    def log_expires(self) -> None:
        self.server.expire()
        self.push()

    @rule()
    def database_is_restored(self) -> None:
        self.server.renew_epoch()
        self.push()

    # Requests of the page: answered from the state at the moment of the answer, or earlier

    @precondition(lambda self: self.requests)
    @rule(which=pick)
    def request_is_answered(self, which: int) -> None:
        self.reply(self.requests.pop(which % len(self.requests)))

    def reply(self, request: Json) -> None:
        if request["type"] == "fetchSnapshot":
            return self.perform(self.page.tell("snapshot", id=request["id"], snapshot=self.server.snapshot()))
        key, data = request["key"], self.server.part(request["key"])
        if data is None:
            return self.perform(self.page.tell("partError", key=key, id=request["id"], status=404, code="NOT_FOUND"))
        asof = {"epoch": self.server.epoch, "seq": self.server.seq}
        self.perform(self.page.tell("partAnswer", key=key, id=request["id"], data=data, **asof))

    @precondition(lambda self: self.requests)
    @rule(which=pick)
    def snapshot_request_fails(self, which: int) -> None:
        request = self.requests[which % len(self.requests)]
        if request["type"] == "fetchSnapshot":
            self.requests.remove(request)
            self.perform(self.page.tell("snapshot", id=request["id"], error="no network"))

    @precondition(lambda self: self.server.tasks)
    @rule(which=pick, kind=st.sampled_from(["history", "queue"]))
    def view_opens_a_part(self, which: int, kind: str) -> None:
        self.perform(self.page.tell("open", key=f"{kind}:{self.some_task(which)}"))

    @precondition(lambda self: self.server.tasks and self.connection and self.connection.cursor is not None)
    @rule(which=pick)
    def part_is_answered_while_the_stream_lags(self, which: int) -> None:
        """The answer holds an event already that arrives only afterwards."""
        assert self.connection
        task_id = self.some_task(which)
        self.perform(self.page.tell("open", key=f"history:{task_id}"))
        self.server.note(task_id)
        self.push()
        for request in [request for request in self.requests if request.get("key") == f"history:{task_id}"]:
            self.requests.remove(request)
            self.reply(request)
        self.frames_arrive(len(self.connection.frames))

    # What must always be true

    @invariant()
    def page_shows_what_the_server_held(self) -> None:
        state = self.answer["state"]
        if state["epoch"] is None:
            return
        assert state == self.server.past[state["epoch"], state["seq"]]["board"]
        for key, part in self.answer["parts"].items():
            if part["status"] == "ready":
                self.check_part(key, part["data"], self.parts_at(part["asOf"], state))

    def parts_at(self, answered: Json, state: Json) -> Json:
        """A part is at the cursor; or, while the stream lags behind the part's own answer, at that answer."""
        assert answered["epoch"] == state["epoch"]
        moment = self.server.past[state["epoch"], max(answered["seq"], state["seq"])]
        parts: Json = moment["parts"]
        return parts

    @staticmethod
    def check_part(key: str, data: Any, parts: Json) -> None:
        if key not in parts:
            return  # an archived task: its parts stay readable, the board's model does not follow them
        if key.startswith("history:"):
            assert data["entries"] == parts[key]["events"]
        else:
            assert data == parts[key]

    def teardown(self) -> None:
        self.becomes_live()

    def becomes_live(self) -> None:
        """Left alone on a good network, the page becomes Live and shows the newest state."""
        for _ in range(400):
            if self.settled():
                return
            self.step_of_a_good_network()
            self.page_shows_what_the_server_held()
        raise AssertionError(f"the page stays at {self.answer['connection']}, the server is at {self.server.seq}")

    def settled(self) -> bool:
        board = self.server.past[self.server.epoch, self.server.seq]["board"]
        return bool(self.answer["status"]["kind"] == "live" and self.answer["state"] == board and not self.requests)

    def step_of_a_good_network(self) -> None:
        if self.requests:
            self.reply(self.requests.pop(0))
        elif self.opening is not None:
            self.socket_opens()
        elif self.connection and self.connection.frames:
            self.frames_arrive(1)
        else:
            self.heartbeat_or_time()

    def heartbeat_or_time(self) -> None:
        if self.connection:
            self.connection.heartbeat()
        self.time_passes()


def run(modules: Path | None = None, examples: int = EXAMPLES, seed: int | None = None) -> None:
    """Without a seed always the same examples."""
    with Page(modules) if modules else Page() as page:
        machine = type("PageAndServerRun", (PageAndServer,), {"page": page})
        run_state_machine_as_test(
            machine if seed is None else with_seed(seed)(machine),
            settings=settings(
                max_examples=examples,
                stateful_step_count=STEPS,
                deadline=None,
                derandomize=seed is None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_page_always_shows_what_the_server_held() -> None:
    run()


@pytest.mark.soak
def test_page_shows_it_for_long(seed: int, rounds: int | None) -> None:
    run(examples=rounds or EXAMPLES_OF_A_SOAK, seed=seed)


# What agents say is no state and not in this model; its rule is tested, and its mutant caught, in tests/js.
OTHERS = ("output_", "time_")  # not what this model looks at; tests/js sees them
MUTANTS = sorted(patch for patch in (ROOT / "tests/mutants").glob("*.patch") if not patch.stem.startswith(OTHERS))


@contextmanager
def mutated(patch: Path, folder: Path) -> Iterator[Path]:
    """A copy of static/js with one rule taken out."""
    shutil.copytree(ROOT / "static" / "js", folder / "static" / "js")
    subprocess.run(["patch", "-p1", "-s", "-d", str(folder), "-i", str(patch)], check=True)
    yield folder / "static" / "js"


@pytest.mark.parametrize("patch", MUTANTS, ids=lambda patch: patch.stem)
def test_page_without_one_of_its_rules_is_caught(patch: Path, tmp_path: Path) -> None:
    with mutated(patch, tmp_path) as modules, pytest.raises((AssertionError, KeyError)):
        run(modules)


def test_there_is_a_mutant_for_each_rule() -> None:
    assert len(MUTANTS) >= 5
