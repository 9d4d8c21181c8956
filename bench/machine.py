"""The machine: its cores, its limits, what is said about it beside each number, and the processes started on it."""

import contextlib
import os
import platform
import random
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SERVER_CORE, CLIENT_CORE = 0, 1
START_S, STOP_S = 20.0, 12.0


def prepare() -> None:
    """Raises the limit of open files to the hard limit and moves this process to the generator's core."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {CLIENT_CORE})


def conditions() -> dict[str, object]:
    """What a reader needs to judge a number; `otherLoad` is the share of all cores busy just before, 0..1."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memoryGiB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "gevent": metadata.version("gevent"),
        "openFiles": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "otherLoad": round(_busy_share(0.5), 2),
    }


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _busy_share(seconds: float) -> float:
    def ticks() -> tuple[int, int]:
        fields = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return sum(fields), fields[3] + fields[4]

    total, idle = ticks()
    time.sleep(seconds)
    total_after, idle_after = ticks()
    return 1 - (idle_after - idle) / max(total_after - total, 1)


def free_port() -> int:
    """A port with its successor, both free at this moment on 127.0.0.1 (Chorus uses N and N + 1).

    Outside of the range from which the kernel takes ports for clients: thousands of them may still be closing.
    """
    for port in random.sample(range(10_000, 30_000), 100):
        if _is_free(port) and _is_free(port + 1):
            return port
    raise RuntimeError("no two free ports in a row")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def pinned(argv: Sequence[str], core: int | None) -> list[str]:
    """`argv` run on one core; None leaves it all of them."""
    cores = f"0-{(os.cpu_count() or 1) - 1}" if core is None else str(core)
    return ["taskset", "-c", cores, *argv]


class Process:
    """A server under test in a session of its own, so that it is ended with all its children and nothing else."""

    def __init__(self, argv: Sequence[str], core: int | None, environ: Mapping[str, str] | None = None) -> None:
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by stop()
        self._popen = subprocess.Popen(
            pinned(argv, core),
            cwd=ROOT,
            env={**os.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.pid = self._popen.pid

    def wait_for_port(self, port: int) -> None:
        """Returns when somebody listens there; raises with the process's output when it ends or takes too long."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._popen.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            time.sleep(0.02)
        self._log.seek(0)
        raise RuntimeError(f"nothing listens on port {port}:\n{self._log.read()[-3000:]}")

    def stop(self) -> None:
        """Asks it to end; whatever of its session is still there after a while is killed."""
        mine = descendants(self.pid)
        self._popen.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(STOP_S)
        for pid in mine:
            with contextlib.suppress(ProcessLookupError):
                if os.getsid(pid) == self.pid:
                    os.kill(pid, signal.SIGKILL)
        self._popen.wait()
        self._log.close()


def descendants(pid: int) -> list[int]:
    """`pid` and the processes below it, parents first."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            found += map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
    return found


def listeners(port: int, root: int) -> list[int]:
    """Those of `root`'s descendants that hold the listening socket of this port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")}
    return [pid for pid in descendants(root) if sockets & set(_descriptors(pid))]


def _descriptors(pid: int) -> list[str]:
    try:
        return [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return []


def pin(pid: int, core: int) -> None:
    """Moves a running process, all its threads included, to one core."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), {core})


class CpuMeter:
    """What a server, and everybody else, takes of the server's core between two readings."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._before = self._reading()

    def _reading(self) -> tuple[float, float, float]:
        return time.monotonic(), sum(map(_cpu_s, self._pids)), _core_busy_s(SERVER_CORE)

    def shares(self) -> tuple[float, float]:
        """(the server's share of one core, the share of its core that others took), 0..1; others' make the noise."""
        now, before = self._reading(), self._before
        seconds, server, core = (after - earlier for after, earlier in zip(now, before, strict=True))
        return server / seconds, max(0.0, core - server) / seconds


def _cpu_s(pid: int) -> float:
    """CPU time a process has used, s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _core_busy_s(core: int) -> float:
    line = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith(f"cpu{core} "))
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, line.split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def private_kib(pid: int) -> int:
    """Memory that only this process has, KiB: user space, without what the kernel keeps for its sockets."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A temporary folder with a short path, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="chorus-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
