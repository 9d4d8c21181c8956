"""The model tests have teeth: each rule of ring, cursor, session and looks, broken on purpose, is caught by them."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from common.events import ResyncReason
from tests.wsserver.test_looks import LooksMachine
from tests.wsserver.test_stream_model import StreamMachine
from wsserver import looks, ring, session
from wsserver.heartbeat import STALL_S
from wsserver.looks import Looks
from wsserver.ring import Chunk
from wsserver.session import Log, Request, Resync, Session, Welcome

cut, refusal, begin = Chunk.cut, session._refusal, Looks.begin


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


def who_came_during_the_look_is_answered(known: Looks[Any]) -> list[Any]:
    found = known._answering + known._waiting
    known._answering, known._waiting = [], []
    return found


def who_was_not_answered_is_forgotten(known: Looks[Any], now: float) -> None:
    known._began, known._answering, known._waiting = now, known._waiting, []


def each_look_succeeds(known: Looks[Any], now: float) -> None:
    begin(known, now)
    known.succeed()


def success_is_not_told(_known: Looks[Any]) -> None:
    pass


def heartbeats_for_ever(_known: Looks[Any], _now: float) -> bool:
    return False


def clients_stay_for_ever(_known: Looks[Any], _now: float, _lag: float) -> bool:
    return False


def a_stall_sends_clients_away(known: Looks[Any], now: float, _lag: float) -> bool:
    return known.age(now) > looks.LEAVE_S and (known._has_failed or now - known._began > looks.STALE_S)


def a_look_that_serves_many_sends_clients_away(known: Looks[Any], now: float, lag: float) -> bool:
    return known.age(now) > looks.LEAVE_S and lag < STALL_S


@pytest.mark.parametrize(
    ("machine", "owner", "name", "mutant"),
    [
        (StreamMachine, Looks, "answered", who_came_during_the_look_is_answered),
        (LooksMachine, Looks, "answered", who_came_during_the_look_is_answered),
        (LooksMachine, Looks, "begin", who_was_not_answered_is_forgotten),
        (LooksMachine, Looks, "begin", each_look_succeeds),
        (LooksMachine, Looks, "succeed", success_is_not_told),
        (LooksMachine, Looks, "is_stale", heartbeats_for_ever),
        (LooksMachine, Looks, "must_leave", clients_stay_for_ever),
        (LooksMachine, Looks, "must_leave", a_stall_sends_clients_away),
        (LooksMachine, Looks, "must_leave", a_look_that_serves_many_sends_clients_away),
        (StreamMachine, Chunk, "cut", rest_is_lost),
        (StreamMachine, Chunk, "cut", cut_frame_is_sent_again),
        (StreamMachine, Chunk, "cut", unsent_frame_counts_as_sent),
        (StreamMachine, session, "_refusal", epoch_is_ignored),
        (StreamMachine, session, "_refusal", ahead_is_ignored),
        (StreamMachine, session, "_welcome", welcome_at_the_oldest),
        (StreamMachine, session, "_resync", stream_goes_on_after_resync),
        (StreamMachine, session, "interrupt", resync_is_not_told),
    ],
    ids=lambda value: value.__name__ if callable(value) and not isinstance(value, type) else None,
)
def test_a_broken_rule_is_caught(
    monkeypatch: pytest.MonkeyPatch,
    machine: type[RuleBasedStateMachine],
    owner: Any,
    name: str,
    mutant: Callable[..., Any],
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
        run_state_machine_as_test(machine, settings=hunt)


@pytest.mark.parametrize("machine", [StreamMachine, LooksMachine])
def test_the_model_itself_holds(machine: type[RuleBasedStateMachine]) -> None:
    """So that the mutants fail for their own fault."""
    assert ring.CHUNK_BYTES == 256 * 1024
    run_state_machine_as_test(machine, settings=settings(max_examples=20, deadline=None, derandomize=True))
