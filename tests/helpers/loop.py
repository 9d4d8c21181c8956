"""Our own loop as the program that it is, on a scripted model; read as the runner reads it."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from common.output import OutputKind
from common.settings import ROOT
from runner.providers import Job, ToolServer, openai_compat
from runner.records import Ending, Progress, Record
from tests.helpers.model_server import Action, Talk, model_server

NOW = 1_700_000_000_000
PATIENCE_S = 60.0
Json = dict[str, Any]


class Turn(NamedTuple):
    """What came of a turn. `talks` are the requests that the model got."""

    ending: Ending
    progress: Progress
    records: list[Record]
    talks: list[Talk]
    stderr: str

    def texts(self, kind: OutputKind = OutputKind.TEXT) -> list[str]:
        return [record.data["text"] for record in self.records if record.kind is kind]

    @property
    def results(self) -> list[Json]:
        return [record.data for record in self.records if record.kind is OutputKind.TOOL_RESULT]

    def sent(self, number: int = -1) -> list[Json]:
        """The messages of a request."""
        messages: list[Json] = self.talks[number].raw["messages"]
        return messages


def turn(
    folder: Path,
    script: Callable[[Talk], Action],
    *,
    tools: Mapping[str, str] | None = None,
    shown: Sequence[Mapping[str, Any]] = (),
    session: str | None = None,
    path: str = "/v1",
) -> Turn:
    """A turn, read to its end. `tools`: the environment of a run; `path`: of the provider's address."""
    with model_server(script) as model:
        row = {"api_base_url": f"{model.url}{path}", "api_key": "", "default_model": "scripted"}
        server = ToolServer([], dict(tools)) if tools else None
        job = Job(
            "Say it",
            "Be brief",
            str(folder),
            str(folder / "sessions"),
            row,
            session=session,
            tools=server,
            shown=shown,
        )
        launch = openai_compat.launch(job)
        (folder / "job.json").write_text(launch.files["job.json"])
        command = [sys.executable, *launch.arguments]
        ended = subprocess.run(
            command, cwd=ROOT, input=launch.stdin, capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )
    output = openai_compat.Output()
    records = [record for line in ended.stdout.splitlines() for record in output.line(line, NOW)]
    return Turn(output.ending(ended.returncode, NOW), output.progress, records, model.talks, ended.stderr)
