"""The keeper of one run: `python -m runner.keeper`, the parent of the agent's program and of all that it starts.

The kernel gives it every orphan below it, so that nobody gets away by forking twice or by a session of their own. It
reads one line of JSON from stdin: `{"argv", "env", "cwd", "stdin", "processes", "status"}` (`stdin` is a file, `status`
the descriptor it writes to). After that line stdin is its life line: a byte, or its end (the runner is gone, however it
went), ends the tree. On `status` it writes lines of JSON: `{"pid"}` or `{"failed", "errno"}` (a sentence), and last
`{"ended", "why", "left"}`: the exit status of the program (negative: a signal), once nothing below it lives; `left` are
processes that even SIGKILL does not end, such as one that waits for a dead disk or belongs to another user.

It imports little: there is one for each run.
"""

import contextlib
import json
import os
import select
import signal
import time
from typing import Any

from common import proctree
from common.process import adopt_orphans, die_with_parent

GRACE_S = 2.0  # from SIGTERM to SIGKILL
KILL_TIMEOUT_S = 5.0
LOOK_EVERY_S = 0.3
CANNOT_START = 127


class Keeper:
    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self._status = spec["status"]
        self._wake, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_inheritable(self._status, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        self._code: int | None = None
        self._pid = 0

    def run(self) -> None:
        adopt_orphans()
        self._pid = self._fork()
        for descriptor in (1, 2):  # the pipes are the agent's alone, so that their end is its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
        if (problem := self._exec_problem()) is not None:
            os.waitpid(self._pid, 0)
            return self._tell(failed=os.strerror(problem), errno=problem)
        self._tell(pid=self._pid)
        why = self._watch()
        left = self._end(gently=why != "processes")
        self._tell(ended=self._code, why=why, left=left)

    def _fork(self) -> int:
        self._problem, problem = os.pipe()
        keeper = os.getpid()
        pid = os.fork()
        if pid:
            os.close(problem)
            return pid
        try:
            _become_agent(self._spec, keeper)
        except OSError as error:
            os.write(problem, str(error.errno).encode())
        finally:
            os._exit(CANNOT_START)

    def _exec_problem(self) -> int | None:
        """Return the errno of a program that could not be started; the pipe closes by itself when it was."""
        said = os.read(self._problem, 1_000).decode()
        os.close(self._problem)
        return int(said) if said else None

    def _watch(self) -> str:
        """Returns why the tree must end: exited, told, or processes (too many)."""
        while True:
            ready, _, _ = select.select([0, self._wake], [], [], LOOK_EVERY_S)
            if self._reap():
                return "exited"
            if 0 in ready:
                return "told"
            if self._wake in ready and signal.SIGTERM in os.read(self._wake, 4_096):
                return "told"
            if len(proctree.descendants(os.getpid())) > self._spec["processes"]:
                return "processes"

    def _reap(self) -> bool:
        """Takes leave of the dead; whether the program itself is among them."""
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if found[0] == self._pid:
                    self._code = os.waitstatus_to_exitcode(found[1])
        return self._code is not None

    def _end(self, *, gently: bool) -> list[int]:
        """End the tree; return what cannot be ended."""
        proctree.send(proctree.descendants(os.getpid()), signal.SIGTERM)
        self._wait_for_ends(GRACE_S if gently else 0)
        deadline = time.monotonic() + KILL_TIMEOUT_S
        while (left := proctree.descendants(os.getpid())) and time.monotonic() < deadline:
            proctree.send(left, signal.SIGKILL)
            time.sleep(0.001 if not gently else proctree.LOOK_EVERY_S)
            self._reap()
        self._reap()
        return left

    def _wait_for_ends(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and proctree.descendants(os.getpid()):
            time.sleep(proctree.LOOK_EVERY_S)
            self._reap()

    def _tell(self, **what: Any) -> None:
        with contextlib.suppress(BrokenPipeError):  # the runner is gone
            os.write(self._status, json.dumps(what).encode() + b"\n")


def _become_agent(spec: dict[str, Any], keeper: int) -> None:
    """In the child: a session of its own, its folder, its input; never returns where the program starts."""
    os.setsid()
    die_with_parent(keeper)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    os.dup2(os.open(spec["stdin"], os.O_RDONLY), 0)
    os.chdir(spec["cwd"])
    os.execve(spec["argv"][0], spec["argv"], spec["env"])


def _first_line() -> bytes:
    """Not a byte more: the rest is the life line."""
    with os.fdopen(0, "rb", buffering=0, closefd=False) as stdin:
        return stdin.readline()


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    Keeper(json.loads(_first_line())).run()
