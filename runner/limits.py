"""How long an agent may work and be silent. The time it waits for a child counts for neither. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Seconds, bytes and processes of one run."""

    run_s: int
    idle_s: int
    output_bytes: int
    processes: int


class Meter:
    """Fed with times in s of a clock that only goes forward, and with bytes."""

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._last = now
        self._worked = 0.0
        self._silent = 0.0
        self._bytes = 0

    def tick(self, now: float, *, waiting: bool) -> None:
        """Time has gone by; `waiting`: a child works."""
        if not waiting:
            self._worked += now - self._last
            self._silent += now - self._last
        self._last = now

    def heard(self, size: int) -> None:
        self._silent = 0.0
        self._bytes += size

    def exceeded(self) -> str | None:
        """Which limit is exceeded, as a sentence for people."""
        limits = self._limits
        if self._worked > limits.run_s:
            return f"It worked longer than {limits.run_s} seconds (CHORUS_RUN_SECONDS)."
        if self._silent > limits.idle_s:
            return f"It was silent for more than {limits.idle_s} seconds (CHORUS_RUN_IDLE_SECONDS)."
        if self._bytes > limits.output_bytes:
            return f"It wrote more than {limits.output_bytes} bytes (CHORUS_RUN_OUTPUT_BYTES)."
        return None
