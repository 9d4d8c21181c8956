"""Bearer tokens: who may act for a run. Only their hash is stored; a token dies with its run."""

import hashlib
import secrets

import sqlalchemy as sa

from common.db import tables
from common.errors import Unauthorized
from core.runs.records import Run
from core.tasks.records import Reader

_r = tables.runs


def new_token() -> str:
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def run_of(reader: Reader, token: str | None, task_id: str) -> Run:
    """The living run that `token` stands for, which must be one of this task. Raises Unauthorized."""
    row = None
    if token:
        row = reader.execute(sa.select(_r).where(_r.c.token_hash == hashed(token))).first()
    if row is None or row.task_id != task_id:
        raise Unauthorized("Send the token of a living run of this task: Authorization: Bearer <token>.")
    return dict(row._mapping)
