"""What can drive an agent: one file a provider, each with the same two names, both pure.

`launch(job)` says which program to start, and how. `Output` reads what it writes: `line` and `error_line` take its
lines and return records, `verdict` is set where waiting any longer is no use, and `ending` says how it ended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from runner.providers.ratelimit import Zone
from runner.records import Ending, Progress, Record

PYTHON = ""  # as a `program`: the Python that runs Chorus, with Chorus on its path


@dataclass(frozen=True)
class ToolServer:
    """The MCP server that gives an agent its Chorus tools: a program, and what it needs to know to act for a run."""

    command: list[str]
    environ: dict[str, str]


@dataclass(frozen=True)
class Job:
    """One turn of an agent. `folder` is private to the run and holds the files that `launch` asks for.

    `session` is the one to go on with; `sessions` a folder that outlives the run. `tools` None: it gets none (a test of
    the provider), but a model may be shown the descriptions in `shown`. `budget_usd`: what may still be spent.
    `version`: of the program, where it is known.
    """

    message: str
    system: str
    folder: str
    sessions: str
    provider: Mapping[str, Any]  # the row: api_base_url, api_key, default_model
    model: str | None = None
    session: str | None = None
    web_search: bool = False
    unconfined: bool = False
    tools: ToolServer | None = None
    shown: Sequence[Mapping[str, Any]] = ()
    budget_usd: float | None = None
    version: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Launch:
    """`program` is found on the PATH of the agent; `files` (name to text) are written to the job's folder first."""

    program: str
    arguments: list[str]
    stdin: str
    environ: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


class Output(Protocol):
    """A reader of one turn's output. Times in ms. `zone` is that of the machine.

    `finished`: its result has been read, and nothing but its exit is awaited.
    """

    progress: Progress
    verdict: Ending | None
    zone: Zone

    @property
    def finished(self) -> bool: ...

    def line(self, text: str, now: int) -> list[Record]: ...

    def error_line(self, text: str, now: int) -> list[Record]: ...

    def ending(self, code: int | None, now: int) -> Ending: ...
