"""What is read from an agent's output, and how a turn ends. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class Kind(StrEnum):
    """`kind` of a record."""

    TEXT = "text"  # data: text
    TOOL_CALL = "tool_call"  # data: id, tool, input
    TOOL_RESULT = "tool_result"  # data: id, output, isError
    USAGE = "usage"  # data: input, output (tokens so far), costUsd or null
    STATUS = "status"  # data: text; what the program or Chorus says about the run itself
    ERROR = "error"  # data: text


@dataclass(frozen=True)
class Record:
    """One thing that an agent did, at a time in ms."""

    kind: Kind
    at: int
    data: dict[str, Any]


class Sink(Protocol):
    """Where the records of all runs go. Called from the thread of each run, in the order of its output."""

    def put(self, run_id: str, task_id: str, records: list[Record]) -> None: ...


class Discard:
    """A sink for who does not look."""

    def put(self, run_id: str, task_id: str, records: list[Record]) -> None:
        """Nothing is kept."""


class How(StrEnum):
    """How a turn of an agent's program ended."""

    DONE = "done"
    FAILED = "failed"
    LIMITED = "limited"  # the provider takes no more until `resume_at`
    NO_SESSION = "no_session"  # the session to go on with is not there any more


@dataclass(frozen=True)
class Ending:
    """`reason` is a sentence for people; `resume_at` in ms, for LIMITED."""

    how: How
    reason: str = ""
    resume_at: int | None = None


@dataclass
class Progress:
    """What is known of a turn so far. Tokens are input and output of this turn."""

    session_id: str | None = None
    tokens_input: int = 0
    tokens_output: int = 0
    cost_usd: float | None = None
    output: str = ""  # the last text, which is the answer once the program has ended
    stderr: list[str] = field(default_factory=list)
