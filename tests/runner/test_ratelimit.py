"""Limits told in words: which texts are such notices, and until when they hold."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.providers import ratelimit

SUNDAY = "2025-11-02T23:00"  # UTC; in New York clocks went back that morning
BERLIN = ZoneInfo("Europe/Berlin")


def ms(moment: str, zone: ZoneInfo | None = None) -> int:
    return int(datetime.fromisoformat(moment).replace(tzinfo=zone or UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("You've hit your session limit · resets 1:10am (UTC)", "2025-11-03T01:10"),
        ("You've hit your limit · resets 11:30pm (Europe/Berlin)", "2025-11-03T22:30"),
        ("You're out of extra usage · resets 9pm (Europe/Berlin)", "2025-11-03T20:00"),
        ("You're out of extra usage · resets 11:30am (Asia/Colombo)", "2025-11-03T06:00"),
        ("You've reached your weekly limit · resets Mon 9am", "2025-11-03T08:00"),
        ("Weekly limit reached ∙ resets Sunday at 9:30 PM", "2025-11-09T20:30"),
        ("You've hit your limit · resets Nov 3, 4pm (America/New_York)", "2025-11-03T21:00"),
        ("You've hit your limit · resets Nov 15 at 12pm (Europe/London)", "2025-11-15T12:00"),
        ("You've hit your Opus limit · resets 3 Nov 4pm (Europe/Berlin)", "2025-11-03T15:00"),
        ("Weekly limit reached ∙ resets 4pm on Nov 3 (America/New_York)", "2025-11-03T21:00"),
        ("usage limit reached, resets Monday, Nov 3 at 15:00 CET", "2025-11-03T14:00"),
        ("You've hit your usage limit. … try again at Nov 11th, 2025 12:27 AM.", "2025-11-10T23:27"),
        ("Claude AI usage limit reached|1762200000", "2025-11-03T20:00"),
        ("Claude AI usage limit reached|1762200000000", "2025-11-03T20:00"),
        ("5-hour limit reached ∙ resets 5:30am", "2025-11-03T04:30"),
        ("Claude usage limit reached. Your limit will reset at 1pm (Etc/GMT+5).", "2025-11-03T18:00"),
        ("Limit reached · resets 5pm (Etc/Unknown) · /upgrade to Max\n   Opening your options…", "2025-11-03T16:00"),
        (
            "You have reached your API usage limits. You will regain access on 2025-12-01 at 00:00 UTC.",
            "2025-12-01T00:00",
        ),
        ("Rate limit exceeded. Resets 2025-11-03T04:00:00.000Z", "2025-11-03T04:00"),
        ("Rate limit exceeded, retry after 2025-11-03 05:00:00+02:00", "2025-11-03T03:00"),
        ("Rate limit reached. Please try again in 3h 20m", "2025-11-03T02:20"),
        ("Too many requests, retry after 30 seconds", "2025-11-02T23:00:30"),
        ("Quota exceeded. Please retry in 36.5s.", "2025-11-02T23:00:36.500"),
        ("You've used up your usage limit; try again in about an hour", "2025-11-03T00:00"),
        ("Daily limit reached, resets in 1 day and 2 hours", "2025-11-04T01:00"),
        ("429: Rate limit exceeded. Retry-After: 120", "2025-11-02T23:02"),
        ("You've hit your limit · resets 7am (UTC+02:00)", "2025-11-03T05:00"),
        ("You've hit your limit · resets 9am PST", "2025-11-03T17:00"),
        ("You've hit your limit · resets tomorrow at noon (UTC)", "2025-11-03T12:00"),
        ("You've hit your limit · resets midnight UTC", "2025-11-03T00:00"),
        ("You've hit your limit · resets 1:10\u202fAM (Asia/Calcutta)", "2025-11-03T19:40"),
    ],
)
def test_notices_name_their_end(text: str, ends: str) -> None:
    """A time without a zone is one of the machine, here in Berlin."""
    assert ratelimit.is_notice(text)
    assert ratelimit.resets_at(text, ms(SUNDAY), BERLIN) == ms(ends)


@pytest.mark.parametrize(
    "text",
    [
        "You've hit your session limit",
        "API Error: Request rejected (429) · Token Plan usage limit reached",
        "Rate limit reached, please try again in a moment.",
        "You are being rate limited.",
        "Your organization has exceeded its monthly usage limit.",
        "You've exceeded your account's rate limit.",
        "Usage limit for Opus reached.",
        "Limit reached · resets at 25:99",
        "Limit reached · resets Feb 30 at 3pm",
    ],
)
def test_notices_without_an_end(text: str) -> None:
    assert ratelimit.is_notice(text)
    assert ratelimit.resets_at(text, ms(SUNDAY), UTC) is None


@pytest.mark.parametrize(
    "text",
    [
        "The rate limit resets at 9pm; I noted it.",
        "Rate limit exceeded handling is implemented and tested.",
        "I hit the usage limit.",
        "You've used 90% of your session limit · resets 1:10am (UTC)",
        "I hit the usage limit branch with a test.",
        "You've reached the rate limit section of the docs.",
        "The API allows 100 requests a minute; above it answers 429 with Retry-After: 30.",
        "Done.",
        "",
        "Usage limit reached. " + "I have described in detail what happens then. " * 20,
    ],
)
def test_prose_is_no_notice(text: str) -> None:
    assert not ratelimit.is_notice(text)


@pytest.mark.parametrize(
    ("text", "is_bare"),
    [
        ("You've hit your session limit · resets 1:10am (UTC)", True),
        ("Limit reached · resets 5pm (UTC) · /upgrade to Max", True),
        ("Usage limit reached|1762200000", True),
        ("Usage limit reached|1762200000 is parsed now.", False),
        ("Rate limit reached: try again in 20s is what the page says now.", False),
        ("You've hit your session limit", False),
    ],
)
def test_an_agent_that_tells_of_a_limit_goes_on_in_its_own_words(text: str, is_bare: bool) -> None:
    assert ratelimit.is_bare_notice(text, ms(SUNDAY), UTC) == is_bare


@pytest.mark.parametrize(
    ("now", "zone", "text", "ends"),
    [
        # clocks go forward on 30 March 2025 at 2:00 in Berlin, and back on 26 October at 3:00
        ("2025-03-29T22:00", "Europe/Berlin", "resets 9am (Europe/Berlin)", "2025-03-30T07:00"),
        ("2025-03-29T07:30", "Europe/Berlin", "resets 8am (Europe/Berlin)", "2025-03-30T06:00"),
        ("2025-03-30T00:30", "Europe/Berlin", "resets 2:30am (Europe/Berlin)", "2025-03-30T01:30"),
        ("2025-10-25T22:00", "Europe/Berlin", "resets 9am (Europe/Berlin)", "2025-10-26T08:00"),
        ("2025-10-26T00:15", "Europe/Berlin", "resets 2:30am", "2025-10-26T00:30"),
        ("2025-10-26T00:45", "Europe/Berlin", "resets 2:30am", "2025-10-26T01:30"),
        ("2025-11-02T05:00", "America/New_York", "resets Nov 3, 4pm", "2025-11-03T21:00"),
        ("2025-11-02T05:00", "UTC", "resets Nov 2, 4pm (America/New_York)", "2025-11-02T21:00"),
        # over the ends of days, weeks and years
        ("2025-12-31T23:30", "UTC", "resets 12:15am (UTC)", "2026-01-01T00:15"),
        ("2025-12-30T10:00", "UTC", "resets Jan 2 at 3pm", "2026-01-02T15:00"),
        ("2026-01-01T00:05", "UTC", "resets Dec 31 at 11pm", "2025-12-31T23:00"),
        ("2025-11-03T10:00", "UTC", "resets Mon 9am", "2025-11-10T09:00"),
        ("2025-11-03T23:30", "Asia/Tokyo", "resets 9am", "2025-11-04T00:00"),
        # just passed: the provider is a little late, not a day
        ("2025-11-03T09:04", "UTC", "resets 9am", "2025-11-03T09:00"),
        ("2025-11-03T09:30", "UTC", "resets 9am", "2025-11-04T09:00"),
    ],
)
def test_calendars(now: str, zone: str, text: str, ends: str) -> None:
    assert ratelimit.resets_at(text, ms(now), ZoneInfo(zone)) == ms(ends)


@pytest.mark.parametrize(
    ("header", "wait_ms"),
    [
        ("120", 120_000),
        ("1.5", 1_500),
        ("Sun, 02 Nov 2025 23:02:00 GMT", 120_000),
        ("Sun, 02 Nov 2025 22:00:00 GMT", 0),
        ("soon", None),
        (None, None),
        ("", None),
    ],
)
def test_header(header: str | None, wait_ms: int | None) -> None:
    assert ratelimit.header_wait_ms(header, ms(SUNDAY)) == wait_ms


@settings(deadline=None)
@given(text=st.text(st.sampled_from("resets at 0123456789:/-+apm()|UTCNovMon, in hds"), max_size=60) | st.text())
def test_no_text_is_too_odd(text: str) -> None:
    ratelimit.is_notice(text)
    ratelimit.is_bare_notice(text, ms(SUNDAY), BERLIN)
    ends = ratelimit.resets_at(f"limit reached, resets {text}", ms(SUNDAY), BERLIN)
    assert ends is None or isinstance(ends, int)


@settings(deadline=None)
@given(
    now=st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - in UTC below
    hour=st.integers(1, 12),
    minute=st.integers(0, 59),
    half=st.sampled_from(["am", "pm"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_a_time_of_day_is_the_next_one(now: datetime, hour: int, minute: int, half: str, zone: str) -> None:
    at = int(now.replace(tzinfo=UTC).timestamp() * 1000)
    ends = ratelimit.resets_at(f"limit reached · resets {hour}:{minute:02}{half} ({zone})", at, UTC)
    assert ends is not None
    assert -10 * 60_000 <= ends - at <= 25 * 3_600_000
    shown = datetime.fromtimestamp(ends / 1000, ZoneInfo(zone))
    named = (hour % 12 + (12 if half == "pm" else 0), minute)
    assert (shown.hour, shown.minute) == named or shown.utcoffset() != datetime.fromtimestamp(
        ends / 1000 - 7_200, ZoneInfo(zone)
    ).utcoffset(), "or it is in the hour that clocks pass over"
