"""Frames as a server sends them: final, unmasked, uncompressed (RFC 6455 section 5). Pure."""

import struct

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
