"""The output of the runs, from `output.db` to everybody who follows: at most ten messages a second.

It runs in a greenlet of its own beside the pump's, so that the log never waits for it.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import gevent
import sqlalchemy as sa
from gevent.event import Event

from common import queue
from common.db import sqlite
from common.db.output import OUTPUT
from common.output import Written
from wsserver.connection import Connection
from wsserver.feed import Feed
from wsserver.metrics import Metrics
from wsserver.outlet import RECORDS_AT_ONCE, SKIP_FROM, Outlet, fitting, frame_of
from wsserver.reader import OutputTail

LOOK_EVERY_S = 1.0
EVERY_S = 0.1
SLICE_S = 0.005  # of the loop: after it everybody else has a turn
_CHECK_EVERY = 16  # clients between two looks at the clock

log = logging.getLogger(__name__)


class Outflow:
    """`followers` gives the subscribed clients, `breathe` the loop a turn; `failed` logs a mistake of ours."""

    def __init__(
        self,
        feed: Feed,
        followers: Callable[[], set[Connection]],
        metrics: Metrics,
        breathe: Callable[[], None],
        failed: Callable[[str], None],
    ) -> None:
        self._feed = feed
        self._followers = followers
        self._metrics = metrics
        self._breathe = breathe
        self._failed = failed
        self._outlet: Outlet[Connection] = Outlet()
        self._awake = Event()
        self._folder: Path | None = None
        self._tail: OutputTail | None = None
        self._last = 0  # id of the newest record that was offered
        self._watcher: Any = None

    def listen(self, home: Path) -> None:
        """Begins to hear the bell of the process that runs the agents."""
        self._bell = queue.listen(queue.bell_path(home, queue.OUTPUT))
        self._watcher = gevent.get_hub().loop.io(self._bell.fileno(), 1)
        self._watcher.start(self._awake.set)

    def run(self) -> None:
        """For ever."""
        while True:
            self._awake.wait(LOOK_EVERY_S)
            self._awake.clear()
            began = time.monotonic()
            try:
                self._turn()
            except sa.exc.DBAPIError as error:
                self._cannot_read(error)
            except Exception:  # noqa: BLE001 (whatever it is, the next turn must come)
                self._failed("The output of runs could not be pushed.")
            gevent.sleep(max(0.001, began + EVERY_S - time.monotonic()))

    def _cannot_read(self, error: sa.exc.DBAPIError) -> None:
        """A commit that holds the whole file (rollback journal) is soon over; anything else is looked at anew."""
        if sqlite.is_locked(error):
            self._awake.set()
        else:
            log.warning("The output of runs cannot be read: %s", error.orig)
            self._close()

    def _turn(self) -> None:
        queue.drain(self._bell)
        followers = self._followers()
        self._outlet.keep(followers)
        self._follow_workspace(followers)
        if self._tail is None:
            return
        if self._outlet.missed:
            self._outlet.catch_up(followers, self._tail.heads(self._outlet.since))
        newest, written = self._tail.after(self._last, RECORDS_AT_ONCE)
        if not followers or newest - self._last > SKIP_FROM or newest < self._last:
            self._skip_to(newest, followers)
        elif written:
            self._push(fitting(written), followers)
        else:
            self._last = newest  # what came between is not kept any more
        if self._outlet.missed or self._last < newest:
            self._awake.set()

    def _follow_workspace(self, followers: set[Connection]) -> None:
        """Opens the output of the workspace that is open now; who follows already may have missed some of it."""
        if self._feed.folder == self._folder and self._tail is not None:
            return
        self._close()
        self._folder = self._feed.folder
        if self._folder is not None and (self._folder / OUTPUT).exists():
            self._tail = OutputTail(self._folder / OUTPUT, self._feed.module)
            self._last, _ = self._tail.after(0, 0)
            for client in followers:
                self._outlet.miss(client, 0)

    def _skip_to(self, newest: int, followers: set[Connection]) -> None:
        """Leaves out what would come too late: the clients read it when they are told how far the runs are."""
        for client in followers:
            self._outlet.miss(client, min(newest, self._last))
        self._last = newest

    def _push(self, written: list[Written], followers: set[Connection]) -> None:
        before, self._last = self._last, written[-1].id
        message = frame_of(written)
        self._metrics.output.inc(len(written))
        until = perf_counter() + SLICE_S
        for turn, client in enumerate(followers):
            given = self._outlet.offer(client, message, before)
            (self._metrics.output_messages if given else self._metrics.output_missed).inc()
            if turn % _CHECK_EVERY == 0 and perf_counter() > until:
                self._breathe()
                until = perf_counter() + SLICE_S

    def _close(self) -> None:
        if self._tail is not None:
            self._tail.close()
        self._tail = None
