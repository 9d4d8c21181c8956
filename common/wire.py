"""JSON as it crosses the wire: compact, UTF-8, no NaN. And cutting text at a character border."""

import json
from typing import Any

_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def dumps(value: Any) -> str:
    """Compact JSON text without ASCII escapes: the bytes that are stored, answered and pushed."""
    return _encoder.encode(value)


def cut_utf8(text: str, limit: int) -> str:
    """The longest prefix of `text` that takes at most `limit` bytes of UTF-8."""
    if len(text) * 4 <= limit:
        return text
    raw = text.encode()
    return text if len(raw) <= limit else raw[:limit].decode(errors="ignore")
