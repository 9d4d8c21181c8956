"""Where the records of all runs go: into `output.db` of the open workspace, from which the sidecar pushes them."""

from collections.abc import Callable

from core.output.writer import OutputWriter
from core.workspaces.current import Workspace
from runner.records import Record


class Sink:
    """`put` is called from the thread of each run, in the order of its output, and never waits."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._writer: OutputWriter | None = None

    def open(self, workspace: Workspace | None) -> None:
        """From here on records go there; what was put before is written first. None: the runner ends."""
        former, self._writer = self._writer, None
        if former is not None:
            former.close()
        self._writer = workspace.write_output(self._ring) if workspace is not None else None

    def put(self, run_id: str, task_id: str, records: list[Record]) -> None:
        writer = self._writer
        if writer is not None:
            for record in records:
                writer.append(run_id, task_id, record.kind, record.data, record.at)
