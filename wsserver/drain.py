"""The planned stop: everybody is told when to come back, so that the reconnects are spread and not the closes."""

import logging
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import gevent

from common.events import ByeReason
from wsserver.sidecar import Sidecar, yield_to_loop

GONE_WITHIN_S = 2.0  # of the 3 s there are
_POLL_S = 0.02

log = logging.getLogger(__name__)


def say_goodbye(sidecar: Sidecar) -> None:
    """Tells every client at once, and closes with 1012; no new ones are taken."""
    sidecar.draining = True
    sidecar.dismiss(sidecar.connections, ByeReason.RESTART)


def wait_until_gone(sidecar: Sidecar) -> None:
    """Ends what has not answered our close frame in time."""
    deadline = time.monotonic() + GONE_WITHIN_S
    while sidecar.connections and time.monotonic() < deadline:
        gevent.sleep(_POLL_S)
    for connection in list(sidecar.connections):
        connection.end("restart", reset=True)
    yield_to_loop()


def on_signals(sidecar: Sidecar, worker: Any) -> None:
    """Replaces gunicorn's handlers in its worker: they give the application no moment to speak."""
    stopping: list[gevent.Greenlet] = []

    def stop() -> None:
        say_goodbye(sidecar)
        wait_until_gone(sidecar)
        worker.alive = False
        sys.exit(0)  # from a greenlet: ends the worker's own, too, instead of its sleep

    def begin(*_: object) -> None:
        if not stopping:
            stopping.append(gevent.spawn(stop))

    _handle((signal.SIGTERM, signal.SIGINT, signal.SIGQUIT), begin)


def _handle(signals: tuple[signal.Signals, ...], handler: Callable[..., None]) -> None:
    for number in signals:
        gevent.signal_handler(number, handler)
