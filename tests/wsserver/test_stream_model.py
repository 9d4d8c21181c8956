"""Ring, session and cursor against a model: after every step a client holds exactly the server's state at its cursor.

The machine looks at the log, which takes time in which everything may happen; it commits, renews epochs, switches
workspaces, expires events, cuts the stream after any byte and reconnects. The client keeps the page's rules: it applies
an event if and only if its number is the next one, and a number or a heartbeat that tells of a gap is a failure here,
because a server that keeps its promise causes none.
"""

import copy
import json
from typing import Any

import pytest
from hypothesis import seed as with_seed
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage

from common.events import ResyncReason
from wsserver import frames, messages, session
from wsserver.looks import Looks
from wsserver.ring import Chunk, Expired, Ring, chunk_of
from wsserver.session import Effect, Log, Look, Phase, Resync, Session, Welcome

RING_BYTES, CHUNK_BYTES = 600, 250
NOW = 0.0

Board = dict[str, int]


def age_of(epoch: str) -> int:
    return int(epoch.removeprefix("epoch-"))


class Database:
    """The log, and the board at every position of it that ever was."""

    def __init__(self) -> None:
        self.boards: dict[tuple[str, int], Board] = {}
        self.renew()

    def renew(self, seq: int = 0) -> None:
        """Another log: its numbers go on from `seq`, its events are gone."""
        self.epoch = f"epoch-{len(self.boards)}"
        self.events: dict[int, str] = {}
        self.seq = seq
        self.oldest = seq + 1
        self.boards[self.epoch, seq] = {"renewed": seq}

    def commit(self, key: str, value: int) -> None:
        board = {**self.boards[self.epoch, self.seq], key: value}
        self.seq += 1
        self.boards[self.epoch, self.seq] = board
        data = {"type": "task_updated", "seq": self.seq, "at": 0, "data": {"key": key, "value": value}}
        self.events[self.seq] = json.dumps(data)

    def expire(self) -> None:
        """Events that the oldest kept one follows are deleted, but never the newest."""
        if self.oldest < self.seq:
            del self.events[self.oldest]
            self.oldest += 1


class Client:
    """A page: a board at a cursor, and a parser for what arrives."""

    def __init__(self) -> None:
        self.board: Board | None = None
        self.epoch, self.cursor = "", 0
        self.reconnected()

    def reconnected(self) -> None:
        self.parser = Connection(ConnectionType.CLIENT)
        self.live = False
        self.text = ""

    def take_snapshot(self, database: Database) -> None:
        self.epoch, self.cursor = database.epoch, database.seq
        self.board = dict(database.boards[self.epoch, self.cursor])

    def hear(self, data: bytes) -> list[Any]:
        self.parser.receive_data(data)
        heard = []
        for event in self.parser.events():
            assert isinstance(event, TextMessage), event
            self.text += event.data
            if event.message_finished:
                heard.append(json.loads(self.text))
                self.text = ""
        return heard

    def apply(self, message: Any) -> None:
        assert message["seq"] == self.cursor + 1, "a gap, or doubled"
        assert self.board is not None
        self.board[message["data"]["key"]] = message["data"]["value"]
        self.cursor += 1


