import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Pong, TextMessage

from wsserver import frames


def heard(data: bytes) -> list[object]:
    """What an independent parser makes of bytes that a server sent."""
    parser = Connection(ConnectionType.CLIENT)
    parser.receive_data(data)
    return list(parser.events())


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 0xFFFF, 0x10000, 1_000_027])
def test_a_text_of_any_size_is_one_frame(size: int) -> None:
    parts = heard(frames.text(b"x" * size))
    assert "".join(part.data for part in parts if isinstance(part, TextMessage)) == "x" * size
    assert [part.message_finished for part in parts if isinstance(part, TextMessage)] == [True]


def test_frames_that_follow_each_other_stay_apart() -> None:
    first, second = heard(frames.text("ä".encode()) + frames.pong(b"p"))
    assert isinstance(first, TextMessage)
    assert first.data == "ä"
    assert isinstance(second, Pong)
    assert bytes(second.payload) == b"p"


@pytest.mark.parametrize(("code", "said"), [(1012, 1012), (4401, 4401), (None, 1005)])
def test_a_close_carries_its_code(code: int | None, said: int) -> None:
    (event,) = heard(frames.close(code, "why" if code else ""))
    assert isinstance(event, CloseConnection)
    assert event.code == said


@given(st.text(max_size=300))
def test_a_reason_is_cut_at_a_character_border(reason: str) -> None:
    (event,) = heard(frames.close(1008, reason))
    assert isinstance(event, CloseConnection)
    assert reason.startswith(event.reason or "")
    assert len(frames.close(1008, reason)) <= 2 + frames.CONTROL_AT_MOST


@given(st.lists(st.integers(0, 300) | st.sampled_from([0xFFFF, 0x10000])), st.data())
def test_frames_are_found_where_they_were_made(sizes: list[int], data: st.DataObject) -> None:
    """However much of the stream is there."""
    made = [frames.text(b"x" * size) for size in sizes] + [frames.close(1012, "restart")]
    stream = b"".join(made)
    there = data.draw(st.integers(0, len(stream)))
    found, rest = frames.heads(stream[:there])
    assert rest == sum(map(len, made[: len(found)]))
    assert [head.end - head.start for head in found] == [*sizes, 9][: len(found)]
    assert len(found) == len(made) or there < rest + len(made[len(found)])
    assert [head.is_close for head in found] == [False] * min(len(sizes), len(found)) + [True] * (there == len(stream))


@given(st.text(max_size=40))
def test_a_client_s_text_is_masked(text: str) -> None:
    parser = Connection(ConnectionType.SERVER)
    parser.receive_data(frames.from_client(text.encode()[:125]))
    (event,) = parser.events()
    assert isinstance(event, TextMessage)
    assert event.data == text


@pytest.mark.parametrize("size", [0, 125, 126, 0xFFFF, 0x10000])
def test_a_head_that_is_cut_anywhere_is_no_head_yet(size: int) -> None:
    frame = frames.text(b"x" * size)
    head = len(frame) - size
    for there in range(len(frame) if size < 200 else head + 1):
        assert frames.heads(frame[:there]) == ([], 0)
        assert (frames._head_at(frame[:there], 0) is None) == (there < head)
