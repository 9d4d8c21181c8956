"""Days as the server has them: from one midnight of its time zone to the next, with 23 or 25 hours now and then.

A day is a number: how many days its date is after 1970-01-01.
"""

import os
from datetime import date, datetime

_FIRST = date(1970, 1, 1).toordinal()


def day_of(at: int) -> int:
    """The day of a time in ms."""
    return datetime.fromtimestamp(at / 1000).date().toordinal() - _FIRST  # noqa: DTZ006


def begin_of(day: int) -> int:
    """When the day begins, in ms; where its midnight is left out, the first moment after it."""
    midnight = datetime.fromordinal(day + _FIRST)
    return int(midnight.timestamp() * 1000)


def zone_words(at: int) -> str:
    """The server's time zone at a time in ms, for people: `Europe/Berlin, UTC+01:00`."""
    here = datetime.fromtimestamp(at / 1000).astimezone()
    offset = here.strftime("%z")
    told = f"UTC{offset[0].replace('-', '−')}{offset[1:3]}:{offset[3:5]}"
    name = os.environ.get("TZ", "").removeprefix(":")
    name = name if "/" in name and not name.startswith("/") else here.tzname() or ""
    if offset == "+0000" and name in ("", "UTC", "GMT", "Etc/UTC"):
        return "UTC"
    return f"{name}, {told}" if name[:1].isalpha() else told
