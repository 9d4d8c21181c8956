"""`python -m runner.check NAME`: tries a provider with one short question; says as JSON on stdout what came of it.

It starts the same program in the same way as a run does and reads it with the same reader, so that what it says is
what a run would meet. It is a process of its own, so that the server that asks for it stays small and can limit its
time.
"""

import json
import os
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import sqlalchemy as sa

from common.db import sqlite, tables
from common.db.database import Reading
from common.db.home import Home
from common.entities.run import AGENT
from common.errors import ChorusError
from common.output import OutputKind
from common.process import adopt_orphans
from common.settings import Settings, load
from common.tools import GRANTABLE
from core.providers import verbs as providers
from core.tools import catalogue
from core.workspaces.current import CurrentWorkspace
from runner import retry, starting
from runner.limits import Limits
from runner.process import CannotStart
from runner.providers import Job
from runner.providers.known import PROVIDERS, Provider
from runner.records import Ending, How, Record
from runner.turn import Turn

ANSWER_S = 40
QUESTION = "Answer with the single word: ready"
_LIMITS = Limits(run_s=ANSWER_S, idle_s=ANSWER_S, output_bytes=1024 * 1024, processes=64)
_a = tables.agents


class Checked(NamedTuple):
    """`message` is one or two sentences for people; `seconds` how long the answer took."""

    ok: bool
    message: str
    seconds: float


def check(provider: Mapping[str, Any], model: str | None, environ: Mapping[str, str]) -> Checked:
    """One question to the provider of this row; `environ` is what agents may have."""
    began = time.monotonic()
    with TemporaryDirectory(prefix="chorus-check-") as folder:
        try:
            ending, answer = _ask(provider, model, environ, Path(folder))
        except CannotStart as problem:
            return Checked(ok=False, message=str(problem), seconds=0.0)
        except OSError as problem:
            return Checked(ok=False, message=f"The program could not be started: {problem.strerror}.", seconds=0.0)
    seconds = round(time.monotonic() - began, 1)
    if ending.how is How.DONE and answer:
        return Checked(ok=True, message=f"It answered within {seconds} s.", seconds=seconds)
    if seconds >= ANSWER_S:
        return Checked(ok=False, message=f"It did not answer within {ANSWER_S} seconds.", seconds=seconds)
    return Checked(ok=False, message=ending.reason or "It ended without an answer.", seconds=seconds)


def _ask(row: Mapping[str, Any], model: str | None, environ: Mapping[str, str], folder: Path) -> tuple[Ending, bool]:
    """How it ended, and whether the model answered: in words or with a call of a tool."""
    provider = PROVIDERS[row["type"]]
    job = Job(
        message=QUESTION,
        system="You answer in one word.",
        folder=str(folder),
        sessions=str(folder / "sessions"),
        provider=row,
        model=model,
        shown=catalogue.described(catalogue.granted({"allowed_tools": GRANTABLE, "kind": AGENT})),
    )
    seen: list[Record] = []
    tried = retry.until_begun(lambda: _attempt(provider, job, environ, seen), _wait)
    has_called = any(record.kind is OutputKind.TOOL_CALL for record in seen)
    return tried.ending, has_called or bool(tried.output.progress.output.strip())


def _attempt(provider: Provider, job: Job, environ: Mapping[str, str], seen: list[Record]) -> retry.Attempt:
    output = provider.output()
    folder = Path(job.folder)
    process = starting.start(f"check-{uuid.uuid4()}", provider, job, folder, environ, _LIMITS.processes)
    turn = Turn(process, output, _LIMITS, waiting=lambda: False, on_records=seen.extend, on_tick=_look_away)
    try:
        return retry.Attempt(output, turn.read())
    finally:
        process.close()


def _wait(seconds: float, _: str) -> bool:
    time.sleep(seconds)
    return True


def _look_away() -> None:
    """Nothing is counted."""


def _model(reading: Reading, name: str) -> str | None:
    """The model of an agent on this provider: an unknown one is found out here."""
    used = sa.select(_a.c.model).where(_a.c.provider == name, _a.c.model.is_not(None), _a.c.deleted_at.is_(None))
    row = reading.execute(used.order_by(_a.c.name).limit(1)).first()
    return row[0] if row else None


def _check_named(settings: Settings, name: str) -> Checked:
    module = sqlite.library(settings.sqlite)
    current = CurrentWorkspace(Home(settings.home, module), module, lambda: None)
    try:
        with current.get().database.read() as reading:
            row, model = providers.registry.get(reading, name), _model(reading, name)
    except ChorusError as error:
        return Checked(ok=False, message=error.message, seconds=0.0)
    finally:
        current.close()
    return check(row, model, starting.agent_environment(os.environ, settings.agent_environment, {}))


def main() -> None:
    adopt_orphans()
    json.dump(_check_named(load(), sys.argv[1])._asdict(), sys.stdout)


if __name__ == "__main__":
    main()
