from dataclasses import dataclass
from math import inf

import pytest

from wsserver.heartbeat import Deadlines, LoopClock, comeback_ms, interval, spread_ms


def test_loop_time_follows_the_clock() -> None:
    clock = LoopClock(100.0)
    assert clock.advance(100.05, 0.05) == pytest.approx(0.05)
    assert clock.advance(100.95, 0.05) == pytest.approx(0.95)
    assert clock.lag == pytest.approx(0.85)


def test_a_stall_passes_no_time() -> None:
    clock = LoopClock(100.0)
    clock.advance(100.05, 0.05)
    assert clock.advance(140.05, 0.05) == pytest.approx(0.10)
    assert clock.advance(140.10, 0.05) == pytest.approx(0.15)


def test_many_short_stalls_count() -> None:
    clock = LoopClock(0.0)
    for turn in range(1, 11):
        clock.advance(turn * 0.9, 0.05)
    assert clock.now == pytest.approx(9.0)


def test_heartbeats_spread_by_a_tenth() -> None:
    assert interval(5, 0) == pytest.approx(4.5)
    assert interval(5, 0.5) == pytest.approx(5)
    assert interval(5, 1) == pytest.approx(5.5)


def test_a_thousand_clients_come_back_within_two_seconds() -> None:
    assert comeback_ms(700, 1000, 0) == 700
    assert comeback_ms(700, 1000, 0.9999) == 2697


def test_what_all_do_at_once_is_spread_by_their_number() -> None:
    assert [spread_ms(clients) for clients in (0, 1, 2, 1000)] == [0, 0, 2, 1998]
    assert spread_ms(100_000) == 10_000


@dataclass
class Sleeper:
    name: str
    scheduled: float = inf


def test_whoever_is_due_comes_out_in_order() -> None:
    deadlines: Deadlines[Sleeper] = Deadlines()
    early, late, never = Sleeper("early"), Sleeper("late"), Sleeper("never")
    deadlines.set(late, 2)
    deadlines.set(early, 1)
    deadlines.set(never, 9)
    assert list(deadlines.due(0.5)) == []
    assert list(deadlines.due(2)) == [early, late]
    assert list(deadlines.due(2)) == []
    assert len(deadlines) == 1


def test_only_the_last_setting_counts() -> None:
    deadlines: Deadlines[Sleeper] = Deadlines()
    sleeper = Sleeper("moved")
    deadlines.set(sleeper, 5)
    deadlines.set(sleeper, 1)
    assert list(deadlines.due(1)) == [sleeper]
    sleeper.scheduled = inf
    assert list(deadlines.due(9)) == []
