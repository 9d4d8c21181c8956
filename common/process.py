"""Processes that end together: on Linux the kernel kills a child as soon as its parent is gone."""

import ctypes
import gc
import os
import signal
import sys
from collections.abc import Mapping

SUPERVISOR = "CHORUS_SUPERVISOR"  # environment name: process id of the supervisor; set by the launcher only
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def supervised(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the launcher has started this process: CHORUS_HOME is prepared and locked then."""
    return SUPERVISOR in environ


def die_with_supervisor(environ: Mapping[str, str] = os.environ) -> None:
    """For the servers' first processes: ends with the supervisor. Without one (started plainly) it does nothing."""
    if supervised(environ):
        die_with_parent(int(environ[SUPERVISOR]))


def die_with_parent(parent: int) -> None:
    """SIGKILL for this process when `parent` (a process id) ends, however it ends; at once if it has ended already.

    Call it in the child, after fork and exec, which forget it. The kernel watches the *thread* that forked (prctl(2)):
    fork from the main thread only. Elsewhere than on Linux it does nothing.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the kernel knew
        os.kill(os.getpid(), signal.SIGKILL)


def keep_what_is_loaded() -> None:
    """Called once a server has loaded all it needs: the collector walks none of it again.

    A full collection over 95,000 objects stops every thread for 30-70 ms, perhaps while one of them holds a lock.
    """
    gc.collect()
    gc.freeze()


def adopt_orphans() -> None:
    """From here on this process, not init, becomes the parent of its descendants whose own parent has ended.

    Whoever forks twice to get away is found below it all the same (PR_SET_CHILD_SUBREAPER, prctl(2)).
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
