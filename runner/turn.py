"""One turn of an agent: its output read to the end, within the limits."""

import threading
import time
from collections.abc import Callable

from common.clock import now_ms
from common.output import OutputKind
from runner.limits import Limits, Meter
from runner.process import AgentProcess
from runner.providers import Output
from runner.records import Ending, How, Record

TICK_S = 0.5


class Turn:
    """Reads `process` until nothing of it lives. `on_records` gets what was read, `on_tick` is called twice a second.

    `waiting` says whether a child works now.
    """

    def __init__(
        self,
        process: AgentProcess,
        output: Output,
        limits: Limits,
        *,
        waiting: Callable[[], bool],
        on_records: Callable[[list[Record]], None],
        on_tick: Callable[[], None],
    ) -> None:
        self._process = process
        self._output = output
        self._limits = limits
        self._waiting = waiting
        self._on_records = on_records
        self._on_tick = on_tick
        self._lock = threading.Lock()
        self._cut: Ending | None = None

    def cut(self, ending: Ending) -> None:
        """Ends the turn from any thread; the first reason counts."""
        with self._lock:
            self._cut = self._cut or ending
        self._process.stop()

    def read(self) -> Ending:
        meter = Meter(self._limits, time.monotonic())
        for heard in self._process.hear(TICK_S):
            meter.tick(time.monotonic(), waiting=self._waiting())
            if heard.size:
                meter.heard(heard.size)
            elif heard.line is not None:
                self._take(heard.line, error=heard.error)
            else:
                self._on_tick()
            if exceeded := meter.exceeded():
                self.cut(Ending(How.FAILED, exceeded))
        return self._ending()

    def _take(self, line: str, *, error: bool) -> None:
        read = self._output.error_line if error else self._output.line
        if records := read(line, now_ms()):
            self._on_records(records)
        if self._output.verdict is not None:
            self.cut(self._output.verdict)

    def _ending(self) -> Ending:
        if self._process.left:
            text = f"Processes that it has started cannot be ended: {', '.join(map(str, self._process.left))}."
            self._on_records([Record(OutputKind.ERROR, now_ms(), {"text": text})])
        if self._cut is not None:
            return self._cut
        if self._process.why == "processes":
            most = self._limits.processes
            return Ending(How.FAILED, f"It started more than {most} processes (CHORUS_RUN_PROCESSES).")
        if self._process.why is None:
            return Ending(How.FAILED, "The process that keeps it was ended from outside.")
        return self._output.ending(self._process.code, now_ms())
