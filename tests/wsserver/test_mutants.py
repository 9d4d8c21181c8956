"""The model test has teeth: each rule of ring, cursor and session, broken on purpose, is caught by it."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from common.events import ResyncReason
from tests.wsserver.test_stream_model import StreamMachine
from wsserver import ring, session
from wsserver.ring import Chunk
from wsserver.session import Log, Request, Resync, Session, Welcome

cut, refusal = Chunk.cut, session._refusal


def rest_is_lost(chunk: Chunk, count: int) -> tuple[int, bytes]:
    return cut(chunk, count)[0], b""


def cut_frame_is_sent_again(chunk: Chunk, count: int) -> tuple[int, bytes]:
    cursor, rest = cut(chunk, count)
    return cursor - bool(rest), rest


def unsent_frame_counts_as_sent(chunk: Chunk, count: int) -> tuple[int, bytes]:
    cursor, rest = cut(chunk, count)
    return cursor + (not rest and cursor < chunk.last), rest


def epoch_is_ignored(request: Request, log: Log) -> ResyncReason | None:
    return refusal(request._replace(epoch=log.epoch), log)


def ahead_is_ignored(request: Request, log: Log) -> ResyncReason | None:
    return refusal(request._replace(since=min(request.since, log.head)), log)


def welcome_at_the_oldest(client: Session, request: Request) -> Welcome:
    client.phase = session.Phase.STREAMING
    client.cursor = max(request.since - 1, 0)
    return Welcome()


def stream_goes_on_after_resync(_client: Session, reason: ResyncReason, _now: float) -> Resync:
    return Resync(reason)


def resync_is_not_told(_client: Session, _reason: ResyncReason, _now: float) -> None:
    return None


@pytest.mark.parametrize(
    ("owner", "name", "mutant"),
    [
        (Chunk, "cut", rest_is_lost),
        (Chunk, "cut", cut_frame_is_sent_again),
        (Chunk, "cut", unsent_frame_counts_as_sent),
        (session, "_refusal", epoch_is_ignored),
        (session, "_refusal", ahead_is_ignored),
        (session, "_welcome", welcome_at_the_oldest),
        (session, "_resync", stream_goes_on_after_resync),
        (session, "interrupt", resync_is_not_told),
    ],
    ids=lambda value: value.__name__ if callable(value) and not isinstance(value, type) else None,
)
def test_a_broken_rule_is_caught(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, mutant: Callable[..., Any]
) -> None:
    monkeypatch.setattr(owner, name, mutant)
    hunt = settings(
        max_examples=400,
        stateful_step_count=40,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],  # the first failure will do: it needs no shrinking
        suppress_health_check=list(HealthCheck),
    )
    with pytest.raises(Exception):  # noqa: B017 (however the model notices)
        run_state_machine_as_test(StreamMachine, settings=hunt)


def test_the_model_itself_holds() -> None:
    """So that the mutants fail for their own fault."""
    assert ring.CHUNK_BYTES == 256 * 1024
    run_state_machine_as_test(StreamMachine, settings=settings(max_examples=20, deadline=None, derandomize=True))
