"""The sidecar as a whole: its connections, and the greenlets that serve them all.

* The pump: at each bell, and once a second regardless, one look at the log and one round of the fan-out.
* The outflow: what agents say, in messages that may be dropped.
* The ticker: loop time, and whoever's deadline has come.
* The canary: our own client, for /readyz.
"""

import logging
import random
import secrets
import time
from typing import Any

import gevent
from gevent.event import Event

from common import queue
from common.build import build_id
from common.clock import now_ms
from common.events import ResyncReason
from common.settings import Settings
from wsserver import heartbeat, messages, session
from wsserver.canary import Canary
from wsserver.connection import Connection
from wsserver.fanout import Fanout
from wsserver.feed import Feed, News
from wsserver.heartbeat import Deadlines, LoopClock
from wsserver.metrics import Metrics
from wsserver.outflow import Outflow
from wsserver.ring import Chunk, Ring
from wsserver.session import Log, Phase

LOOK_EVERY_S = 1.0
LOCKED_PAUSE_S = 0.002  # a commit that holds the whole database (rollback journal) takes about as long
FAILED_PAUSE_S = 0.2
GATHER_S = 0.010  # between two rounds' beginnings: what is committed meanwhile shares one, and a busy board costs less
TICK_S = 0.05

log = logging.getLogger(__name__)


def yield_to_loop() -> None:
    """Lets the loop look at every socket once.

    `gevent.sleep(0)` does not: it may come back before anything has been polled.
    """
    hub = gevent.get_hub()
    hub.wait(hub.loop.timer(0))


