"""What all attendants share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from common.settings import Settings
from core.runs.costs import Caps
from runner.limits import Limits


@dataclass(frozen=True)
class House:
    """`environ` is ours, from which agents get what the settings let pass; `tool_server` starts their MCP server.

    `ring_output` tells the sidecar that an agent has said something.
    """

    settings: Settings
    environ: Mapping[str, str]
    ring_output: Callable[[], None]
    tool_server: list[str]

    @property
    def limits(self) -> Limits:
        s = self.settings
        return Limits(s.run_s, s.run_idle_s, s.run_output_bytes, s.run_processes)

    @property
    def caps(self) -> Caps:
        s = self.settings
        return Caps(s.task_cost_usd, s.day_cost_usd, s.task_tokens, s.day_tokens)

    def folder(self, run_id: str) -> Path:
        """Private to one run: its message, its configuration, its token."""
        return self.settings.home / "run" / "agents" / run_id
