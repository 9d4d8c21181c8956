"""The voice of agents: `python -m tests.helpers.speaker HOME RATE COUNT RUN:TASK …`, a process that writes output.

Each run says COUNT records, RATE a second (0: all at once): texts `said 1`, `said 2` …, every fifth a tool call with
its result in the next. It ends when all is written.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common.clock import now_ms
from common.db import sqlite
from common.db.home import Home
from common.output import OutputKind
from common.queue import OUTPUT, Bell, bell_path
from common.settings import load
from core.workspaces.current import CurrentWorkspace

WRITTEN_EVERY = 5_000


def words() -> Iterator[tuple[OutputKind, dict[str, Any]]]:
    """What an agent says, for ever."""
    n = 1
    while True:
        if n % 5 == 0:
            call = f"call-{n}"
            yield OutputKind.TOOL_CALL, {"callId": call, "tool": "file.read", "input": {"path": f"notes/{n}.md"}}
            yield OutputKind.TOOL_RESULT, {"callId": call, "output": f"read {n}", "isError": n % 10 == 0}
            n += 2
        else:
            yield OutputKind.TEXT, {"text": f"said {n}", "first": True}
            n += 1


def main(home: str, rate: str, count: str, *runs: str) -> None:
    settings = load({"CHORUS_HOME": home})
    module = sqlite.library(settings.sqlite)
    current = CurrentWorkspace(Home(Path(home), module), module, lambda: None)
    bell = Bell(bell_path(Path(home), OUTPUT))
    writer = current.get().write_output(bell.ring)
    began = time.monotonic()
    for spoken, (kind, data) in zip(range(int(count)), words(), strict=False):
        for run in runs:
            run_id, _, task_id = run.partition(":")
            writer.append(run_id, task_id, kind, data, now_ms())
        if spoken % WRITTEN_EVERY == 0:  # no agent is so fast that what it says fills the buffer
            writer.write()
        if float(rate):
            time.sleep(max(0.0, began + spoken / float(rate) - time.monotonic()))
    writer.close()
    bell.close()
    current.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
