"""Each rule of the protocol between one client and the sidecar, as calls of plain functions."""

import json
from math import inf
from typing import Any

import pytest

from common.events import CloseCode, ResyncReason
from wsserver import session
from wsserver.session import Close, Cut, Heartbeat, Log, Look, Phase, Resync, Session, Welcome

LOG = Log(epoch="e", oldest=5, head=9)
NOW = 100.0


def fresh(beat_at: float = NOW + 3) -> Session:
    return session.opened(NOW, beat_at)


def subscribe(epoch: Any = "e", since: Any = 9, protocol: Any = 1, **more: Any) -> str:
    return json.dumps({"type": "subscribe", "protocol": protocol, "epoch": epoch, "since": since, **more})


def streaming() -> Session:
    client = fresh()
    assert session.receive(client, subscribe(), LOG, NOW) == Welcome()
    return client


def code(effect: object) -> CloseCode:
    assert isinstance(effect, Close)
    return effect.code


# --- subscribe ---


@pytest.mark.parametrize("since", [4, 5, 9])
def test_a_cursor_that_can_be_continued_is_welcome(since: int) -> None:
    client = fresh()
    assert session.receive(client, subscribe(since=since), LOG, NOW) == Welcome()
    assert (client.phase, client.cursor, client.deadline) == (Phase.STREAMING, since, inf)


@pytest.mark.parametrize(
    ("epoch", "since", "reason"),
    [
        ("other", 9, ResyncReason.EPOCH),
        ("", 0, ResyncReason.EPOCH),
        ("e", 10, ResyncReason.AHEAD),
        ("e", 3, ResyncReason.EXPIRED),
        ("e", 0, ResyncReason.EXPIRED),
    ],
)
def test_no_client_is_sent_away_before_a_look_at_the_log(epoch: str, since: int, reason: ResyncReason) -> None:
    client = fresh()
    assert session.receive(client, subscribe(epoch, since), LOG, NOW) == Look()
    assert client.phase is Phase.AWAITING
    assert session.settle(client, LOG, NOW) == Resync(reason)
    assert (client.phase, client.cursor, client.deadline) == (Phase.RESYNCING, None, NOW + 60)


def test_a_client_that_knew_more_than_we_did_is_welcome_after_the_look() -> None:
    client = fresh()
    session.receive(client, subscribe(since=12), LOG, NOW)
    assert session.settle(client, Log("e", 5, 12), NOW) == Welcome()
    assert client.cursor == 12


def test_who_waits_for_a_look_has_subscribed_in_time() -> None:
    client = fresh(beat_at=inf)
    session.receive(client, subscribe(since=12), LOG, NOW)
    assert session.wake(client, NOW + 60, inf) is None
    assert session.settle(client, LOG, NOW + 60) == Resync(ResyncReason.AHEAD)
    assert client.deadline == NOW + 120


def test_settle_without_a_question_says_nothing() -> None:
    assert session.settle(fresh(), LOG, NOW) is None


def test_without_a_workspace_the_client_is_asked_to_come_back() -> None:
    client = fresh()
    assert session.receive(client, subscribe(), None, NOW) == Look()
    assert code(session.settle(client, None, NOW)) == CloseCode.RESTART


def test_after_a_resync_the_client_subscribes_again() -> None:
    client = streaming()
    assert session.interrupt(client, ResyncReason.WORKSPACE, NOW) == Resync(ResyncReason.WORKSPACE)
    assert session.receive(client, subscribe(), LOG, NOW) == Welcome()
    assert client.phase is Phase.STREAMING


def test_subscribing_twice_is_abuse() -> None:
    assert code(session.receive(streaming(), subscribe(), LOG, NOW)) == CloseCode.POLICY


def test_subscribing_again_before_the_answer_is_abuse() -> None:
    client = fresh()
    session.receive(client, subscribe(since=99), LOG, NOW)
    assert code(session.receive(client, subscribe(), LOG, NOW)) == CloseCode.POLICY
    assert session.settle(client, LOG, NOW) is None


@pytest.mark.parametrize("protocol", [0, 2, "1", None])
def test_another_protocol_is_not_served(protocol: Any) -> None:
    assert code(session.receive(fresh(), subscribe(protocol=protocol), LOG, NOW)) == CloseCode.PROTOCOL_NOT_SERVED


@pytest.mark.parametrize(
    ("epoch", "since"), [(None, 1), (7, 1), ("e", None), ("e", "1"), ("e", -1), ("e", 1.0), ("e", True)]
)
def test_a_cursor_has_a_shape(epoch: Any, since: Any) -> None:
    assert code(session.receive(fresh(), subscribe(epoch, since), LOG, NOW)) == CloseCode.PROTOCOL_ERROR


@pytest.mark.parametrize("text", ["", "x", "[]", "1", '"subscribe"', "null", "[" * 5000, "NaN"])
def test_a_message_is_a_json_object(text: str) -> None:
    assert code(session.receive(fresh(), text, LOG, NOW)) == CloseCode.PROTOCOL_ERROR


