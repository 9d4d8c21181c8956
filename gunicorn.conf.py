"""The HTTP server under gunicorn: `gunicorn` alone, in this folder, starts it. The launcher starts it just so.

Every gunicorn started in this folder without `-c` reads this file; the sidecar has its own.
"""

import contextlib
import os
import shutil
import socket
import struct
import sys
from pathlib import Path
from typing import Any

from gunicorn import util
from gunicorn.glogging import Logger

from common import record
from common.errors import StartRefused
from common.log import dict_config
from common.process import die_with_parent, die_with_supervisor, keep_what_is_loaded, supervised
from common.queue import RUNNER, bell_path, is_listening, private_folder
from common.security import unreadable
from common.settings import load

STALLED_S = 10  # s without a byte from or to a client in the middle of a request
# How long a thread may keep the interpreter. The one that has the right to write waits for it after each wait for the
# disk: with Python's 5 ms, longer than its transaction takes.
SWITCH_S = 0.001

try:
    _settings = load()
except StartRefused as refusal:
    sys.exit(str(refusal))


class _Logger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """The application logs its requests; gunicorn would prepare a line for each of them that nobody reads."""

    def access(self, *_: Any) -> None:
        pass


wsgi_app = "wsgi:app"
logger_class = _Logger
bind = _settings.address(_settings.port)
worker_class = "gthread"
workers = _settings.web_workers
threads = _settings.web_threads
timeout = 30  # s without a sign of life before a worker is replaced
graceful_timeout = 5  # s for requests under way when stopping
keepalive = 65  # s; longer than a proxy keeps its own connections, so that it never meets a closed one
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190
forwarded_allow_ips = "127.0.0.1,::1"
control_socket_disable = True  # two instances would fight over one socket in the home folder
_memory = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None
worker_tmp_dir = str(_memory) if _memory else None  # a slow disk must not look like a hung worker
logconfig_dict = dict_config(_settings.log_level)


def _refuse(client: Any, *refusal: Any) -> None:
    util.write_nonblock(client, unreadable(*refusal))


util.write_error = _refuse  # gunicorn answers in HTML what its parser refuses, and has no setting for it


def on_starting(_server: Any) -> None:
    die_with_supervisor()
    if not supervised():
        _take_home()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_metrics_folder())
    import webapp  # noqa: F401 - once, before the fork: a worker that was killed is back at once


def _metrics_folder() -> Path:
    """An empty folder for the counters. They are mapped files: on a full disk a new page of one kills the worker."""
    folder = _settings.home / "run"
    if _memory:
        private = private_folder(_settings.home, _memory)
        private.mkdir(mode=0o700, exist_ok=True)
        folder = private if private.stat().st_uid == os.getuid() else folder
    metrics = folder / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)  # of processes that are gone
    metrics.mkdir(mode=0o700)
    return metrics


def _take_home() -> None:
    """The launcher's work, where this server is started plainly. `port` of the workspace has no say then."""
    from core.workspaces.locks import lock_home
    from launcher.home import prepare_home

    try:
        lock_home(_settings.home)  # stays locked: the descriptor is never closed, and the workers inherit it
        prepare_home(_settings, with_runner=is_listening(bell_path(_settings.home, RUNNER)))
    except StartRefused as refusal:
        sys.exit(str(refusal))


def when_ready(server: Any) -> None:
    with contextlib.suppress(OSError):  # only the command line misses it
        record.write(_settings)
    _limit_stalls(server)


def _limit_stalls(server: Any) -> None:
    """A client that stops in the middle of a request must not keep a thread: accepted sockets inherit these limits."""
    limit = struct.pack("ll", STALLED_S, 0)
    for listener in server.LISTENERS:
        if hasattr(socket, "TCP_DEFER_ACCEPT"):  # browsers open connections ahead: accepted, each would hold a thread
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, STALLED_S)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def post_fork(_server: Any, worker: Any) -> None:
    """A worker outliving its arbiter would keep the port."""
    die_with_parent(worker.ppid)


def post_worker_init(_worker: Any) -> None:
    sys.setswitchinterval(SWITCH_S)
    keep_what_is_loaded()


def child_exit(_server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess  # reads PROMETHEUS_MULTIPROC_DIR when imported

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(_server: Any) -> None:
    metrics = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    shutil.rmtree(metrics, ignore_errors=True)
    with contextlib.suppress(OSError):  # `run`, which is not empty
        metrics.parent.rmdir()
