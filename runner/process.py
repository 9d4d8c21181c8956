"""An agent's program from the runner's side: started through its keeper, read as lines, ended as a tree."""

import contextlib
import errno
import json
import logging
import os
import select
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from common import proctree
from common.settings import ROOT
from core.board.recovery import RUN_MARK

LONGEST_LINE = 8 * 1024 * 1024
CHUNK = 256 * 1024
STOPPED_S = 5.0
PATIENCE_S = 3.0  # with a keeper that was told to end its tree: it needs 2 s, unless somebody has stopped it
START_TIMEOUT_S = 30.0
REST_TIMEOUT_S = 5.0
# Of starting a program: it may go a moment later.
PASSING = frozenset(
    {errno.EAGAIN, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.ESTALE, errno.ETXTBSY}
)
log = logging.getLogger("chorus.runner")


class CannotStart(Exception):
    """The text says why, for people."""


@dataclass(frozen=True)
class Command:
    """`argv[0]` is a path; `stdin` a file; `processes` how many may live at once."""

    argv: list[str]
    environ: dict[str, str]
    folder: Path
    stdin: Path
    processes: int


class Heard(NamedTuple):
    """A line of output, or the size in bytes of what has just come, or neither: time has gone by."""

    line: str | None = None
    error: bool = False
    size: int = 0


