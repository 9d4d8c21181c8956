"""Whom a look answers, and what follows from looks that do not succeed; with a random machine beside the rules."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from wsserver.heartbeat import STALL_S
from wsserver.looks import LEAVE_S, STALE_S, Looks

NOW = 100.0


def test_a_look_answers_who_asked_before_it_began() -> None:
    looks: Looks[str] = Looks(NOW)
    looks.ask("early")
    looks.begin(NOW)
    looks.ask("late")
    assert looks.answered() == ["early"]
    assert looks.is_asked
    looks.begin(NOW)
    assert looks.answered() == ["late"]
    assert not looks.is_asked


def test_who_a_failed_look_does_not_answer_waits_for_the_next() -> None:
    looks: Looks[str] = Looks(NOW)
    looks.ask("first")
    looks.begin(NOW)
    looks.ask("second")
    looks.begin(NOW + 1)
    assert looks.answered() == ["first", "second"]


def test_a_look_proves_what_was_there_when_it_began() -> None:
    looks: Looks[str] = Looks(NOW)
    looks.begin(NOW + 1)
    assert looks.age(NOW + 4) == 4
    looks.succeed()
    assert looks.age(NOW + 4) == 3


@pytest.mark.parametrize(
    ("age", "is_stale", "must_leave"),
    [
        (0, False, False),
        (STALE_S, False, False),
        (STALE_S + 0.1, True, False),
        (LEAVE_S, True, False),
        (LEAVE_S + 0.1, True, True),
        (3600, True, True),
    ],
)
def test_limits(age: float, is_stale: bool, must_leave: bool) -> None:
    looks: Looks[str] = Looks(NOW)
    assert looks.is_stale(NOW + age) is is_stale
    assert looks.must_leave(NOW + age, 0) is must_leave


def test_after_a_stall_the_look_comes_first() -> None:
    looks: Looks[str] = Looks(NOW)
    assert not looks.must_leave(NOW + 40, 39)
    looks.begin(NOW + 40)
    assert not looks.must_leave(NOW + 40.05, 0), "it serves many"
    assert looks.is_stale(NOW + 40.05), "and vouches for nothing meanwhile"
    looks.succeed()
    assert not looks.is_stale(NOW + 40.1)
    assert not looks.must_leave(NOW + 40.1, 0)


def test_looks_that_hang_and_fail_do_not_hide_each_other() -> None:
    looks: Looks[str] = Looks(NOW)
    for began in (0, 8, 16):
        looks.begin(NOW + began)
        assert looks.is_stale(NOW + began) is (began > 0)
        looks.fail()
    looks.begin(NOW + 16.2)
    assert looks.must_leave(NOW + 16.3, 0)


def test_a_look_that_never_ends_is_no_look() -> None:
    looks: Looks[str] = Looks(NOW)
    looks.begin(NOW + 7)
    assert not looks.must_leave(NOW + 11, 0)
    assert looks.must_leave(NOW + 12.1, 0)


class LooksMachine(RuleBasedStateMachine):
    """Commits, questions, and looks that take their time, fail or succeed, against the moments themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.looks: Looks[int] = Looks(self.now)
        self.asked_at: dict[int, float] = {}
        self.count = 0
        self.began: float | None = None
        self.last_began, self.has_failed = self.now, False
        self.read_at = self.now  # all that was committed before this moment has been served

    @rule(seconds=st.floats(0, 7))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def somebody_asks(self) -> None:
        self.now += 0.001  # no two things happen at one moment
        self.looks.ask(self.count)
        self.asked_at[self.count] = self.now
        self.count += 1

    @precondition(lambda self: self.began is None)
    @rule()
    def look_begins(self) -> None:
        self.now += 0.001
        self.began = self.last_began = self.now
        self.looks.begin(self.now)

    @precondition(lambda self: self.began is not None)
    @rule(how=st.sampled_from(["fails", "answers", "succeeds", "succeeds"]))
    def look_ends(self, how: str) -> None:
        assert self.began is not None
        if how != "fails":
            answered = self.looks.answered()
            due = [item for item, at in self.asked_at.items() if at < self.began]
            assert answered == due, "everybody who asked before it began, and nobody else"
            for item in answered:
                del self.asked_at[item]
        self.has_failed = how != "succeeds"
        if self.has_failed:
            self.looks.fail()
        else:
            self.looks.succeed()
            self.read_at = self.began
        self.began = None

    @invariant()
    def nobody_is_forgotten(self) -> None:
        assert self.looks.is_asked == bool(self.asked_at)

    @invariant()
    def live_means_read_lately(self) -> None:
        age = self.now - self.read_at
        assert self.looks.is_stale(self.now) == (age > STALE_S)
        is_hopeless = self.has_failed or self.now - self.last_began > STALE_S
        assert self.looks.must_leave(self.now, 0) == (age > LEAVE_S and is_hopeless)
        assert not self.looks.must_leave(self.now, STALL_S)


TestLooks = LooksMachine.TestCase
TestLooks.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
