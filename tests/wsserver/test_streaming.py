"""What a subscribed client receives, over real sockets."""

import random
import signal

from common.db import eventlog
from common.events import PROTOCOL
from tests.helpers.raw_ws import PING, RawSocket, frame, whole_frames
from tests.helpers.sidecar import SidecarProcess, Writer


def subscribed(server: SidecarProcess, writer: Writer, **how: float | bytes) -> RawSocket:
    """A client that is welcome and has everything there is."""
    client = server.connect(**how)
    client.subscribe(*writer.position)
    client.message("welcome")
    return client


def test_a_commit_reaches_a_client(server: SidecarProcess, writer: Writer) -> None:
    epoch, seq = writer.position
    with server.connect() as client:
        client.subscribe(epoch, seq)
        welcome = client.message("welcome")
        assert (welcome["protocol"], welcome["epoch"], welcome["seq"]) == (PROTOCOL, epoch, seq)
        assert set(welcome) == {"type", "protocol", "build", "epoch", "seq", "heartbeatMs", "spreadMs", "now"}
        writer.commit(3)
        events = [client.message("config_changed") for _ in range(3)]
    assert [event["seq"] for event in events] == [seq + 1, seq + 2, seq + 3]


def test_the_bytes_are_those_of_the_log(server: SidecarProcess, writer: Writer) -> None:
    with subscribed(server, writer) as client:
        writer.commit(1, 70_000)
        received = client.read_other()
        assert received
        with writer.reading() as reading:
            (event,) = eventlog.tail(reading.connection, reading.position.seq - 1, 1)
        assert received.payload == event.frame.encode()


def test_a_cursor_is_continued_from_memory(server: SidecarProcess, writer: Writer) -> None:
    epoch, seq = writer.position
    writer.commit(20)
    with server.connect() as client:
        client.subscribe(epoch, seq)
        client.message("welcome")
        assert [client.message("config_changed")["seq"] for _ in range(20)] == list(range(seq + 1, seq + 21))


def test_bytes_that_come_with_the_handshake_are_not_lost(server: SidecarProcess, writer: Writer) -> None:
    epoch, seq = writer.position
    text = f'{{"type":"subscribe","protocol":1,"epoch":"{epoch}","since":{seq}}}'
    with server.connect(early=frame(1, text.encode())) as client:
        assert client.message("welcome")["seq"] == seq


def test_compression_is_not_agreed(server: SidecarProcess) -> None:
    with server.connect(Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits") as client:
        assert client.status == 101
        assert b"permessage-deflate" not in client.head


def test_heartbeats_tell_the_cursor(server: SidecarProcess, writer: Writer) -> None:
    with server.connect() as silent, subscribed(server, writer) as client:
        assert silent.message("heartbeat")["seq"] is None
        assert client.message("heartbeat")["seq"] == writer.position.seq


def test_a_megabyte_arrives_whole_through_a_small_window(server: SidecarProcess, writer: Writer) -> None:
    """A 4 KB receive window; the frames are 200 KB each, which simple-websocket's own send would cut."""
    with subscribed(server, writer, window=4096) as client:
        writer.commit(5, 200_000)
        received = [client.read_other() for _ in range(5)]
        with writer.reading() as reading:
            events = eventlog.tail(reading.connection, reading.position.seq - 5, 5)
    assert sum(len(event.frame) for event in events) > 1_000_000
    assert [frame.payload.decode() for frame in received if frame] == [event.frame for event in events]


def test_a_stream_cut_after_any_byte_is_continued(server: SidecarProcess, writer: Writer, seed: int) -> None:
    """200 places at random, most of them within a frame; test_ring.py tries all of them."""
    chance = random.Random(seed)
    epoch, start = writer.position
    writer.burst(300, 200)
    cursor = start
    for _ in range(200):
        cursor = start if cursor == start + 300 else cursor
        with server.connect() as client:
            client.subscribe(epoch, cursor)
            client.message("welcome")
            cursor = follow(client, cursor, start + 300, chance.randrange(1, 3000))


def follow(client: RawSocket, cursor: int, last: int, count: int) -> int:
    """The cursor after the frames that are whole in the next `count` bytes, or in what ends with event `last`."""
    while True:
        reached = cursor
        for found in whole_frames(client.buffer[:count]):
            seq = found.json["seq"]
            reached += found.json["type"] != "heartbeat"
            assert seq == reached
        if reached == last or len(client.buffer) >= count:
            return reached
        client.buffer += client.socket.recv(count - len(client.buffer))


def test_pings_are_answered(server: SidecarProcess) -> None:
    with server.connect() as client:
        client.send(0x9, b"are you there")
        answer = client.read_other()
        assert answer
        assert (answer.opcode, answer.payload) == (0xA, b"are you there")


def test_a_message_in_fragments(server: SidecarProcess, writer: Writer) -> None:
    epoch, seq = writer.position
    text = f'{{"type":"subscribe","protocol":1,"epoch":"{epoch}","since":{seq},"note":"ä"}}'.encode()
    with server.connect() as client:
        for index in range(len(text)):
            client.send(0 if index else 1, text[index : index + 1], final=index == len(text) - 1)
        assert client.message("welcome")


def test_a_close_is_answered_with_its_code(server: SidecarProcess) -> None:
    with server.connect() as client:
        client.send(0x8, (1001).to_bytes(2, "big") + b"going")
        assert client.closed() == 1001
        assert client.read() is None
    with server.connect() as client:
        client.send(0x8)
        assert client.closed() is None


def test_a_failed_send_is_logged_and_reaches_nobody_else(server: SidecarProcess, writer: Writer) -> None:
    """Two pings, and it is gone: its machine answers the first pong with RST, and the second cannot be sent."""
    lost = server.metric("chorus_ws_closes_total", reason="lost")
    with subscribed(server, writer) as witness:
        with subscribed(server, writer) as client:
            server.signal(signal.SIGSTOP, server.worker)
            client.socket.sendall(frame(PING) * 2)
        server.signal(signal.SIGCONT, server.worker)
        writer.commit()
        assert witness.message("config_changed")
    server.wait_metric("chorus_ws_connections", 0)
    assert server.metric("chorus_ws_closes_total", reason="lost") == lost + 2  # the witness leaves without a word
    assert "[INFO] A client is gone: sending to it failed (" in server.output()
    assert server.metric("chorus_ws_errors_total") == 0


def test_operators_see_what_happens(server: SidecarProcess, writer: Writer) -> None:
    with subscribed(server, writer), server.connect():
        server.wait_metric("chorus_ws_connections", 2)
        assert server.metric("chorus_ws_head") == writer.position.seq
        assert server.metric("chorus_ws_slowest_lag_events") == 0
    server.wait_metric("chorus_ws_connections", 0)
    assert server.metric("chorus_ws_errors_total") == 0
    assert server.get("/healthz") == (200, '{"status":"ok"}')
    assert server.get("/elsewhere")[0] == 404
    assert server.get("/ws")[0] == 400
