"""AccessToken: lets a program outside list, read, create and report tasks."""

from dataclasses import dataclass

from common.entities import kinds
from common.entities.declare import Entity, Sent, Write, declare
from common.fields.names import name_checks
from common.tools import OUTSIDE


@dataclass(frozen=True, kw_only=True)
class AccessToken:
    """`scopes` are the tools it may call; `hint` its last 4 characters."""

    name: str = declare(kinds.text(checks=name_checks()), write=Write.REQUIRED)
    scopes: list[str] = declare(
        kinds.choices(OUTSIDE, min_items=1), default_factory=lambda: list(OUTSIDE), write=Write.OPTIONAL
    )
    hint: str = declare(kinds.text(), default="")
    created_at: int = declare(kinds.time())
    version: int = declare(kinds.whole(1), default=1)
    token_hash: str = declare(kinds.text(), sent=Sent.NEVER, exported=False)


ACCESS_TOKEN = Entity(AccessToken)
