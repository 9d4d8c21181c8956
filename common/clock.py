"""The one place that reads the wall clock for things that are stored or sent."""

import time


def now_ms() -> int:
    """Milliseconds since the Unix epoch, UTC: the unit of every time on the wire."""
    return time.time_ns() // 1_000_000
