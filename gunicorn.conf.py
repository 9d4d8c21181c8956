"""The HTTP server under gunicorn: `gunicorn` alone, in this folder, starts it. The launcher starts it just so.

Every gunicorn started in this folder without `-c` reads this file; the sidecar has its own.
"""

import os
import shutil
import socket
import struct
import sys
from typing import Any

from gunicorn.glogging import Logger

from common.errors import StartRefused
from common.log import dict_config
from common.process import die_with_parent, die_with_supervisor, supervised
from common.settings import load

STALLED_S = 10  # s without a byte from or to a client in the middle of a request

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
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a slow disk must not look like a hung worker
logconfig_dict = dict_config(_settings.log_level)

_metrics = _settings.home / "run" / "metrics"
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_metrics)


def on_starting(_server: Any) -> None:
    die_with_supervisor()
    if not supervised():
        _take_home()
    shutil.rmtree(_metrics, ignore_errors=True)  # counters of processes that are gone
    _metrics.mkdir(mode=0o700)
    import webapp  # noqa: F401 - once, before the fork: a worker that was killed is back at once


def _take_home() -> None:
    """The launcher's work, where this server is started plainly. `port` of the workspace has no say then."""
    from launcher.home import lock_home, prepare_home

    try:
        lock_home(_settings.home)  # stays locked: the descriptor is never closed, and the workers inherit it
        prepare_home(_settings)
    except StartRefused as refusal:
        sys.exit(str(refusal))


def when_ready(server: Any) -> None:
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


def child_exit(_server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess  # reads PROMETHEUS_MULTIPROC_DIR when imported

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
