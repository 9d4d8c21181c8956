"""Making, listing, checking and revoking access tokens. Only a hash is stored; the token is shown once."""

import secrets
from typing import Any

import sqlalchemy as sa

from common.db import tables
from common.db.reader import Reader
from common.db.write import WriteTransaction
from common.entities.access_token import ACCESS_TOKEN
from common.errors import Unauthorized
from common.events import EventType
from core import undo
from core.registry import Registry, Row
from core.runs.tokens import hashed

PREFIX = "chorus_"  # so that people and scanners know one when they see it
HINT_CHARACTERS = 4
_t = tables.access_tokens


registry = Registry(ACCESS_TOKEN, tables.access_tokens, "access token", "accessTokens", EventType.ACCESS_TOKENS_CHANGED)


def create(tx: WriteTransaction, name: str, scopes: list[str]) -> tuple[dict[str, Any], str]:
    """The wire form and the token itself. Raises Conflict (name taken)."""
    token = PREFIX + secrets.token_urlsafe(32)
    values = {"token_hash": hashed(token), "scopes": scopes, "created_at": tx.now, "hint": token[-HINT_CHARACTERS:]}
    made = registry.create(tx, name, values)
    return made, token


def holder(reader: Reader, token: str | None) -> Row:
    """The row of a token that has not been revoked. Raises Unauthorized."""
    found = sa.select(_t).where(_t.c.token_hash == hashed(token or ""), _t.c.deleted_at.is_(None))
    row = reader.execute(found).first()
    if row is None:
        raise Unauthorized("Send an access token of this workspace: Authorization: Bearer chorus_….")
    return dict(row._mapping)


def revoke(tx: WriteTransaction, name: str) -> str:
    """Returns the undo token. Raises NotFound."""
    row = registry.get(tx, name)
    registry.delete(tx, row)
    registry.emit(tx, deleted=[name])
    return undo.remember(tx, "access_token", "", str(row["rank"]))


def restore(tx: WriteTransaction, rank: int) -> None:
    """Undoes a revocation. Raises Conflict where the name has been given away."""
    row = registry.restore(tx, rank)
    registry.emit(tx, [row["wire"]])
