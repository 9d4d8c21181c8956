"""What a follower does with each message."""

import json
from typing import Any

import pytest

from cli.following import Do, Following, farewell, may_return, parts, receive, task_of, wait_s

LIVE = Following("e", 5, live=True)


def event(seq: int, kind: str = "task_updated") -> dict[str, Any]:
    return {"type": kind, "seq": seq, "at": 1, "data": {"id": "t"}}


def test_welcome_makes_it_live() -> None:
    state, do, _ = receive(Following("e", 5), {"type": "welcome", "heartbeatMs": 2000, "spreadMs": 300})
    assert (state.live, state.heartbeat_s, state.spread_s, do) == (True, 2.0, 0.3, Do.READ)


@pytest.mark.parametrize(
    ("given", "resync_s", "bye_s"),
    [(1500, 1.5, 1.5), (0, 0, 0), (None, 0, 0), (-1, 0, 0), ("soon", 0, 0), (1e12, 30, 60)],
)
def test_the_server_says_when_within_reason(given: object, resync_s: float, bye_s: float) -> None:
    assert receive(LIVE, {"type": "resync", "reason": "epoch", "delayMs": given}).delay_s == resync_s
    assert receive(LIVE, {"type": "bye", "reason": "restart", "delayMs": given}).delay_s == bye_s
    assert receive(LIVE, {"type": "heartbeat", "seq": 5, "spreadMs": given}).state.spread_s == resync_s


def test_why_the_server_says_bye() -> None:
    assert farewell({"type": "bye", "reason": "restart"}) == "the server restarts"
    assert farewell({"type": "bye", "reason": "of the future"}) == "the server restarts"
    stale = {"type": "bye", "reason": "stale", "detail": "The log has not been read for 12 s."}
    assert farewell(stale) == "the server cannot read the board. The log has not been read for 12 s."


@pytest.mark.parametrize(
    ("message", "cursor", "do"),
    [
        (event(6), 6, Do.SHOW),
        (event(5), 5, Do.READ),
        (event(8), 5, Do.RECONNECT),
        (event(6, "reset"), 6, Do.RESTART),
        ({"type": "heartbeat", "seq": 5}, 5, Do.READ),
        ({"type": "heartbeat", "seq": 6}, 5, Do.RECONNECT),
        ({"type": "resync", "reason": "epoch"}, 5, Do.SNAPSHOT),
        ({"type": "bye", "delayMs": 700}, 5, Do.LEAVE),
        ({"type": "from the future"}, 5, Do.READ),
    ],
)
def test_messages_while_live(message: dict[str, Any], cursor: int, do: Do) -> None:
    state, done, _ = receive(LIVE, message)
    assert (state.cursor, done) == (cursor, do)
    assert state.live == (do in (Do.SHOW, Do.READ))


def test_second_gap_in_a_row_takes_a_snapshot() -> None:
    state, first, _ = receive(LIVE, event(8))
    state = receive(state, {"type": "welcome", "heartbeatMs": 2000}).state
    second = receive(state, event(8)).do
    assert (first, second) == (Do.RECONNECT, Do.RESTART)


def test_gap_is_forgotten_after_an_event() -> None:
    state = receive(LIVE, event(8)).state
    state = receive(state, {"type": "welcome", "heartbeatMs": 2000}).state
    state = receive(state, event(6)).state
    assert receive(state, event(9)).do is Do.RECONNECT


def test_nothing_counts_before_welcome() -> None:
    assert receive(Following("e", 5), event(6)) == (Following("e", 5), Do.READ, 0)
    assert receive(Following("e", 5), {"type": "heartbeat", "seq": None}).do is Do.READ


def test_what_it_sends() -> None:
    assert json.loads(LIVE.subscribe()) == {"type": "subscribe", "protocol": 1, "epoch": "e", "since": 5}
    assert json.loads(LIVE.pong())["seq"] == 5
    assert json.loads(LIVE.cut().pong())["seq"] is None


def test_waits_and_close_codes() -> None:
    assert [wait_s(0, 0), wait_s(7, 1)] == [0.3, 1.0]
    assert wait_s(50, 1) == 20
    assert may_return(1006)
    assert may_return(4401)
    assert not may_return(4506)


def test_parts_of_events() -> None:
    whole = {"type": "transaction", "data": [event(1), {"type": "queue_changed", "data": {"taskId": "q"}}]}
    assert [task_of(part) for part in parts(whole)] == ["t", "q"]
    assert [task_of(part) for part in parts({"type": "tasks_changed", "data": [{"id": "a"}, {"id": "b"}]})] == [
        "a",
        "b",
    ]
    assert task_of({"type": "tasks_changed", "data": []}) is None