class Sidecar:
    """Made once a process; `start` it when its process has been forked."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.connections: set[Connection] = set()
        self.draining = False
        self._build = build_id(settings.static_dir)
        self._heartbeat_s = settings.heartbeat_ms / 1000
        self._tick_s = min(TICK_S, self._heartbeat_s / 10)
        self._clock = LoopClock(time.monotonic())
        self._deadlines: Deadlines[Connection] = Deadlines()
        self._ring = Ring(settings.ring_bytes)
        self._feed = Feed(settings, self._ring)
        self._fanout = Fanout(self._ring, self._older, yield_to_loop)
        self._outflow = Outflow(self._feed, self._followers, self.metrics, yield_to_loop, self.failed)
        self.canary = Canary(settings, lambda: self._feed.log)
        self._hidden = 0  # our own client's connections
        self._asking: list[Connection] = []
        self._thorough_at = 0.0
        self._awake = Event()
        self._greenlets: list[gevent.Greenlet] = []
        self._bell_watcher: Any = None
        self._register_gauges()

    # --- life ---

    def start(self) -> None:
        """Begins to listen to the bell and to serve."""
        self._bell = queue.listen(queue.bell_path(self.settings.home))
        self._bell_watcher = gevent.get_hub().loop.io(self._bell.fileno(), 1)
        self._bell_watcher.start(self._awake.set)
        self._awake.set()
        self._outflow.listen(self.settings.home)
        tasks = (self._pump, self._outflow.run, self._tick, self.canary.run)
        self._greenlets = [gevent.spawn(task) for task in tasks]

    @property
    def problem(self) -> str:
        """Why clients cannot be served; "" where they can."""
        if self.draining:
            return "The sidecar is stopping."
        return self._feed.problem

    @property
    def count(self) -> int:
        """Connections of clients."""
        return len(self.connections) - self._hidden

    @property
    def is_full(self) -> bool:
        return self.count >= self.settings.max_connections

    def adopt(self, fd: int, greeting: bytes, early: bytes, *, hidden: bool = False) -> None:
        """A socket whose handshake is done: `greeting` is our answer, `early` what the client sent after its request.

        From here on the descriptor is the connection's.
        """
        beat_at = self.now + self._heartbeat_s * _chance()
        connection = Connection(self, fd, session.opened(self.now, beat_at), hidden)
        self.connections.add(connection)
        self._hidden += hidden
        self.metrics.accepted.inc(not hidden)
        connection.open(greeting, early)

    # --- the greenlets ---

    def _pump(self) -> None:
        while True:
            self._awake.wait(LOOK_EVERY_S)
            self._awake.clear()
            began = time.monotonic()
            try:
                self._turn()
            except Exception:  # noqa: BLE001 (whatever it is, the others must be served)
                self.failed("The pump failed.")
                gevent.sleep(FAILED_PAUSE_S)
            rest = GATHER_S - (time.monotonic() - began)
            if self._awake.is_set() or rest <= 0:
                yield_to_loop()
            else:
                gevent.sleep(rest)

    def _turn(self) -> None:
        queue.drain(self._bell)
        thorough = bool(self._asking) or self._feed.log is None or time.monotonic() >= self._thorough_at
        news = self._feed.look(thorough)
        self._tell(news)
        if thorough and not news.locked:
            self._thorough_at = time.monotonic() + LOOK_EVERY_S
            self._settle()
        self.metrics.deliveries.inc(self._fanout.round())
        self._measure(news)
        if news.locked:
            gevent.sleep(LOCKED_PAUSE_S)
        if news.more or news.locked or self._asking or self._fanout.lagging:
            self._awake.set()

    def _tell(self, news: News) -> None:
        if news.interrupted:
            for connection in list(self.connections):
                connection.interrupt(news.interrupted)
        if news.recent is not None:
            frame = messages.workspaces_changed(news.recent)
            for connection in list(self.connections):
                if connection.session.cursor is not None:
                    connection.send(frame)

    def _settle(self) -> None:
        asking, self._asking = self._asking, []
        for connection in asking:
            connection.settle()

    def _older(self, cursor: int) -> Chunk | None:
        self.metrics.replays.inc()
        return self._feed.older(cursor)

    def _measure(self, news: News) -> None:
        if news.committed_at:
            self.metrics.batch.observe(len(news.committed_at))
            now = now_ms()
            for at in news.committed_at:
                self.metrics.latency.observe((now - at) / 1000)

    def _tick(self) -> None:
        while True:
            gevent.sleep(self._tick_s)
            self._clock.advance(time.monotonic(), self._tick_s)
            self.metrics.loop_lag.observe(self._clock.lag)
            for connection in self._deadlines.due(self._clock.now):
                connection.wake()

    def failed(self, sentence: str) -> None:
        """Logs an exception that must not end the sidecar."""
        log.exception(sentence)
        self.metrics.errors.inc()

    # --- what connections need (connection.Owner) ---

    @property
    def now(self) -> float:
        return self._clock.now

    @property
    def log(self) -> Log | None:
        return self._feed.log

    def next_beat(self) -> float:
        return self.now + heartbeat.interval(self._heartbeat_s, _chance())

    def welcome(self) -> bytes:
        assert self._feed.log
        return messages.welcome(
            build=self._build,
            epoch=self._feed.log.epoch,
            head=self._feed.log.head,
            heartbeat_ms=self.settings.heartbeat_ms,
            now=now_ms(),
        )

    def schedule(self, connection: Connection, due: float) -> None:
        self._deadlines.set(connection, due)

    def stream(self, connection: Connection) -> None:
        self._fanout.add(connection)
        self._awake.set()

    def unstream(self, connection: Connection) -> None:
        self._fanout.discard(connection)

    def is_live(self, connection: Connection) -> bool:
        return connection in self._fanout.live

    def _followers(self) -> set[Connection]:
        """The clients that are subscribed."""
        return {c for c in self.connections if c.session.phase is Phase.STREAMING and not c.hidden}

    def look_for(self, connection: Connection) -> None:
        self._asking.append(connection)
        self._awake.set()

    def resynced(self, reason: ResyncReason) -> None:
        self.metrics.resyncs.labels(reason).inc()

    def ended(self, connection: Connection, reason: str) -> None:
        self.connections.discard(connection)
        self._hidden -= connection.hidden
        self._fanout.discard(connection)
        self.metrics.closes.labels(reason).inc(not connection.hidden)

    # --- what operators are told ---

    def newest(self) -> int:
        """Number of the newest event in the log, just now. Raises DBAPIError."""
        return self._feed.newest()

    def is_canary(self, token: str | None) -> bool:
        """Whether a handshake is our own client's."""
        return token is not None and secrets.compare_digest(token.encode(), self.canary.token.encode())

    @property
    def head(self) -> int:
        return self._ring.head

    def _lag(self) -> float:
        """How many events the slowest subscribed client is behind."""
        cursors = [c.session.cursor for c in self.connections if c.session.cursor is not None]
        return float(self._ring.head - min(cursors, default=self._ring.head))

    def _register_gauges(self) -> None:
        gauge = self.metrics.gauge
        gauge("chorus_ws_connections", "Open WebSockets of clients.", lambda: self.count)
        gauge("chorus_ws_blocked", "Connections whose socket is full.", lambda: sum(map(_is_blocked, self.connections)))
        gauge("chorus_ws_head", "Number of the newest event in memory.", lambda: self._ring.head)
        gauge("chorus_ws_ring_bytes", "Frames in memory.", lambda: self._ring.size)
        gauge("chorus_ws_slowest_lag_events", "Events that the slowest client is behind.", self._lag)
        gauge("chorus_ws_greenlets", "Greenlets of the sidecar itself.", lambda: sum(bool(g) for g in self._greenlets))


def _is_blocked(connection: Connection) -> bool:
    return connection.is_blocked


def _chance() -> float:
    return random.random()  # noqa: S311 (it spreads load, it protects nothing)
