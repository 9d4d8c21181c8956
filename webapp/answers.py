"""Building responses: the envelope, the X-Chorus-Seq header, compression."""

import gzip
from collections.abc import Callable
from typing import Any, NamedTuple

from flask import Response, g, has_request_context, request

from common.clock import now_ms
from common.db import sqlite
from common.errors import ChorusError
from common.wire import dumps
from webapp import state

SEQ_HEADER = "X-Chorus-Seq"
COMPRESS_FROM_BYTES = 2_048
_QUICK = 3  # twice as fast as the default and within a tenth of its size on our JSON
SMALLEST = 9  # for what is compressed once


def envelope(data: Any, at: int | None = None) -> str:
    """`{"data": …, "meta": {"timestamp": ms}}`; `data` is JSON text already, or a value to encode."""
    return f'{{"data":{bare(data)},"meta":{{"timestamp":{now_ms() if at is None else at}}}}}'


def bare(data: Any, _at: int | None = None) -> str:
    """Without an envelope."""
    return data if isinstance(data, str) else dumps(data)


class Envelope(NamedTuple):
    """How an answer is wrapped, and what the OpenAPI document says stands beside `data`; None: no `data` either."""

    wrap: Callable[[Any, int | None], str]
    beside: dict[str, dict[str, Any]] | None
    required: tuple[str, ...] = ()


_META = {"type": "object", "properties": {"timestamp": {"type": "integer"}}, "required": ["timestamp"]}
USUAL = Envelope(envelope, {"meta": _META}, ("meta",))
BARE = Envelope(bare, None)
DATA_ONLY = Envelope(bare, {})
_TEXT_OR_NULL = {"type": ["string", "null"]}
WITH_OPEN = Envelope(bare, {"open": _TEXT_OR_NULL, "problem": _TEXT_OR_NULL}, ("open", "problem"))
WITH_PATH = Envelope(
    bare,
    {
        "configPath": {"type": "string"},
        "notice": {"type": "string"},
        "edited": {"type": "boolean"},
        "file": {"type": "object"},
        "fileProblem": {"type": "string"},
    },
    ("configPath",),
)


def json_response(body: str | bytes, status: int, at: str) -> Response:
    """An API answer; `at` is `<epoch>:<seq>` of the event it caused or the state it read."""
    raw = body.encode() if isinstance(body, str) else body
    packed = compressed(raw) if len(raw) >= COMPRESS_FROM_BYTES and accepts_gzip() else None
    return packed_json(raw, packed, status, at)


def position() -> str:
    """The state this request was decided on; where none has been read yet, the state now. Empty: no workspace."""
    if "position" not in g:
        try:
            with state.current().workspace.get().database.read() as reading:
                g.position = str(reading.position)
        except Exception as error:
            if not isinstance(error, ChorusError) and sqlite.refusal(error) is None:
                raise
            g.position = ""
    return str(g.position)


def note_change() -> None:
    """This request has changed something: from here on no answer may say that it has not."""
    if has_request_context():
        g.changed = True


def has_changed() -> bool:
    """Whether this request has changed something so far."""
    return bool(g.get("changed", False))


def packed_json(raw: bytes, packed: bytes | None, status: int, at: str) -> Response:
    """The same, where the compressed form is known."""
    response = Response(raw if packed is None else packed, status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept-Encoding"
    if packed is not None:
        response.headers["Content-Encoding"] = "gzip"
    if at:
        response.headers[SEQ_HEADER] = at
    return response


def compressed(raw: bytes, level: int = _QUICK) -> bytes:
    return gzip.compress(raw, level, mtime=0)


def accepts_gzip() -> bool:
    return request.accept_encodings["gzip"] > 0
