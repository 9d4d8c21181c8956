"""gunicorn for the sidecar: `gunicorn -c wsserver/gunicorn.conf.py`. One process, one loop, port N + 1."""

# ruff: noqa: N999 (the name that gunicorn looks for)

import os
import resource
import sys
from typing import Any

from gunicorn import util

from common.errors import StartRefused
from common.log import dict_config
from common.process import die_with_parent, die_with_supervisor, keep_what_is_loaded
from common.security import unreadable
from common.settings import load

try:
    _settings = load()
except StartRefused as refusal:
    sys.exit(str(refusal))

wsgi_app = "wsserver.app:create_app()"
bind = _settings.address(_settings.ws_port)
worker_class = "gevent"
workers = 1
worker_connections = 20_000  # requests at once; with gunicorn's 1,000 the next client hangs instead of being refused
backlog = 4096
keepalive = 2  # s; also how long a request's head may take
timeout = 120  # s without a sign of life before the worker is replaced; a machine asleep for less cuts nobody
graceful_timeout = 5  # s; the drain takes at most 3
control_socket_disable = True  # two instances would fight over the one in the home folder
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a slow disk must not look like a hung worker
logconfig_dict = dict_config(_settings.log_level)


def _refuse(client: Any, *refusal: Any) -> None:
    util.write_nonblock(client, unreadable(*refusal))


util.write_error = _refuse  # gunicorn answers in HTML what its parser refuses, and has no setting for it


def on_starting(_server: Any) -> None:
    die_with_supervisor()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def post_fork(server: Any, _worker: Any) -> None:
    die_with_parent(server.pid)


def post_worker_init(worker: Any) -> None:
    from wsserver import drain  # not before the fork: gevent must be loaded in the worker only

    sidecar = worker.wsgi.extensions["sidecar"]
    sidecar.start()
    drain.on_signals(sidecar, worker)
    keep_what_is_loaded()
