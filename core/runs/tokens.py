"""Bearer tokens: who may act for a run. Only their hash is stored; a token dies with its run."""

import hashlib
import secrets

import sqlalchemy as sa

from common.db import tables
from common.db.reader import Reader
from common.entities.run import ENDED
from common.errors import Unauthorized
from core.runs.records import Run

_r = tables.runs


def new_token() -> str:
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def holder(reader: Reader, token: str | None) -> Run | None:
    """The run that `token` was made for, ended or not: to know who calls, not to let it act."""
    row = reader.execute(sa.select(_r).where(_r.c.token_hash == hashed(token))).first() if token else None
    return None if row is None else dict(row._mapping)


def run_of(reader: Reader, token: str | None, task_id: str) -> Run:
    """The living run that `token` stands for, which must be one of this task. Raises Unauthorized."""
    run = holder(reader, token)
    if run is None or run["task_id"] != task_id:
        raise Unauthorized("Send the token of a living run of this task: Authorization: Bearer <token>.")
    if run["state"] in ENDED:
        raise Unauthorized(f"This run has ended ({run['state']}), and its token with it. Stop working.")
    return run
