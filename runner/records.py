"""What is read from an agent's output, and how a turn ends. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from common.output import OutputKind


@dataclass(frozen=True)
class Record:
    """One thing that an agent did, at a time in ms; what `data` holds stands beside each OutputKind."""

    kind: OutputKind
    at: int
    data: dict[str, Any]


class How(StrEnum):
    """How a turn of an agent's program ended."""

    DONE = "done"
    FAILED = "failed"
    LIMITED = "limited"  # the provider takes no more until `resume_at`
    NO_SESSION = "no_session"  # the session to go on with is not there any more


@dataclass(frozen=True)
class Ending:
    """`reason` is a sentence for people; `resume_at` in ms, for LIMITED, and `guessed` where nobody told it.

    `again`: it failed by what passes, so that another try may go well.
    """

    how: How
    reason: str = ""
    resume_at: int | None = None
    guessed: bool = False
    again: bool = False


@dataclass
class Progress:
    """What is known of a turn so far. Tokens are input and output of this turn."""

    session_id: str | None = None
    tokens_input: int = 0
    tokens_output: int = 0
    cost_usd: float | None = None
    output: str = ""  # the last text, which is the answer once the program has ended
    said: int = 0  # texts, thoughts and calls of the model
    stderr: list[str] = field(default_factory=list)
