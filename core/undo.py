"""Undo tokens: every deletion can be taken back for 60 s. The rows stay, marked deleted and invisible, until swept."""

import secrets
from typing import Any, NamedTuple

import sqlalchemy as sa

from common.db import tables
from common.db.home import UNDO_MS
from common.db.write import WriteTransaction
from common.errors import NotFound

_u = tables.undo_tokens


class Deletion(NamedTuple):
    """What a token can bring back: a row of `kind` task, attachment, message, agent, provider or access_token.

    `task_id` is "" where no task is concerned; `payload` is what else the deletion changed.
    """

    kind: str
    task_id: str
    row_id: str
    payload: Any


def remember(tx: WriteTransaction, kind: str, task_id: str, row_id: str, payload: object = None) -> str:
    """Makes a token for a deletion done in this transaction."""
    token = secrets.token_urlsafe(16)
    values = {"token": token, "expires_at": tx.now + UNDO_MS, "kind": kind, "task_id": task_id, "row_id": row_id}
    tx.execute(sa.insert(_u), values | {"payload": payload})
    return token


def redeem(tx: WriteTransaction, token: str) -> Deletion:
    """Uses a token up. Raises NotFound if it is unknown, used or older than 60 s."""
    statement = sa.select(_u.c.kind, _u.c.task_id, _u.c.row_id, _u.c.payload)
    row = tx.execute(statement.where(_u.c.token == token, _u.c.expires_at > tx.now)).first()
    if row is None:
        raise NotFound("This can no longer be undone: the minute has passed, or it was undone already.")
    tx.execute(sa.delete(_u).where(_u.c.token == token))
    return Deletion(*row)
