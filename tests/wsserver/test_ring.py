import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.raw_ws import whole_frames
from wsserver.frames import text as text_frame
from wsserver.ring import Chunk, Expired, Gap, Ring, chunk_of


def filled(count: int, size: int = 10, limit: int = 1000, chunk: int = 1000) -> Ring:
    """A ring with events 1 … count, each of `size` bytes."""
    ring = Ring(limit, chunk)
    for seq in range(1, count + 1):
        ring.append(seq, frame(seq, size))
    return ring


def frame(seq: int, size: int = 10) -> bytes:
    return b"%d" % seq + b"." * (size - len(b"%d" % seq))


def test_what_follows_a_cursor() -> None:
    chunk = filled(3).after(1)
    assert chunk
    assert (chunk.first, chunk.last, chunk.data) == (2, 3, frame(2) + frame(3))


def test_nothing_follows_the_head() -> None:
    assert filled(3).after(3) is None
    assert Ring(1000, head=5).after(5) is None


def test_all_at_the_same_cursor_share_the_same_bytes() -> None:
    ring = filled(3)
    assert ring.after(1) is ring.after(1)


def test_an_append_ends_the_sharing() -> None:
    ring = filled(3)
    before = ring.after(1)
    ring.append(4, frame(4))
    after = ring.after(1)
    assert before
    assert after
    assert (before.last, after.last) == (3, 4)


def test_a_chunk_is_bounded_by_bytes() -> None:
    chunk = filled(10, chunk=35).after(0)
    assert chunk
    assert chunk.last == 3


def test_a_frame_larger_than_a_chunk_goes_alone() -> None:
    chunk = filled(3, size=50, chunk=35).after(0)
    assert chunk
    assert (chunk.first, chunk.last) == (1, 1)


def test_the_ring_is_bounded_by_bytes() -> None:
    ring = filled(200)
    assert ring.size == 1000
    assert (ring.oldest, ring.head) == (101, 200)
    assert ring.after(100)
    with pytest.raises(Expired):
        ring.after(99)


def test_the_newest_frame_always_stays() -> None:
    ring = filled(3, size=2000)
    assert (ring.oldest, ring.head, ring.size) == (3, 3, 2000)


@pytest.mark.parametrize("seq", [0, 3, 5])
def test_a_gap_is_refused(seq: int) -> None:
    with pytest.raises(Gap):
        filled(3).append(seq, b"x")


def test_reset_goes_on_from_anywhere() -> None:
    ring = filled(3)
    ring.reset(41)
    ring.append(42, frame(42))
    assert (ring.oldest, ring.head, ring.size) == (42, 42, 10)
    with pytest.raises(Expired):
        ring.after(3)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.integers(0, 10), st.data())
def test_wherever_a_write_stops_the_rest_completes_it(sizes: list[int], first: int, data: st.DataObject) -> None:
    frames = [bytes([index]) * size for index, size in enumerate(sizes)]
    chunk = chunk_of(first, frames, 10_000)
    count = data.draw(st.integers(0, len(chunk.data)))
    cursor, rest = chunk.cut(count)
    sent = frames[: cursor - first + 1]
    assert chunk.data[:count] + rest == b"".join(sent)
    assert len(rest) < max(sizes)


# Heads of two and of four bytes; with the log's end in the middle of the second chunk.
TEXTS = [bytes([65 + index]) * size for index, size in enumerate((1, 30, 125, 126, 60, 400, 2, 127, 90))]


def stream(cursor: int) -> bytes:
    """All that a connection at this cursor is sent, chunk by chunk."""
    ring = Ring(100_000, chunk_bytes=300)
    for seq, text in enumerate(TEXTS, 1):
        ring.append(seq, text_frame(text))
    sent = b""
    while chunk := ring.after(cursor):
        sent, cursor = sent + chunk.data, chunk.last
    return sent


def test_a_stream_cut_after_any_byte_is_continued() -> None:
    """Every one: what was whole before the cut, and what follows that cursor, is each event once."""
    whole = stream(0)
    for count in range(len(whole) + 1):
        heard = [found.payload for found in whole_frames(whole[:count])]
        heard += [found.payload for found in whole_frames(stream(len(heard)))]
        assert heard == TEXTS, count


def test_a_cut_between_two_frames_leaves_nothing() -> None:
    chunk = Chunk(5, b"aabbb", (2, 5))
    assert chunk.cut(0) == (4, b"")
    assert chunk.cut(1) == (5, b"a")
    assert chunk.cut(2) == (5, b"")
    assert chunk.cut(4) == (6, b"b")
    assert chunk.cut(5) == (6, b"")
