"""Frames as a server sends them: final, unmasked, uncompressed (RFC 6455 section 5). Pure.

And what the canary, our own client, needs of them: where they begin and end, and its own short ones.
"""

import struct
from typing import NamedTuple

_FINAL = 0x80
_TEXT, _CLOSE, _PONG = 0x1, 0x8, 0xA
_SHORT, _MEDIUM = 125, 0xFFFF  # longest payload whose length needs no, or two, further bytes
CONTROL_AT_MOST = 125  # bytes of a control frame's payload (section 5.5)


def text(payload: bytes) -> bytes:
    """A whole text message; `payload` is UTF-8."""
    return _frame(_TEXT, payload)


def pong(payload: bytes) -> bytes:
    """The answer to a ping, with the ping's payload (section 5.5.3)."""
    return _frame(_PONG, payload)


def close(code: int | None, reason: str = "") -> bytes:
    """A close frame; None sends no code, as a peer that sent none is answered (section 5.5.1)."""
    if code is None:
        return _frame(_CLOSE, b"")
    words = reason.encode()[: CONTROL_AT_MOST - 2].decode(errors="ignore").encode()
    return _frame(_CLOSE, struct.pack("!H", code) + words)


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size <= _SHORT:
        return bytes((_FINAL | opcode, size)) + payload
    if size <= _MEDIUM:
        return struct.pack("!BBH", _FINAL | opcode, 126, size) + payload
    return struct.pack("!BBQ", _FINAL | opcode, 127, size) + payload


def from_client(payload: bytes) -> bytes:
    """A whole text message of a client, at most 125 bytes: masked, with a key that leaves it as it is (section 5.3)."""
    return bytes((_FINAL | _TEXT, 0x80 | len(payload), 0, 0, 0, 0)) + payload


class Head(NamedTuple):
    """A frame in a stream: whether it closes, and the offsets of its payload and of what follows it."""

    is_close: bool
    start: int
    end: int


def heads(data: bytes) -> tuple[list[Head], int]:
    """The whole frames at the beginning of a server's `data`, and the offset at which they end."""
    found: list[Head] = []
    end = 0
    while (head := _head_at(data, end)) and head.end <= len(data):
        found.append(head)
        end = head.end
    return found, end


def _head_at(data: bytes, at: int) -> Head | None:
    """None: not all of its head is there."""
    if len(data) < at + 2:
        return None
    size, start = data[at + 1], at + 2
    if size > _SHORT:
        start += 2 if size == 126 else 8
        if len(data) < start:
            return None
        size = int.from_bytes(data[at + 2 : start])
    return Head(data[at] & 0x0F == _CLOSE, start, start + size)
