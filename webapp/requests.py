"""Reading requests: JSON bodies with their limits, If-Match, Idempotency-Key."""

import json
import math
import re
from functools import cache
from typing import Any

from flask import request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from common.errors import BadRequest, TooLarge, UnsupportedMediaType, ValidationFailed, WorkspaceSwitched
from core.idempotency import Request

JSON_BYTES = 1024 * 1024
_IF_MATCH = re.compile(r'(?P<quote>"?)(?P<version>\d{1,18})(?P=quote)')
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def json_body(schema: type[Schema] | None) -> tuple[bytes, Any]:
    """The body's bytes and its validated value; `schema` None: no body is expected, and the value is None."""
    raw = _read_body()
    if schema is None:
        if raw and not _is_json():
            raise _not_json()
        return raw, None
    if not _is_json():
        raise _not_json()
    try:
        return raw, _made(schema).load(_parse(raw))
    except ValidationError as error:
        raise ValidationFailed("Some fields are not valid.", fields=error.messages_dict) from None


@cache
def _made(schema: type[Schema]) -> Schema:
    """Making one copies all its fields; loading changes nothing in it."""
    return schema()


def json_object() -> dict[str, Any]:
    """The body as a JSON object of any shape. Raises UnsupportedMediaType, BadRequest."""
    if not _is_json():
        raise _not_json()
    value = _parse(_read_body())
    if not isinstance(value, dict):
        raise BadRequest("The body must be a JSON object.")
    return value


def _read_body() -> bytes:
    request.max_content_length = JSON_BYTES + 1  # a chunked body is silently cut there, so that one more byte tells
    try:
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise _too_large() from None
    if len(raw) > JSON_BYTES:
        raise _too_large()
    return raw


def _too_large() -> TooLarge:
    return TooLarge(f"A JSON body may have {JSON_BYTES // 1024 // 1024} MiB at most.")


def _is_json() -> bool:
    return request.mimetype == "application/json"


def _not_json() -> UnsupportedMediaType:
    return UnsupportedMediaType("Send the body as JSON, with Content-Type: application/json.")


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode(), parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError:
        raise BadRequest("The body is not JSON that we can read: it is nested too deeply.") from None
    except ValueError as error:
        reason = str(error).partition(";")[0]  # what follows is advice to programmers of Python
        raise BadRequest(f"The body is not JSON: {reason}.") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    """1e999 is JSON, but no number that could be answered."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:20]} is too large a number")
    return number


def if_match() -> int | None:
    """The version named by If-Match; None without the header or with `*`."""
    text = request.headers.get("If-Match", "*").strip()
    if text == "*":
        return None
    match = _IF_MATCH.fullmatch(text)
    if match is None:
        raise BadRequest('If-Match must be a version in quotes, such as "3".')
    return int(match["version"])


def check_epoch(epoch: str) -> None:
    """Raises WorkspaceSwitched where the request was made for another log than the open one, by its X-Chorus-Epoch."""
    if request.headers.get("X-Chorus-Epoch", epoch) != epoch:
        raise WorkspaceSwitched("Another workspace has been opened meanwhile. Nothing was changed.")


def idempotency_request(body_hash: str) -> Request | None:
    """The request's Idempotency-Key together with what it stands for; None without the header or on other methods."""
    key = request.headers.get("Idempotency-Key")
    if key is None or request.method != "POST":
        return None
    if not _KEY.fullmatch(key):
        raise BadRequest("Idempotency-Key must be 1 to 255 visible ASCII characters.")
    return Request(f"{key} {request.method} {request.full_path}", body_hash)
