"""What a test may leave behind: nothing. Compares threads, descriptors, children and greenlets."""

import gc
import os
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

SETTLE_S = 3.0  # daemons of a closed server may need a moment
_HARMLESS = ("/dev/null", "/dev/urandom", "/dev/random")


class Held(NamedTuple):
    """Everything this process holds, each thing as something comparable and readable."""

    threads: frozenset[str]
    descriptors: frozenset[str]
    children: frozenset[str]
    greenlets: frozenset[str]

    def beyond(self, before: "Held") -> list[str]:
        """What is held now and was not before."""
        return sorted(
            f"{kind}: {thing}" for kind in Held._fields for thing in getattr(self, kind) - getattr(before, kind)
        )


def held() -> Held:
    return Held(
        frozenset(f"{thread.name} ({thread.ident})" for thread in threading.enumerate()),
        frozenset(_descriptors()),
        frozenset(_children()),
        frozenset(_greenlets()),
    )


def _descriptors() -> list[str]:
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue  # the descriptor of the listing itself
        if target not in _HARMLESS:
            found.append(f"{name} -> {target}")
    return found


def _children() -> list[str]:
    tasks = Path("/proc/self/task").iterdir()
    pids = {pid for task in tasks for pid in _read(task / "children").split()}
    return [f"{pid} {_read(Path('/proc', pid, 'cmdline')).replace(chr(0), ' ')}" for pid in pids]


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _greenlets() -> list[str]:
    """Greenlets under way; none unless a test has imported greenlet."""
    module = sys.modules.get("greenlet")
    if module is None:
        return []
    kind = module.greenlet
    # issubclass(type(…)): isinstance would ask dead weak references for their class
    found = [thing for thing in gc.get_objects() if issubclass(type(thing), kind)]
    return [repr(thing) for thing in found if thing and thing.parent is not None]


def left_behind(before: Held, settle_s: float = SETTLE_S) -> list[str]:
    """What has come and not gone since `before`, after at most `settle_s` seconds of waiting for it to go."""
    deadline = time.monotonic() + settle_s
    while True:
        if not (left := held().beyond(before)):
            return []
        gc.collect()
        if time.monotonic() > deadline:
            return left
        time.sleep(0.02)
