"""The one place that reads the wall clock for things that are stored or sent."""

import os
import time
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo


def now_ms() -> int:
    """Milliseconds since the Unix epoch, UTC: the unit of every time on the wire."""
    return time.time_ns() // 1_000_000


def local_zone() -> tzinfo:
    """The time zone of this machine, with its changes of clocks where it is known by name or rules."""
    try:
        if name := os.environ.get("TZ", "").removeprefix(":"):
            return ZoneInfo(name)
        with open("/etc/localtime", "rb") as rules:
            return ZoneInfo.from_file(rules)
    except (OSError, ValueError, KeyError):
        return datetime.now().astimezone().tzinfo or ZoneInfo("UTC")