class AgentProcess:
    """One living tree. `hear` must be read to its end; `stop` may be called from any thread."""

    _keepers: ClassVar[set[int]] = set()  # so that orphans of a killed keeper are told from keepers
    _guard: ClassVar[threading.Lock] = threading.Lock()
    _sweeping: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, run_id: str, command: Command) -> None:
        """Raises CannotStart; OSError where the system could not start it just now."""
        self._mark = f"{RUN_MARK}={run_id}"
        self.code: int | None = None
        self.why: str | None = None  # exited, told, processes; None: the keeper was killed
        self.left: list[int] = []  # processes that could not be ended
        self._status, status = os.pipe()
        try:
            self._keeper = self._start_keeper(status)
        except OSError:
            os.close(self._status)
            raise
        finally:
            os.close(status)
        self._life = threading.Lock()
        self._told_at: float | None = None
        self._send_spec(command, status)
        self.processes = self._await_start()

    def _start_keeper(self, status: int) -> subprocess.Popen[bytes]:
        with self._guard:
            keeper = subprocess.Popen(
                [sys.executable, "-S", "-m", "runner.keeper"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(status,),
                start_new_session=True,
            )
            self._keepers.add(keeper.pid)
        return keeper

    def _send_spec(self, command: Command, status: int) -> None:
        assert self._keeper.stdin is not None
        spec = {
            "argv": command.argv,
            "env": command.environ,
            "cwd": str(command.folder),
            "stdin": str(command.stdin),
            "processes": command.processes,
            "status": status,
        }
        with contextlib.suppress(BrokenPipeError):
            self._keeper.stdin.write(json.dumps(spec).encode() + b"\n")
            self._keeper.stdin.flush()

    def _await_start(self) -> list[tuple[int, str]]:
        """The ledger's entries: the keeper and the program."""
        said = self._read_first_status()
        if "pid" in said:
            pids = (self._keeper.pid, said["pid"])
            return [(pid, started) for pid in pids if (started := proctree.identity(pid))]
        self.processes = []
        self.close()
        why = said.get("failed", "its keeper ended")
        if said.get("errno") in PASSING:
            raise OSError(said["errno"], why)
        raise CannotStart(f"The program could not be started: {why}.")

    def _read_first_status(self) -> dict[str, Any]:
        ready = select.poll()  # no descriptor of its own: they may be what is short
        ready.register(self._status, select.POLLIN)
        if not ready.poll(START_TIMEOUT_S * 1000):
            return {"failed": f"it did not start within {START_TIMEOUT_S:.0f} seconds"}
        return self._read_status()

    def _read_status(self) -> dict[str, Any]:
        line = b""
        while not line.endswith(b"\n") and (more := os.read(self._status, 1)):
            line += more
        said: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {}
        return said

    def hear(self, tick_s: float) -> Iterator[Heard]:
        """What comes, and nothing at least every `tick_s`, until the whole tree is gone."""
        assert self._keeper.stdout is not None
        assert self._keeper.stderr is not None
        with selectors.PollSelector() as selector:
            for pipe, error in ((self._keeper.stdout, False), (self._keeper.stderr, True)):
                selector.register(pipe, selectors.EVENT_READ, _Splitter(error=error))
            selector.register(self._status, selectors.EVENT_READ, None)
            while not self._is_over(selector):
                for key, _ in selector.select(tick_s):
                    if key.data is not None:
                        yield from _take(selector, key)
                self._lose_patience()
                yield Heard()
            yield from _rest(selector)

    def _is_over(self, selector: selectors.BaseSelector) -> bool:
        """Whether the keeper has said its last word, or is gone without."""
        ready = [key for key, _ in selector.select(0) if key.data is None]
        if not ready:
            return False
        said = self._read_status()
        self.code, self.why = said.get("ended"), said.get("why")
        self.left = said.get("left", [])
        if not said:
            self._end_without_keeper()
        if self.left:
            log.error("processes of a run cannot be ended: %s", self.left)
        selector.unregister(self._status)
        return True

    def _lose_patience(self) -> None:
        if self._told_at is not None and time.monotonic() - self._told_at > PATIENCE_S:
            self._keeper.kill()

    def _end_without_keeper(self) -> None:
        roots = [pid for pid, started in self.processes if proctree.is_alive(pid, started)]
        self.left = proctree.kill(roots, [self._mark], STOPPED_S)
        self.end_strangers(STOPPED_S)

    def stop(self) -> None:
        """Ends the tree: SIGTERM, then SIGKILL. Returns at once; `hear` ends when all of it is gone."""
        with self._life, contextlib.suppress(OSError, ValueError):
            assert self._keeper.stdin is not None
            self._told_at = self._told_at or time.monotonic()
            self._keeper.stdin.close()

    def close(self) -> None:
        """Wait for the keeper, a bounded time, and let go of everything."""
        self.stop()
        if not self._has_ended():
            self._keeper.kill()
            if self._has_ended():
                self._end_without_keeper()
            else:
                log.error("the keeper %d cannot be ended", self._keeper.pid)
        for pipe in (self._keeper.stdout, self._keeper.stderr):
            if pipe is not None:
                pipe.close()
        os.close(self._status)

    def _has_ended(self) -> bool:
        try:
            self._keeper.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            return False
        with self._guard:
            self._keepers.discard(self._keeper.pid)
        return True

    @classmethod
    def end_strangers(cls, seconds: float = 0.0) -> None:
        """Kill what has become this process's child without being a keeper: orphans of a keeper that has gone.

        Waits for their ends so long. Meanwhile programs can be started; who only looks in does not wait for others.
        """
        if not cls._sweeping.acquire(timeout=seconds):
            return
        try:
            with cls._guard:
                strangers = [pid for pid in proctree.children(os.getpid()) if pid not in cls._keepers]
            proctree.kill(strangers, [], seconds)
            for pid in strangers:
                with contextlib.suppress(OSError):
                    os.waitpid(pid, os.WNOHANG)
        finally:
            cls._sweeping.release()


class _Splitter:
    """Bytes to lines. A line that does not end is cut: what reads it will find it garbled."""

    def __init__(self, *, error: bool) -> None:
        self.error = error
        self._rest = b""

    def feed(self, raw: bytes) -> Iterator[Heard]:
        *lines, self._rest = (self._rest + raw).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines, self._rest = [*lines, self._rest], b""
        yield Heard(size=len(raw))
        for line in lines:
            yield Heard(line.decode(errors="replace"), self.error)

    def end(self) -> Iterator[Heard]:
        if self._rest:
            yield Heard(self._rest.decode(errors="replace"), self.error)


def _take(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> Iterator[Heard]:
    raw = os.read(key.fd, CHUNK)
    if raw:
        yield from key.data.feed(raw)
    else:
        yield from key.data.end()
        selector.unregister(key.fileobj)


def _rest(selector: selectors.BaseSelector) -> Iterator[Heard]:
    """What is left in the pipes: nobody writes to them any more, but for processes that cannot be ended."""
    deadline = time.monotonic() + REST_TIMEOUT_S
    while (ready := selector.select(0)) and time.monotonic() < deadline:
        for key, _ in ready:
            yield from _take(selector, key)
