"""One turn of an agent: its output read to the end, within the limits."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from common.clock import now_ms
from common.output import OutputKind
from runner.limits import Limits, Meter
from runner.process import AgentProcess
from runner.providers import Output
from runner.records import Ending, How, Record

TICK_S = 0.5
EXIT_TIMEOUT_S = 5.0  # of a program that has given its result: some never exit
NOT_EXITED = Record(OutputKind.NOTICE, 0, {"text": "It did not exit after its result, and was ended."})


class Turn:
    """Reads `process` until nothing of it lives. `on_records` gets what was read, `on_tick` is called twice a second.

    `waiting` says whether a child works now. A program that stays after its result is ended; the result counts.
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
        self._finished_at: float | None = None
        self._settled = False

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
            exceeded = meter.exceeded()
            if self._stays(exceeded=exceeded is not None):
                self._settle()
            elif exceeded:
                self.cut(Ending(How.FAILED, exceeded))
        return self._ending()

    def _stays(self, *, exceeded: bool) -> bool:
        """Whether the program has had its time to exit after its result."""
        if not self._output.finished:
            self._finished_at = None
            return False
        self._finished_at = self._finished_at or time.monotonic()
        return exceeded or time.monotonic() - self._finished_at > EXIT_TIMEOUT_S

    def _settle(self) -> None:
        if not self._settled:
            self._settled = True
            self._on_records([replace(NOT_EXITED, at=now_ms())])
            self._process.stop()

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
        if self._settled:
            return self._output.ending(0, now_ms())
        if self._process.why is None:
            return Ending(How.FAILED, "The process that keeps it was ended from outside.")
        return self._output.ending(self._process.code, now_ms())
