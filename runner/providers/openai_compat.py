"""Any server with OpenAI's chat completions: our own small program (runner/openai_agent.py) drives the loop. Pure.

The program runs under a keeper like the others, so that one that hangs or floods is ended like the others.
"""

import json
from typing import Any

from common.output import OutputKind
from runner.providers import PYTHON, Job, Launch
from runner.providers.reading import Lines, count, dollars, limited, refused, words
from runner.records import Ending, How, Record

PROGRAM = PYTHON
INSTALL = ""


def launch(job: Job) -> Launch:
    """The key goes through a private file, not through the environment or arguments."""
    task = {
        "baseUrl": job.provider["api_base_url"],
        "apiKey": job.provider["api_key"],
        "model": job.model or job.provider["default_model"],
        "system": job.system,
        "sessions": job.sessions,
        "session": job.session,
        "tools": job.tools and job.tools.environ,
        "shown": list(job.shown),
    }
    arguments = ["-m", "runner.openai_agent", f"{job.folder}/job.json"]
    return Launch(PROGRAM, arguments, job.message, {}, {"job.json": json.dumps(task)})


class Output(Lines):
    def __init__(self) -> None:
        super().__init__()
        self._end: Ending | None = None

    def _event(self, event: dict[str, Any], now: int) -> list[Record]:
        kind = event.pop("type")
        if kind == "session":
            self.progress.session_id = words(event["id"])
        elif kind in (OutputKind.TEXT, OutputKind.THINKING):
            return [self._said(OutputKind(kind), words(event["text"]), now, first=bool(event["first"]))]
        elif kind == OutputKind.NOTICE:
            return [Record(OutputKind.NOTICE, now, {"text": words(event["text"])})]
        elif kind in (OutputKind.TOOL_CALL, OutputKind.TOOL_RESULT):
            return [Record(OutputKind(kind), now, event)]
        elif kind == "usage":
            self.progress.tokens_input += count(event["input"])
            self.progress.tokens_output += count(event["output"])
            if (cost := dollars(event["costUsd"])) is not None:  # of one answer; a turn has several
                self.progress.cost_usd = (self.progress.cost_usd or 0) + cost
            return [self._usage(now)]
        elif kind == "end":
            self._end = _end(event, now)
        return []

    def _said(self, kind: OutputKind, text: str, now: int, *, first: bool) -> Record:
        """The answer is the last text; its pieces are records in a row."""
        if kind is OutputKind.TEXT:
            self.progress.output = text if first else self.progress.output + text
        return Record(kind, now, {"text": text} | ({"first": True} if first else {}))

    def ending(self, code: int | None, now: int) -> Ending:
        return self._end or self._died(code, "The model's loop")


def _end(event: dict[str, Any], now: int) -> Ending:
    if event["how"] == "limited":
        return limited(event["text"], now, event["waitMs"])
    if event["how"] == "failed":
        return refused(event["status"], event["text"], event["model"])
    return Ending(How(event["how"]), event["text"])
