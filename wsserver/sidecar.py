"""The sidecar as a whole: its connections, and the greenlets that serve them all.

* The pump: at each bell, and once a second regardless, one look at the log and one round of the fan-out.
* The outflow: what agents say, in messages that may be dropped.
* The ticker: loop time, and whoever's deadline has come. It sends all away where the pump reads nothing for long.
* The canary: our own client, for /readyz.
"""

import logging
import random
import secrets
import time
from collections.abc import Iterable
from typing import Any

import gevent
from gevent.event import Event

from common import queue
from common.build import build_id
from common.clock import now_ms
from common.events import ByeReason, ResyncReason
from common.settings import Settings
from wsserver import heartbeat, messages, session
from wsserver.canary import Canary
from wsserver.connection import Connection
from wsserver.fanout import Fanout
from wsserver.feed import Feed, News
from wsserver.heartbeat import RESTART_BACK_MS, STALE_BACK_MS, Deadlines, LoopClock
from wsserver.looks import Looks
from wsserver.metrics import Metrics
from wsserver.outflow import Outflow
from wsserver.ring import Chunk, Ring
from wsserver.session import Log, Phase

LOOK_EVERY_S = 1.0
LOCKED_PAUSE_S = 0.002  # a commit that holds the whole database (rollback journal) takes about as long
FAILED_PAUSE_S = 0.2
STALE_RETRY_S = 0.5  # a heartbeat that could not be sent
GATHER_S = 0.010  # between two rounds' beginnings: what is committed meanwhile shares one, and a busy board costs less
TICK_S = 0.05
STOPPING = "The sidecar is stopping."

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
        self._looks: Looks[Connection] = Looks(time.monotonic())
        self._trouble = ""  # of the last look
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
            return STOPPING
        return self._staleness if self.is_stale else self._feed.problem

    @property
    def refusal(self) -> str:
        """Why nobody is let in. Who comes while the log is stale is let in, to be told when to come again."""
        if self.draining:
            return STOPPING
        return "" if self.is_stale and self._feed.has_served else self._feed.problem

    @property
    def is_stale(self) -> bool:
        """Whether nothing has been read for so long that what clients hold may be out of date."""
        return self._looks.is_stale(time.monotonic())

    @property
    def _staleness(self) -> str:
        age = self._looks.age(time.monotonic())
        return f"The log has not been read for {age:.0f} s. {self._trouble}".strip()

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
        if self.is_stale:
            self.dismiss([connection], ByeReason.STALE)

    def dismiss(self, connections: Iterable[Connection], reason: ByeReason) -> None:
        """Tells clients when to come back, and closes: what is spread is their return."""
        first_ms = RESTART_BACK_MS if reason is ByeReason.RESTART else STALE_BACK_MS
        detail = "" if reason is ByeReason.RESTART else self._staleness
        for connection in list(connections):
            delay_ms = heartbeat.comeback_ms(first_ms, self.count, _chance())
            connection.dismiss(messages.bye(delay_ms, reason, detail), reason)

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
                self._looks.fail()
                self._trouble = "Reading it fails for a mistake of ours; the sidecar's log has the details."
                gevent.sleep(FAILED_PAUSE_S)
            rest = GATHER_S - (time.monotonic() - began)
            if self._awake.is_set() or rest <= 0:
                yield_to_loop()
            else:
                gevent.sleep(rest)

    def _turn(self) -> None:
        queue.drain(self._bell)
        now = time.monotonic()
        self._looks.begin(now)
        thorough = self._looks.is_asked or self._feed.log is None or now >= self._thorough_at
        news = self._feed.look(thorough)
        self._tell(news)
        if thorough and not news.problem:
            self._thorough_at = time.monotonic() + LOOK_EVERY_S
            for connection in self._looks.answered():
                connection.settle(self._feed.log)
        self.metrics.deliveries.inc(self._fanout.round())
        self._measure(news)
        self._judge(news)
        if news.more or news.problem or self._looks.is_asked or self._fanout.lagging:
            self._awake.set()

    def _judge(self, news: News) -> None:
        """Whether the turn has served everybody with all there is; if not, the next one comes after a pause."""
        was_stale, self._trouble = self.is_stale, news.problem
        if not news.problem:
            self._looks.succeed()
            if was_stale:
                log.info("The log is read again.")
        else:
            self._looks.fail()
            gevent.sleep(LOCKED_PAUSE_S if news.locked and not was_stale else FAILED_PAUSE_S)

    def _tell(self, news: News) -> None:
        if news.interrupted:
            for connection in list(self.connections):
                connection.interrupt(news.interrupted)
        if news.recent is not None:
            frame = messages.workspaces_changed(news.recent)
            for connection in list(self.connections):
                if connection.session.cursor is not None:
                    connection.send(frame)

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
            if self._looks.must_leave(time.monotonic(), self._clock.lag):
                self._leave()

    def _leave(self) -> None:
        staying = [connection for connection in self.connections if not connection.is_closing]
        if staying:
            log.warning("%s All clients are told to come back later.", self._staleness)
            self.dismiss(staying, ByeReason.STALE)

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
        """What a subscribe may be answered from at once: nothing while nobody knows how it goes on."""
        return None if self.is_stale else self._feed.log

    def next_beat(self) -> float:
        return self.now + (STALE_RETRY_S if self.is_stale else heartbeat.interval(self._heartbeat_s, _chance()))

    def welcome(self) -> bytes:
        assert self._feed.log
        return messages.welcome(
            build=self._build,
            epoch=self._feed.log.epoch,
            head=self._feed.log.head,
            heartbeat_ms=self.settings.heartbeat_ms,
            spread_ms=heartbeat.spread_ms(self.count),
            now=now_ms(),
        )

    def heartbeat(self, cursor: int | None) -> bytes:
        return messages.heartbeat(cursor, heartbeat.spread_ms(self.count), now_ms())

    def resync(self, reason: ResyncReason) -> bytes:
        self.metrics.resyncs.labels(reason).inc()
        return messages.resync(reason, int(heartbeat.spread_ms(self.count) * _chance()))

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
        self._looks.ask(connection)
        self._awake.set()

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

    def _log_age(self) -> float:
        return self._looks.age(time.monotonic())

    def _register_gauges(self) -> None:
        gauge = self.metrics.gauge
        gauge("chorus_ws_connections", "Open WebSockets of clients.", lambda: self.count)
        gauge("chorus_ws_blocked", "Connections whose socket is full.", lambda: sum(map(_is_blocked, self.connections)))
        gauge("chorus_ws_head", "Number of the newest event in memory.", lambda: self._ring.head)
        gauge("chorus_ws_ring_bytes", "Frames in memory.", lambda: self._ring.size)
        gauge("chorus_ws_slowest_lag_events", "Events that the slowest client is behind.", self._lag)
        gauge("chorus_ws_log_age_seconds", "Since the last look that read the log.", self._log_age)
        gauge("chorus_ws_greenlets", "Greenlets of the sidecar itself.", lambda: sum(bool(g) for g in self._greenlets))


def _is_blocked(connection: Connection) -> bool:
    return connection.is_blocked


def _chance() -> float:
    return random.random()  # noqa: S311 (it spreads load, it protects nothing)