@pytest.mark.parametrize("text", ["{}", '{"type":"later"}', '{"type":null}', '{"type":["subscribe"]}'])
def test_unknown_types_are_ignored(text: str) -> None:
    assert session.receive(fresh(), text, LOG, NOW) is None


def test_unknown_keys_are_ignored() -> None:
    assert session.receive(fresh(), subscribe(colour="red"), LOG, NOW) == Welcome()


# --- resync ---


@pytest.mark.parametrize("phase", [Phase.AWAITING, Phase.RESYNCING, Phase.CLOSING])
def test_only_a_stream_is_interrupted(phase: Phase) -> None:
    client = fresh()
    client.phase = phase
    assert session.interrupt(client, ResyncReason.EPOCH, NOW) is None


# --- deadlines ---


def test_no_subscribe_in_ten_seconds() -> None:
    client = fresh(beat_at=NOW + 30)
    assert session.next_wake(client) == NOW + 10
    assert session.wake(client, NOW + 9.99, inf) is None
    assert code(session.wake(client, NOW + 10, inf)) == CloseCode.NOT_SUBSCRIBED


def test_no_subscribe_in_a_minute_after_a_resync() -> None:
    client = streaming()
    client.beat_at = inf
    session.interrupt(client, ResyncReason.EXPIRED, NOW)
    assert session.wake(client, NOW + 59.9, inf) is None
    assert code(session.wake(client, NOW + 60, inf)) == CloseCode.NOT_SUBSCRIBED


def test_a_stream_has_no_deadline() -> None:
    client = streaming()
    assert session.next_wake(client) == client.beat_at
    assert session.wake(client, client.beat_at, NOW + 8) == Heartbeat()
    assert session.next_wake(client) == NOW + 8


def test_everybody_gets_heartbeats() -> None:
    client = fresh(beat_at=NOW + 3)
    assert session.wake(client, NOW + 2.9, inf) is None
    assert session.wake(client, NOW + 3, NOW + 8) == Heartbeat()
    assert session.wake(client, NOW + 3.1, inf) is None


def test_three_unanswered_heartbeats() -> None:
    client = streaming()
    for beat in (3, 8, 13):
        assert session.wake(client, NOW + beat, NOW + beat + 5) == Heartbeat()
    assert code(session.wake(client, NOW + 18, inf)) == CloseCode.NO_PONG


def test_one_pong_answers_all_heartbeats_before_it() -> None:
    client = streaming()
    for beat in range(3, 60, 5):
        assert session.wake(client, NOW + beat, NOW + beat + 5) == Heartbeat()
        if beat % 15 == 3:
            assert session.receive(client, '{"type":"pong","seq":9}', LOG, NOW) is None


def test_in_silence_there_is_no_heartbeat_and_none_is_owed() -> None:
    client = streaming()
    assert session.wake(client, NOW + 3, NOW + 8, silent=True) is None
    assert (client.beat_at, client.unanswered) == (NOW + 8, 0)


def test_a_close_is_answered_within_a_second() -> None:
    client = streaming()
    session.close(client, CloseCode.RESTART, "restart", NOW)
    assert session.next_wake(client) == NOW + 1
    assert session.wake(client, NOW + 0.9, inf) is None
    assert session.wake(client, NOW + 1, inf) == Cut()


def test_nobody_is_told_anything_after_a_close() -> None:
    client = fresh()
    session.receive(client, subscribe(since=99), LOG, NOW)
    session.close(client, CloseCode.RESTART, "restart", NOW)
    assert session.settle(client, LOG, NOW) is None


# --- budgets ---


def test_what_a_page_sends_is_within_the_budget() -> None:
    client = fresh()
    for second in range(0, 3600, 5):
        assert session.spend(client, NOW + second, 40, 1) is None


def test_frames_are_budgeted() -> None:
    client = fresh()
    assert session.spend(client, NOW, 0, session.BURST_FRAMES) is None
    assert code(session.spend(client, NOW, 0, 1)) == CloseCode.POLICY


def test_bytes_are_budgeted() -> None:
    client = fresh()
    assert session.spend(client, NOW, session.BURST_BYTES, 0) is None
    assert code(session.spend(client, NOW, 1, 0)) == CloseCode.POLICY


def test_the_budget_comes_back_with_time_and_no_further() -> None:
    client = fresh()
    session.spend(client, NOW, session.BURST_BYTES, session.BURST_FRAMES)
    assert session.spend(client, NOW + 1, session.BYTES_PER_S, session.FRAMES_PER_S) is None
    assert session.spend(client, NOW + 10_000, session.BURST_BYTES, session.BURST_FRAMES) is None
    assert code(session.spend(client, NOW + 10_000, 1, 0)) == CloseCode.POLICY
