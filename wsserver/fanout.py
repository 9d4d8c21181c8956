"""Fan-out: who is given which frames, in rounds.

`live` connections had everything there was; each new batch goes to all of them, the same bytes. `lagging` ones are
behind: each in turn is given one chunk, from the ring or, further back, from the log. A connection whose socket is full
is in neither: it comes back by itself. So nobody waits for a slow reader, and live ones wait for a mass resume no
longer than one slice.
"""

from collections import deque
from collections.abc import Callable
from time import perf_counter

from common.events import ResyncReason
from wsserver.connection import Connection
from wsserver.ring import Chunk, Expired, Ring

SLICE_S = 0.005  # of the loop: after it everybody else has a turn
_CHECK_EVERY = 16  # writes between two looks at the clock


class Fanout:
    """`older` reads from the log what has left the ring; `breathe` gives the loop a turn."""

    def __init__(self, ring: Ring, older: Callable[[int], Chunk | None], breathe: Callable[[], None]) -> None:
        self.live: set[Connection] = set()
        self.lagging: deque[Connection] = deque()
        self._ring = ring
        self._older = older
        self._breathe = breathe
        self._delivered = 0
        self._offered = 0  # head of the last batch

    def add(self, connection: Connection) -> None:
        """It is behind, or may be."""
        self.lagging.append(connection)

    def discard(self, connection: Connection) -> None:
        self.live.discard(connection)  # an entry in `lagging` is passed over when its turn comes

    def round(self) -> int:
        """The newest batch for all that are live, then a slice for the lagging ones. Returns the deliveries."""
        before = self._delivered
        if self._ring.head != self._offered:
            since, self._offered = self._offered, self._ring.head
            self._feed_live(self._common(since))
        self._feed_lagging()
        return self._delivered - before

    def _common(self, since: int) -> Chunk | None:
        """The whole batch in one chunk, for those who have all before it; None where it takes more than one."""
        try:
            chunk = self._ring.after(since)
        except Expired:
            return None
        return chunk if chunk and chunk.last == self._ring.head else None

    def _feed_live(self, common: Chunk | None) -> None:
        """This is the inner loop of the product: who takes the common chunk stays live, and nothing else is done."""
        until = perf_counter() + SLICE_S
        first, count = (common.first - 1, len(common.ends)) if common else (-1, 0)
        for turn, connection in enumerate(list(self.live)):
            if connection.takes_stream:  # others' turns have passed since the list was made
                if common and connection.session.cursor == first:
                    try:
                        self._delivered += count if connection.stream(common) else 0
                    except Exception:  # noqa: BLE001 (whatever it is, the others must be served)
                        connection.failed()
                else:
                    self._serve(connection)
            if turn % _CHECK_EVERY == 0 and perf_counter() > until:
                self._breathe()
                until = perf_counter() + SLICE_S

    def _feed_lagging(self) -> None:
        until = perf_counter() + SLICE_S
        while self.lagging and perf_counter() < until:
            connection = self.lagging.popleft()
            if connection.takes_stream:
                self._serve(connection)

    def _serve(self, connection: Connection) -> None:
        try:
            self._offer(connection)
        except Exception:  # noqa: BLE001 (whatever it is, the others must be served)
            connection.failed()

    def _offer(self, connection: Connection) -> None:
        """One write. Afterwards the connection is live, lagging, blocked or closed."""
        session = connection.session
        assert session.cursor is not None
        try:
            chunk = self._ring.after(session.cursor)
        except Expired:
            return self._offer_older(connection, session.cursor)
        if chunk is None:
            self.live.add(connection)
        else:
            self._give(connection, chunk)

    def _offer_older(self, connection: Connection, cursor: int) -> None:
        try:
            chunk = self._older(cursor)
        except Expired:
            return connection.interrupt(ResyncReason.EXPIRED)
        if chunk is None:
            return self.lagging.append(connection)
        self._give(connection, chunk)

    def _give(self, connection: Connection, chunk: Chunk) -> None:
        if not connection.stream(chunk):
            return
        self._delivered += len(chunk.ends)
        if chunk.last == self._ring.head:
            self.live.add(connection)
        else:
            self.live.discard(connection)
            self.lagging.append(connection)
