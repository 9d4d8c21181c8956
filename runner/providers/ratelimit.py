"""What providers say of their limits: whether a text is such a notice, and until when it holds. Pure.

Programs tell it in words made for people. A time of day is the next one in its zone; a program that names no zone, or
one that nobody knows, means the zone of its machine.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

Zone = tzinfo
DEFAULT_ZONE: Zone = UTC
LONGEST_NOTICE = 400  # characters: more is prose
JUST_PASSED = timedelta(minutes=10)  # a time of day so little ago is not meant for tomorrow
_PLAUSIBLE = timedelta(days=400)  # a number further away is no time
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
_WEEKDAYS = "mon tue wed thu fri sat sun".split()  # noqa: SIM905
_ABBREVIATED = {
    **dict.fromkeys(("ET", "EST", "EDT", "EASTERN"), "America/New_York"),
    **dict.fromkeys(("CT", "CST", "CDT", "CENTRAL"), "America/Chicago"),
    **dict.fromkeys(("MT", "MST", "MDT", "MOUNTAIN"), "America/Denver"),
    **dict.fromkeys(("PT", "PST", "PDT", "PACIFIC"), "America/Los_Angeles"),
    **dict.fromkeys(("CET", "CEST"), "Europe/Berlin"),
    **dict.fromkeys(("EET", "EEST"), "Europe/Athens"),
    **dict.fromkeys(("WET", "WEST"), "Europe/Lisbon"),
    **dict.fromkeys(("AEST", "AEDT"), "Australia/Sydney"),
    "BST": "Europe/London",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    "KST": "Asia/Seoul",
}
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001}

_SUBJECT = r"(?:limits?|quota|usage|credits?|allowance|cap)"
_SPENT = r"(?:reached|exceeded|hit|exhausted|used up|depleted)"
_WORDS = r"(?:[\w'’-]+\s+){0,5}"
_AFTERWARDS = (
    r"(?=\W*$|\s*[.!|·∙•(,;:—–\n-]|\s+(?:and\s+)?(?:your\s+limit\s+)?(?:will\s+)?"
    r"(?:re-?sets?|until|for|please|try|retry)\b)"
)
_NOTICE = re.compile(
    rf"""\A\W*
    (?:(?:api\s+)?error\b\W*|\(?\d{{3}}\)?\W+|[\w.-]+:\s+|claude(?:\s+(?:ai|code|max|pro|team))?\s+)*
    (?:
        you(?:['’]?ve|\s+have)?\s+(?:{_SPENT}|run\s+out\s+of)\s+{_WORDS}{_SUBJECT}{_AFTERWARDS}
      | (?:your|this|the)\s+{_WORDS}(?:has|have)\s+{_SPENT}\s+{_WORDS}{_SUBJECT}{_AFTERWARDS}
      | you(?:['’]?ve|\s+have)\s+used\s+(?:up|all|100%)\s+{_WORDS}{_SUBJECT}{_AFTERWARDS}
      | you(?:['’]?re|\s+are|\s+have\s+been)\s+(?:being\s+)?rate[- ]limited{_AFTERWARDS}
      | you(?:['’]?re|\s+are)\s+out\s+of\s+(?:[\w-]+\s+){{0,3}}{_SUBJECT}{_AFTERWARDS}
      | (?:{_WORDS}{_SUBJECT}|rate[-_ ]limit)(?:\s+for\s+[\w ]{{1,20}})?\s+(?:has\s+been\s+|was\s+|is\s+)?
        {_SPENT}{_AFTERWARDS}
      | your\s+(?:[\w-]+\s+){{0,3}}limit\s+(?:will\s+)?re-?sets?\b
      | request\s+rejected\s+\(429\)
      | (?:this|your)\s+request\s+would\s+exceed\s+[^.]{{0,40}}limit
      | too\s+many\s+requests{_AFTERWARDS}
    )""",
    re.I | re.X,
)
_LIMIT_WORDS = re.compile(
    r"rate.?limit|usage limit|limit (?:has been )?(?:reached|exceeded)|(?:hit|reached|exceeded) your .*limit|"
    r"(?<!disk )quota|out of (?:\w+ )?usage|too many requests|regain access|overloaded|temporarily limiting requests|"
    r"\b(?:429|529)\b",
    re.I,
)
_UNPAID = re.compile(r"insufficient.(?:quota|balance|funds)|credit balance is too low|billing.hard.limit", re.I)

_CUE = re.compile(
    r"\b(?:re-?set(?:s|ting)?|renew(?:s|ed)?|refresh(?:es)?|retry|again|available|access|back|resumes?|wait|expires?|"
    r"until|lifted)\b(?:[-_ ]?(?:time|after|at|in|on|by|for|is|will be|about|around|approximately)\b|[\s:='\"~·∙•|,])*",
    re.I,
)
_UNIT = r"(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)"
_AMOUNT = rf"(?:\d+(?:\.\d+)?\s*|\b(?:an?|one)\s+){_UNIT}(?![a-z])"
_DURATION = re.compile(rf"{_AMOUNT}(?:(?:\s|,|and\b)*{_AMOUNT})*", re.I)
_PART = re.compile(rf"(\d+(?:\.\d+)?(?=\s*)|\b(?:an?|one)(?=\s))\s*({_UNIT})(?![a-z])", re.I)
_BARE_SECONDS = re.compile(r"(\d{1,6})(?:\.\d+)?(?![\w:/-])(?!\s*[ap]\.?m)", re.I)
_EPOCH = re.compile(r"(?<![\w.-])(\d{13}|\d{10})(?:\.\d+)?(?![\w-])")
_ZONE_AFTER = re.compile(
    r"\s*\(?\s*((?:UTC|GMT)?[+-]\d{1,2}:?(?:\d{2})?(?!\d)|[A-Za-z]+(?:/[\w+-]+)+|[A-Z]{2,5}\b|Z\b|"
    r"(?:Eastern|Central|Mountain|Pacific)\b)",
)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:(?:T|\s+(?:at\s+)?|,\s*)(\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?)?")
_CLOCK = re.compile(
    r"(\d{1,2})(?::(\d{2})(?::\d{2})?)?\s*([ap])\.?m\b\.?|(\d{1,2}):(\d{2})(?::\d{2})?(?!\d)|(midnight|noon)\b", re.I
)
_GAP = r"(?:\s|,|at\b|on\b|@|·)*"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_MONTH = rf"({'|'.join(_MONTHS)})[a-z]*\.?"
_DATE = re.compile(
    rf"(?:(today|tonight|tomorrow)\b|(?:({'|'.join(_WEEKDAYS)})[a-z]*\.?{_GAP})?"
    rf"(?:{_MONTH}\s+{_DAY}(?:,?\s+(\d{{4}}))?(?![\d:])|{_DAY}\s+{_MONTH}(?:,?\s+(\d{{4}}))?)?)",
    re.I,
)
_ONLY_LINKS = re.compile(r"(?:\W|\b(?:and|please|your|the|limit|it|you|will|can)\b)*", re.I)
_ONLY_ADVICE = re.compile(r"[\s.)]*(?:\Z|[·∙•/\n])")


class _Told(NamedTuple):
    """A time that a text names, where its words end, and where the word that announces it begins."""

    at: datetime
    end: int
    cue: int = 0


class _Day(NamedTuple):
    """A date as it was said: one of these, or none."""

    relative: int | None = None  # days from today
    weekday: int | None = None
    month: int | None = None
    day: int | None = None
    year: int | None = None


def is_notice(text: str) -> bool:
    """Whether the text is a notice of a limit and nothing else, as programs give it in place of an answer."""
    return len(text) <= LONGEST_NOTICE and _NOTICE.match(text) is not None


def is_bare_notice(text: str, now: int, zone: Zone) -> bool:
    """Whether a notice is its time and nothing more: an agent that tells of a limit has words of its own."""
    notice = _NOTICE.match(text) if is_notice(text) else None
    told = _told(text, _moment(now, zone), zone) if notice else None
    if notice is None or told is None:
        return False
    between = text[notice.end() : max(told.cue, notice.end())]
    return _ONLY_LINKS.fullmatch(between) is not None and _ONLY_ADVICE.match(text, told.end) is not None


def names_limit(text: str) -> bool:
    """Whether an error speaks of a limit that will pass."""
    return is_notice(text) or _LIMIT_WORDS.search(text) is not None


def names_payment(text: str) -> bool:
    """Whether an error says that money is needed: no wait will help."""
    return _UNPAID.search(text) is not None


def resets_at(text: str, now: int, zone: Zone) -> int | None:
    """The time in ms at which the text says that the limit ends; None: it names none. It may have passed."""
    told = _told(text, _moment(now, zone), zone)
    return None if told is None else int(told.at.timestamp() * 1000)


def header_wait_ms(value: object, now: int) -> int | None:
    """Of a Retry-After header: seconds, or a date. None: it says neither."""
    text = str(value).strip()
    if re.fullmatch(r"\d{1,9}(?:\.\d+)?", text):
        return int(float(text) * 1000)
    try:
        return max(0, int(parsedate_to_datetime(text).timestamp() * 1000) - now)
    except (TypeError, ValueError, OverflowError):
        return None


def _moment(now: int, zone: Zone) -> datetime:
    return datetime.fromtimestamp(now / 1000, zone)


def _told(text: str, now: datetime, zone: Zone) -> _Told | None:
    """The first time that stands after a word that announces one; else any that can be nothing but a time."""
    for cue in _CUE.finditer(text):
        for read in (_iso, _epoch, _relative, _calendar):
            if (told := read(text, cue.end(), now, zone)) is not None:
                return told._replace(cue=cue.start())
    for found in sorted((*_EPOCH.finditer(text), *_ISO.finditer(text)), key=lambda match: match.start()):
        told = _epoch(text, found.start(), now, zone) or _iso(text, found.start(), now, zone)
        if told is not None:
            return told
    return None


def _epoch(text: str, start: int, now: datetime, _zone: Zone) -> _Told | None:
    found = _EPOCH.match(text, start)
    if found is None:
        return None
    seconds = int(found[1]) / (1000 if len(found[1]) == 13 else 1)
    at = datetime.fromtimestamp(seconds, UTC)
    return _Told(at, found.end()) if abs(at - now) < _PLAUSIBLE else None


def _iso(text: str, start: int, now: datetime, zone: Zone) -> _Told | None:
    found = _ISO.match(text, start)
    if found is None:
        return None
    named, end = _zone_after(text, found.end(), zone)
    try:
        at = datetime(*(int(part or 0) for part in found.groups()), tzinfo=named)  # type: ignore[misc,arg-type]
    except ValueError:
        return None
    return _Told(at, end) if abs(at - now) < _PLAUSIBLE else None


def _relative(text: str, start: int, now: datetime, _zone: Zone) -> _Told | None:
    found = _DURATION.match(text, start)
    if found is not None:
        return _Told(now + timedelta(seconds=sum(_seconds(part) for part in _PART.finditer(found[0]))), found.end())
    bare = _BARE_SECONDS.match(text, start) if re.search(r"after\W*\Z", text[:start], re.I) else None
    return None if bare is None else _Told(now + timedelta(seconds=int(bare[1])), bare.end())


def _seconds(part: re.Match[str]) -> float:
    amount = float(part[1]) if part[1][0].isdigit() else 1.0
    unit = part[2].lower()
    return min(amount, 1e6) * _SECONDS["ms" if unit.startswith(("ms", "milli")) else unit[0]]


def _calendar(text: str, start: int, now: datetime, zone: Zone) -> _Told | None:
    """A day, a time of day, or both, in either order."""
    day, at = _day(text, start)
    clock, after = _clock(text, _skip(text, at))
    if clock is None and day == _Day():
        return None
    if day == _Day():
        day, at = _day(text, _skip(text, after))
        after = at if day != _Day() else after
    named, end = _zone_after(text, after if clock is not None else at, zone)
    try:
        moment = _next(day, clock or (0, 0), now.astimezone(named), named)
    except (ValueError, OverflowError):
        return None
    return _Told(moment, end)


def _skip(text: str, at: int) -> int:
    gap = re.compile(_GAP, re.I).match(text, at)
    return gap.end() if gap else at


def _day(text: str, start: int) -> tuple[_Day, int]:
    found = _DATE.match(text, start)
    if found is None or not found[0].strip():
        return _Day(), start
    relative, weekday, month, day, year, day_first, month_second, year_third = found.groups()
    if relative:
        return _Day(relative=int(relative.lower() == "tomorrow")), found.end()
    month, day, year = month or month_second, day or day_first, year or year_third
    if month:
        number = _MONTHS.index(month.lower()) + 1
        return _Day(month=number, day=int(day), year=int(year) if year else None), found.end()
    return _Day(weekday=_WEEKDAYS.index(weekday.lower())), found.end()


def _clock(text: str, start: int) -> tuple[tuple[int, int] | None, int]:
    found = _CLOCK.match(text, start)
    if found is None:
        return None, start
    hour, minute, half, hour_24, minute_24, name = found.groups()
    if name:
        return (12 if name.lower() == "noon" else 0, 0), found.end()
    if half:
        return (int(hour) % 12 + (12 if half.lower() == "p" else 0), int(minute or 0)), found.end()
    return (int(hour_24), int(minute_24)), found.end()


def _zone_after(text: str, at: int, usual: Zone) -> tuple[Zone, int]:
    found = _ZONE_AFTER.match(text, at)
    zone = _zone_named(found[1]) if found else None
    if found is None or (zone is None and "(" not in found[0]):
        return usual, at
    return zone or usual, found.end()


def _zone_named(name: str) -> Zone | None:
    offset = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?", name)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return timezone(timedelta(minutes=minutes if offset[1] == "+" else -minutes)) if minutes < 24 * 60 else None
    if name.upper() in ("UTC", "GMT", "Z"):
        return UTC
    try:
        return ZoneInfo(_ABBREVIATED.get(name.upper(), name)) if "/" in name or name.upper() in _ABBREVIATED else None
    except (OSError, ValueError, KeyError):  # it is no zone, or none that this machine knows
        return None


def _next(day: _Day, clock: tuple[int, int], now: datetime, zone: Zone) -> datetime:
    """The moment that is meant. Raises ValueError, OverflowError."""
    today = now.date()
    if day.month is not None and day.day is not None:
        years = [day.year] if day.year is not None else [today.year - 1, today.year, today.year + 1]
        return min((m for y in years for m in _leaps(y, day.month, day.day, clock, zone)), key=lambda m: abs(m - now))
    if day.relative is not None:
        return _at(today + timedelta(days=day.relative), clock, zone, 0)
    days = (today + timedelta(days=ahead) for ahead in range(9))
    moments = (_at(one, clock, zone, fold) for one in days if day.weekday in (None, one.weekday()) for fold in (0, 1))
    return next(moment for moment in moments if moment > now - JUST_PASSED)


def _leaps(year: int, month: int, day: int, clock: tuple[int, int], zone: Zone) -> Iterator[datetime]:
    """The moment in that year, where it has that day."""
    try:
        yield _at(date(year, month, day), clock, zone, 0)
    except ValueError:
        return


def _at(day: date, clock: tuple[int, int], zone: Zone, fold: int) -> datetime:
    """`fold` 1: the second time in the night when clocks go back."""
    return datetime(day.year, day.month, day.day, *clock, tzinfo=zone, fold=fold).astimezone(UTC)
