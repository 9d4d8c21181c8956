"""Taking deletions back over HTTP."""

import hashlib
from typing import Any

from flask import Response

from common.clock import now_ms
from common.db.write import WriteTransaction
from common.schemas.task import RestoredSchema
from core.restore import restore
from webapp import kept, requests, state
from webapp.answers import json_response, note_change, position
from webapp.api import Api, mutation
from webapp.envelopes import envelope

api = Api("undo")


def undo(token: str) -> Response:
    """Put back what a DELETE took away, within 60 s."""
    raw, _ = requests.json_body(None)
    key = requests.idempotency_request(hashlib.sha256(raw).hexdigest())
    if answer := kept.first_answer(key):
        return answer
    if state.current().home.recall(token, now_ms()):
        note_change()
        state.current().bell.ring()
        response = json_response(envelope({"restored": "workspace", "taskId": ""}), 200, position())
        kept.keep(key, response)
        return response
    return mutation(lambda tx: _restored(tx, token), 200, key)


def _restored(tx: WriteTransaction, token: str) -> dict[str, Any]:
    deletion = restore(tx, token)
    return {"restored": deletion.kind, "taskId": deletion.task_id}


api.add("POST", "/api/undo/<token>", undo, undo, answer=RestoredSchema, errors=(404, 409))
