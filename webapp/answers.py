"""Building responses: the X-Chorus-Seq header, and whether it is sent compressed."""

from flask import Response, g, has_request_context, request

from common.db import sqlite
from common.errors import ChorusError
from webapp import state
from webapp.envelopes import compressed

SEQ_HEADER = "X-Chorus-Seq"
COMPRESS_FROM_BYTES = 2_048


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


def accepts_gzip() -> bool:
    return request.accept_encodings["gzip"] > 0
