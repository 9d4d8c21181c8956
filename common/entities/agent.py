"""Agent."""

from dataclasses import dataclass
from typing import Any, ClassVar

from common.entities import kinds
from common.entities.declare import Entity, Write, declare, derive
from common.fields.base import DESCRIPTION_BYTES
from common.fields.names import NOT_CONFIGURED, name_checks
from common.tools import GRANTABLE

INTERNAL, USER_DEFINED = "internal", "user_defined"
_OF_USERS = {"variants": (USER_DEFINED,)}


def _is_valid(agent: Any) -> bool:
    return bool(agent["type"] == INTERNAL or agent["provider"] != NOT_CONFIGURED)


@dataclass(frozen=True, kw_only=True)
class Agent:
    """Tagged union by `type`: `internal` agents have instructions only. `isValid`: it has a provider it can run on.

    `unconfined`: it keeps its program's own tools, such as a shell, which nothing here contains.
    """

    type: str = declare(kinds.one_of((INTERNAL, USER_DEFINED)), write=Write.REQUIRED)
    name: str = declare(kinds.text(checks=name_checks()), write=Write.REQUIRED)
    instructions: str = declare(kinds.text(max_bytes=DESCRIPTION_BYTES), write=Write.REQUIRED)
    allowed_tools: list[str] = declare(
        kinds.choices(GRANTABLE), default_factory=list, write=Write.REQUIRED, **_OF_USERS
    )
    provider: str = declare(
        kinds.text(min_length=1, max_length=64), default=NOT_CONFIGURED, write=Write.REQUIRED, **_OF_USERS
    )
    model: str | None = declare(
        kinds.text(max_length=200, unset_if_empty=True),
        default=None,
        nullable=True,
        omitted=True,
        write=Write.OPTIONAL,
        **_OF_USERS,
    )
    unconfined: bool = declare(kinds.flag(), default=False, write=Write.OPTIONAL, **_OF_USERS)
    is_valid: ClassVar[Any] = derive(kinds.flag(), _is_valid)
    version: int = declare(kinds.whole(1), default=1)


AGENT = Entity(Agent, tag="type")
