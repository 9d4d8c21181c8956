"""Run: an agent's work on a task."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from common.entities import kinds
from common.entities.declare import Entity, Sent, declare, derive
from common.fields.parts import StoredReportSchema, TokensSchema

PLANNER, AGENT = "planner", "agent"


class RunState(StrEnum):
    """`state` of a run. `waiting`: a child works. The last five are ends."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    STOPPING = "stopping"
    SUCCEEDED = "succeeded"
    BLOCKED = "blocked"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


ENDED = frozenset({RunState.SUCCEEDED, RunState.BLOCKED, RunState.FAILED, RunState.CANCELLED, RunState.INTERRUPTED})

_ID = kinds.text()
_NAME = kinds.text(max_length=200)
_TIME = kinds.time()
_COUNT = kinds.whole()
_UNSET = {"nullable": True, "missing": None}


def _tokens(run: Any) -> dict[str, int]:
    return {"input": run["tokens_input"], "output": run["tokens_output"]}


@dataclass(frozen=True, kw_only=True)
class Run:
    """An agent's work on a task. `waiting`: a child works; `resumeAt` with `paused`."""

    id: str = declare(_ID)
    task_id: str = declare(_ID, exported=False)
    agent_name: str = declare(_NAME)
    kind: str = declare(kinds.one_of((PLANNER, AGENT)))
    parent_id: str | None = declare(_ID, key="parentRunId", **_UNSET)
    state: str = declare(kinds.one_of(list(RunState), import_any=True))
    reason: str | None = declare(_ID, **_UNSET)
    resume_at: int | None = declare(_TIME, nullable=True, exported=False)
    started_at: int | None = declare(_TIME, **_UNSET)
    ended_at: int | None = declare(_TIME, **_UNSET)
    session_id: str | None = declare(_ID, **_UNSET)
    tokens: ClassVar[Any] = derive(kinds.record(TokensSchema), _tokens, exported=False)
    cost_usd: float | None = declare(kinds.amount(), **_UNSET)
    allowed_tools: list[str] = declare(kinds.texts(), missing=list, about="granted for this run")
    version: int = declare(kinds.whole(1), missing=1)
    output: str = declare(_ID, sent=Sent.IN_FULL, missing="")
    completion_report: dict[str, Any] | None = declare(kinds.document(StoredReportSchema), sent=Sent.IN_FULL, **_UNSET)
    queued_at: int = declare(_TIME, sent=Sent.NEVER)
    tokens_input: int = declare(_COUNT, sent=Sent.NEVER, missing=0)
    tokens_output: int = declare(_COUNT, sent=Sent.NEVER, missing=0)
    input: str = declare(_ID, sent=Sent.NEVER, missing="")
    planner_output: dict[str, Any] | None = declare(kinds.document(), sent=Sent.NEVER, **_UNSET)


RUN = Entity(Run)