class StreamMachine(RuleBasedStateMachine):
    """The sidecar's shell in few lines, around its pure modules."""

    def __init__(self) -> None:
        super().__init__()
        self.database = Database()
        self.ring = Ring(RING_BYTES, CHUNK_BYTES)
        self.log: Log | None = None
        self.client = Client()
        self.looks: Looks[Session] = Looks(NOW)
        self.seen: Database | None = None  # by the look under way
        self.look()
        self.connect()

    # --- the server ---

    def connect(self) -> None:
        self.session = session.opened(NOW, beat_at=5)
        self.owned = b""  # the rest of the last write
        self.line = b""  # written, not yet arrived
        self.client.reconnected()
        self.subscribe()

    def subscribe(self) -> None:
        if self.client.board is None:
            self.client.take_snapshot(self.database)
        request = {"type": "subscribe", "protocol": 1, "epoch": self.client.epoch, "since": self.client.cursor}
        self.perform(session.receive(self.session, json.dumps(request), self.log, NOW))

    def perform(self, effect: Effect | None) -> None:
        match effect:
            case None:
                pass
            case Look():
                self.looks.ask(self.session)
            case Welcome():
                assert self.log
                self.owned += messages.welcome(
                    build="b", epoch=self.log.epoch, head=self.log.head, heartbeat_ms=1, spread_ms=0, now=0
                )
            case Resync(reason):
                self.owned += messages.resync(reason, 0)
            case _:
                raise AssertionError(effect)

    def interrupt(self, reason: ResyncReason) -> None:
        self.perform(session.interrupt(self.session, reason, NOW))

    def older(self, cursor: int) -> Chunk:
        """As Feed.older: from the database."""
        texts = [
            self.database.events[seq] for seq in range(cursor + 1, self.database.seq + 1) if seq in self.database.events
        ]
        if cursor + 1 < self.database.oldest:
            raise Expired(cursor)
        return chunk_of(cursor + 1, [frames.text(text.encode()) for text in texts], CHUNK_BYTES)

    def look(self) -> None:
        self.look_begins()
        self.look_ends()

    @rule()
    def look_begins(self) -> None:
        if self.seen is None:
            self.looks.begin(NOW)
            self.seen = copy.copy(self.database)
            self.seen.events = dict(self.database.events)

    @rule()
    def look_ends(self) -> None:
        database, self.seen = self.seen, None
        if database is None:
            return
        if self.log is None or self.log.epoch != database.epoch:
            if self.log:
                self.interrupt(ResyncReason.EPOCH)
            self.ring.reset(database.oldest - 1)
        elif self.ring.head + 1 < database.oldest:
            self.interrupt(ResyncReason.EXPIRED)
            self.ring.reset(database.oldest - 1)
        for seq in range(self.ring.head + 1, database.seq + 1):
            self.ring.append(seq, frames.text(database.events[seq].encode()))
        self.log = Log(database.epoch, database.oldest, self.ring.head)
        for asking in self.looks.answered():
            if asking is self.session:
                self.settle(self.log)

    def settle(self, log: Log) -> None:
        """A client's cursor comes from the database: it is in the log, or in an older one."""
        asked = self.session.asked
        effect = session.settle(self.session, log, NOW)
        if asked and isinstance(effect, Resync):
            assert effect.reason is not ResyncReason.AHEAD
            assert effect.reason is ResyncReason.EXPIRED or age_of(asked.epoch) < age_of(log.epoch)
        self.perform(effect)

    @rule(room=st.integers(0, 300))
    def write(self, room: int) -> None:
        """The socket has room for so many bytes: what is owned goes first, then what follows the cursor."""
        self.line, self.owned, room = self.line + self.owned[:room], self.owned[room:], room - len(self.owned)
        if room >= 0 and self.session.phase is Phase.STREAMING and self.log and self.log.epoch == self.database.epoch:
            self.write_chunk(room)

    @rule(frames=st.integers(0, 3))
    def write_whole_frames(self, frames: int) -> None:
        """The socket is full just where a frame ends."""
        self.write(len(self.owned))
        if self.session.cursor is not None and self.session.cursor >= self.ring.oldest - 1:
            chunk = self.ring.after(self.session.cursor)
            self.write(([0, *chunk.ends] if chunk else [0])[: frames + 1][-1])

    def write_chunk(self, room: int) -> None:
        cursor = self.session.cursor
        assert cursor is not None
        try:
            chunk = self.ring.after(cursor)
        except Expired:
            try:
                chunk = self.older(cursor)
            except Expired:
                return self.interrupt(ResyncReason.EXPIRED)
        if chunk:
            self.line += chunk.data[:room]
            self.session.cursor, self.owned = chunk.cut(min(room, len(chunk.data)))

    @rule()
    def beat(self) -> None:
        if self.session.phase is not Phase.CLOSING:
            self.owned += messages.heartbeat(self.session.cursor, 0, 0)

    # --- the world ---

    @rule(key=st.sampled_from("abc"), value=st.integers(0, 99), count=st.integers(1, 12), rung=st.booleans())
    def commit(self, key: str, value: int, count: int, rung: bool) -> None:
        for step in range(count):
            self.database.commit(key, value + step)
        if rung and self.seen is None:
            self.look()

    @rule(count=st.integers(1, 12))
    def expire(self, count: int) -> None:
        for _ in range(count):
            self.database.expire()

    @rule(kind=st.sampled_from(["new log", "restart", "reload", "cut", "cut", "cut"]), count=st.integers(0, 400))
    def disaster(self, kind: str, count: int) -> None:
        """Another log; or kill -9: memory is gone; or a page is opened anew; or the line breaks after any byte."""
        if kind == "new log":
            return self.database.renew(count % 8)  # numbers that the client knows from the old one
        if kind == "restart":
            self.ring, self.log = Ring(RING_BYTES, CHUNK_BYTES), None
            self.looks, self.seen = Looks(NOW), None
            self.look()
        self.deliver(count)
        if kind == "reload":
            self.client.board = None
        self.connect()

    @rule(count=st.integers(0, 700))
    def deliver(self, count: int) -> None:
        data, self.line = self.line[:count], self.line[count:]
        for message in self.client.hear(data):
            self.hear(message)

    def hear(self, message: Any) -> None:
        client = self.client
        match message["type"]:
            case "welcome":
                client.live = True
            case "resync":
                client.live = False
                client.board = None
                self.subscribe()
            case "heartbeat":
                assert not client.live or message["seq"] in (client.cursor, None)
            case _:
                assert client.live
                client.apply(message)

    # --- the promise ---

    @invariant()
    def the_client_holds_the_state_at_its_cursor(self) -> None:
        client = self.client
        if client.board is not None:
            assert client.board == self.database.boards[client.epoch, client.cursor]

    @invariant()
    def the_cursor_counts_what_is_in_the_stream(self) -> None:
        if self.session.cursor is not None and self.log:
            assert self.session.cursor <= self.log.head

    def is_at_head(self) -> bool:
        return (self.client.epoch, self.client.cursor) == (self.database.epoch, self.database.seq)

    def teardown(self) -> None:
        """Left alone, every client comes to the head."""
        for _ in range(200):
            self.look()
            self.write(10_000)
            self.deliver(10**6)
            if self.is_at_head() and not self.owned:
                break
        assert self.is_at_head()
        self.the_client_holds_the_state_at_its_cursor()


GAMES, GAMES_OF_A_SOAK = 60, 3_000
TestStream = StreamMachine.TestCase
TestStream.settings = settings(max_examples=GAMES, stateful_step_count=40, deadline=None)


@pytest.mark.soak
def test_many_streams(seed: int, rounds: int | None) -> None:
    machine = with_seed(seed)(type("ManyStreams", (StreamMachine,), {}))
    many = settings(max_examples=rounds or GAMES_OF_A_SOAK, stateful_step_count=40, deadline=None)
    run_state_machine_as_test(machine, settings=many)
