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
