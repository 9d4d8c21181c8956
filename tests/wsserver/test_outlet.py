"""Output that may be dropped: whoever misses some is told, so that every page ends up with all of it. Pure."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from common.output import Head, OutputKind, Written, body, numbered
from wsserver.outlet import MESSAGE_BYTES, Outlet, fitting, frame_of

RUNS = ("a", "b", "c")
# Each step: who speaks, which of three pages have room, and which page (if any) comes anew, having read it all.
STEPS = st.lists(
    st.tuples(st.lists(st.sampled_from(RUNS), max_size=4), st.sets(st.integers(0, 2)), st.none() | st.integers(0, 2)),
    max_size=12,
)


def payload(frame: bytes) -> Any:
    """The message in a frame."""
    return json.loads(frame[frame.index(b"{") :])


class Page:
    """What a page does with `run_output`, and where it reads over HTTP."""

    def __init__(self, truth: "Truth") -> None:
        self.truth = truth
        self.has_room = True
        self.reads = 0
        self.runs: dict[str, list[int]] = {run: truth.numbers(run) for run in RUNS}

    def send(self, data: bytes) -> None:
        for item in payload(data)["items"]:
            known, start = self.runs[item["runId"]], item["from"]
            numbers = [record["n"] for record in item["records"]]
            assert numbers == list(range(start, start + len(numbers))), "an item has no hole"
            if start == len(known) + 1:
                known += numbers
            elif start > len(known) + 1:
                self.reads += 1
                self.runs[item["runId"]] = self.truth.numbers(item["runId"])


class Truth:
    """What is written."""

    def __init__(self) -> None:
        self.written: list[Written] = []

    def numbers(self, run: str) -> list[int]:
        return [record.n for record in self.written if record.run_id == run]

    def speak(self, run: str) -> None:
        n = len(self.numbers(run)) + 1
        wire = numbered(n, body(OutputKind.TEXT, {"text": "x"}, 1))
        self.written.append(Written(len(self.written) + 1, run, "t", n, wire))

    def heads(self, after: int) -> list[Head]:
        runs = {record.run_id for record in self.written if record.id > after}
        return [Head(run, "t", len(self.numbers(run))) for run in runs]


def play(steps: list[tuple[list[str], set[int], int | None]]) -> list[Page]:
    truth, posts = Truth(), Outlet[Page]()
    pages = [Page(truth) for _ in range(3)]
    for spoken, roomy, renewed in [*steps, ([], {0, 1, 2}, None)]:
        before = len(truth.written)
        for run in spoken:
            truth.speak(run)
        if renewed is not None:
            pages[renewed] = Page(truth)
        for place, page in enumerate(pages):
            page.has_room = place in roomy
        posts.keep(set(pages))
        if posts.missed:
            posts.catch_up(pages, truth.heads(posts.since))
        if spoken:
            message = frame_of(truth.written[before:])
            for page in pages:
                posts.offer(page, message, before)
    for page in pages:
        assert page.runs == {run: truth.numbers(run) for run in RUNS}
    return pages


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_every_page_ends_up_with_all_of_it(steps: list[tuple[list[str], set[int], int | None]]) -> None:
    play(steps)


def test_who_misses_nothing_reads_nothing() -> None:
    assert [page.reads for page in play([(["a", "b"], {0, 1}, None), (["b"], {0, 1}, None)])] == [0, 0, 2]


def test_nobody_is_told_of_nothing() -> None:
    """A workspace whose agents have said nothing is opened: a message without items would tell nothing."""
    posts, page = Outlet[Page](), Page(Truth())
    page.has_room = True
    page.send = pytest.fail  # type: ignore[method-assign,assignment]
    posts.miss(page, 0)
    posts.catch_up([page], [])
    assert posts.missed == set()


def missed_is_forgotten(posts: Outlet[Page], client: Page, message: bytes, before: int) -> bool:
    if client.has_room:
        client.send(message)
    return True


def first_miss_is_overwritten(posts: Outlet[Page], client: Page, before: int) -> None:
    posts.since = before
    posts.missed.add(client)


def heads_are_one_short(truth: Truth, after: int) -> list[Head]:
    runs = {record.run_id for record in truth.written if record.id > after}
    return [Head(run, "t", len(truth.numbers(run)) - 1) for run in runs]


def nobody_is_told(posts: Outlet[Page], clients: list[Page], heads: list[Head]) -> None:
    posts.missed.clear()


@pytest.mark.parametrize(
    ("owner", "name", "mutant"),
    [
        (Outlet, "offer", missed_is_forgotten),
        (Outlet, "miss", first_miss_is_overwritten),
        (Outlet, "catch_up", nobody_is_told),
        (Truth, "heads", heads_are_one_short),
    ],
)
def test_a_broken_rule_is_caught(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, mutant: Callable[..., Any]
) -> None:
    monkeypatch.setattr(owner, name, mutant)
    hunt = settings(
        max_examples=300,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    @hunt
    @given(STEPS)
    def game(steps: list[tuple[list[str], set[int], int | None]]) -> None:
        play(steps)

    with pytest.raises(AssertionError):
        game()


def test_a_message_is_bounded_and_an_item_ends_at_a_hole() -> None:
    long = [Written(n, "a", "t", n, numbered(n, body(OutputKind.TEXT, {"text": "x" * 30_000}, 1))) for n in range(1, 9)]
    assert len(frame_of(fitting(long))) <= MESSAGE_BYTES + 200
    assert len(fitting(long)) == 4
    holed = [record._replace(n=record.n * 10 if record.n > 2 else record.n, wire="{}") for record in long[:3]]
    items = payload(frame_of(holed))["items"]
    assert [(item["from"], len(item["records"])) for item in items] == [(1, 2), (30, 1)]
