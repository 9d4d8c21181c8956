"""The server's days, wherever it stands: each moment belongs to one, and they follow each other without a hole."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.days import begin_of, day_of, zone_words

HOUR_MS = 3_600_000
ZONES = [
    "UTC",
    "America/Los_Angeles",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Pacific/Kiritimati",  # UTC+14
    "Pacific/Pago_Pago",  # UTC-11
    "America/Sao_Paulo",  # its summer once began at midnight, which did not exist
    "America/Havana",  # its summer ends at one, so midnight comes twice
    "Australia/Lord_Howe",  # half an hour
    "EST5EDT",
    "<-03>3",
]


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def ms(text: str) -> int:
    """A time as the server's clock shows it."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def test_days_follow_each_other(zone: str) -> None:
    for year in (1999, 2017, 2026):
        first = day_of(int(datetime(year, 1, 1, 12, tzinfo=UTC).timestamp() * 1000))
        for day in range(first, first + 366):
            begin, end = begin_of(day), begin_of(day + 1)
            assert 22 * HOUR_MS < end - begin < 26 * HOUR_MS, (zone, day)
            assert (day_of(begin - 1), day_of(begin), day_of(end - 1), day_of(end)) == (day - 1, day, day, day + 1)


@given(st.integers(0, 4_000_000_000_000))
def test_each_moment_is_in_its_day(at: int) -> None:
    assert begin_of(day_of(at)) <= at < begin_of(day_of(at) + 1)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/Berlin"], indirect=True)
def test_a_day_is_the_one_on_the_wall(zone: str) -> None:
    evening = ms("2026-03-01T22:00")
    assert day_of(evening) == day_of(ms("2026-03-01T00:00")) == day_of(ms("2026-03-02T00:00")) - 1
    assert timedelta(days=day_of(evening)) == date(2026, 3, 1) - date(1970, 1, 1)
    change = {"America/Los_Angeles": ("2026-03-08", "2026-11-01"), "Europe/Berlin": ("2026-03-29", "2026-10-25")}[zone]
    lengths = [begin_of(day_of(ms(f"{day}T12:00")) + 1) - begin_of(day_of(ms(f"{day}T12:00"))) for day in change]
    assert lengths == [23 * HOUR_MS, 25 * HOUR_MS]


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("UTC", "UTC"),
        ("America/Los_Angeles", "America/Los_Angeles, UTC−08:00"),
        ("Asia/Kolkata", "Asia/Kolkata, UTC+05:30"),
        (":Europe/Berlin", "Europe/Berlin, UTC+01:00"),
        ("EST5EDT", "EST, UTC−05:00"),
        ("<-03>3", "UTC−03:00"),
    ],
    indirect=["zone"],
)
def test_the_zone_is_told_in_words(zone: str, words: str) -> None:
    assert zone_words(ms("2026-01-15T12:00")) == words
