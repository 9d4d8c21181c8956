"""First answers under an Idempotency-Key that belong to no workspace: those of opening one, kept in `home.db`."""

import gzip
import logging

from flask import Response

from common.clock import now_ms
from common.db import home, sqlite
from core import idempotency
from webapp import state
from webapp.answers import SEQ_HEADER, json_response

log = logging.getLogger(__name__)


def first_answer(key: idempotency.Request | None) -> Response | None:
    """The answer that this request got before. Raises KeyReused for another body."""
    if key is None:
        return None
    with state.current().home.reading() as connection:
        answer = idempotency.look(connection, key, now_ms(), home.answers)
    return answer and json_response(answer.body, answer.status, answer.seq_header)


def keep(key: idempotency.Request | None, response: Response) -> None:
    """Remembers the answer for a day, where the request has a key. What was done stands, also where this fails."""
    if key is None:
        return
    try:
        _keep(key, response)
    except Exception as error:
        if sqlite.refusal(error) is None:
            raise
        log.warning("An answer cannot be kept for a repeat: %s", error)


def _keep(key: idempotency.Request, response: Response) -> None:
    text = response.get_data()
    plain = gzip.decompress(text) if response.content_encoding == "gzip" else text
    answer = idempotency.Answer(response.status_code, plain.decode(), response.headers.get(SEQ_HEADER, ""))
    with state.current().home.writing() as connection:
        idempotency.forget_expired(connection, now_ms(), home.answers)
        idempotency.store(connection, key, answer, now_ms(), home.answers)
