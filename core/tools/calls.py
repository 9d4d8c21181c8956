"""A call of a tool from its arrival to its record."""

import hashlib
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from common.clock import now_ms
from common.db import tables
from common.db.database import Database
from common.db.reader import Reader
from common.db.write import WriteTransaction
from common.entities.run import ENDED, RunState
from common.errors import ChorusError, Conflict, KeyReused, NotFound, Unauthorized
from common.wire import dumps
from core import idempotency
from core.config import verbs as config
from core.files.drafts import LEDGER, Drafts
from core.files.folders import Folders
from core.files.walk import identities
from core.idempotency import Answer
from core.runs import tokens
from core.runs.records import Run
from core.tasks import history
from core.tasks import records as tasks
from core.tools import catalogue
from core.tools.pace import Pace
from core.tools.tool import Context
from core.workspaces.opening import SESSIONS, UPLOADS, WORK

log = logging.getLogger(__name__)
CLOSED_FOLDERS = (UPLOADS, WORK, SESSIONS, LEDGER)  # of the workspace: what is kept, and the agents' own folders
LATE_CALLS_KEPT = 100  # history entries of an ended run's calls
_h = tables.history
_pace = Pace()


class Call(NamedTuple):
    """`arguments` as they came; `key` of its Idempotency-Key, if it has one."""

    task_id: str
    token: str | None
    tool: str
    arguments: dict[str, Any]
    call_id: str
    key: idempotency.Request | None = None


def perform(database: Database, call: Call) -> Answer:
    """Runs a tool for the run that the token stands for, and records it, refused or not; a repeated key has no effect.

    Raises NotFound (the task), Unauthorized, Forbidden, BadRequest, ValidationFailed, Conflict, RateLimited and what
    the tool raises.
    """
    _pace.take(_who(call), time.monotonic())
    try:
        return _attempt(database, call)
    except KeyReused:
        raise
    except ChorusError as error:
        if error.status >= 500:
            raise
        first = _refuse(database, call, error)
        if first is None:
            raise
        return first


def _who(call: Call) -> str:
    return hashlib.sha256((call.token or "").encode()).hexdigest()


def usable(reader: Reader, task_id: str, token: str | None) -> list[dict[str, Any]]:
    """The description of the tools that the token's run may use now. Raises NotFound, Unauthorized."""
    tasks.load(reader, task_id)
    return catalogue.described(catalogue.granted(tokens.run_of(reader, token, task_id)))


def _attempt(database: Database, call: Call) -> Answer:
    with database.read() as reading:
        run = _acting(reading, call)
        first = call.key and idempotency.look(reading, call.key, now_ms())
        folders = _folders(reading, database.path.parent)
    if first:
        return first
    tool = catalogue.find(run, call.tool)
    arguments = catalogue.valid(call.tool, call.arguments)
    context = Context(folders, Drafts(database.path.parent), _alive(database, call))
    with tool(context, arguments) as commit, database.write() as tx:
        if call.key and (first := idempotency.find(tx, call.key)):
            return first
        run = _acting(tx, call)
        catalogue.find(run, call.tool)  # the grant may have been taken away meanwhile
        output = dumps(commit(tx, run))
        _record(tx, run, call, "success", output)
        answer = Answer(200, output, str(tx.position))
        if call.key:
            idempotency.keep(tx, call.key, answer)
    return answer


def _acting(reader: Reader, call: Call) -> Run:
    tasks.load(reader, call.task_id)
    run = tokens.run_of(reader, call.token, call.task_id)
    if run["state"] not in (RunState.STARTING, RunState.RUNNING):
        raise Conflict(f"This run cannot act now: it is {run['state']}.")
    return run


def _folders(reader: Reader, workspace: Path) -> Folders:
    """Closed: the workspace itself, where it lies in an allowed folder, and what Chorus keeps in it in any case."""
    configured = config.read(reader)
    allowed = configured["allowed_directories"]
    inside = identities(workspace / name for name in CLOSED_FOLDERS)
    itself = identities([workspace]) - identities(map(Path, allowed))
    return Folders(allowed, configured["initial_directory"], inside | itself)


def _alive(database: Database, call: Call) -> Callable[[], bool]:
    def alive() -> bool:
        try:
            with database.read() as reading:
                _acting(reading, call)
        except ChorusError as error:
            return error.status >= 500  # a hiccup says nothing of the run
        return True

    return alive


def _refuse(database: Database, call: Call, error: ChorusError) -> Answer | None:
    """Records the refusal with the run whose token was used; returns the first answer where a twin was quicker."""
    with database.read() as reading:
        holder = tokens.holder(reading, call.token)
    if holder is None:
        log.warning("tool %s of task %s refused: unknown token", call.tool[:100], call.task_id)
        return None
    with database.write() as tx:
        first = call.key and idempotency.find(tx, call.key)
        if first and not isinstance(error, Unauthorized):
            return first
        if _is_worth_keeping(tx, holder):
            _record(tx, holder, call, "error", error.message)
        if call.key and not first and not isinstance(error, Unauthorized):
            idempotency.keep(tx, call.key, Answer(error.status, dumps(error.body()), str(tx.position)))
    return None


def _is_worth_keeping(tx: WriteTransaction, holder: Run) -> bool:
    """A process may call on after its run's end, until it is ended itself: the first hundred calls tell enough."""
    try:
        tasks.load(tx, holder["task_id"])
    except NotFound:
        return False
    if holder["state"] not in ENDED:
        return True
    late = sa.select(_h.c.id).where(_h.c.task_id == holder["task_id"], _h.c.at >= holder["ended_at"])
    return len(tx.execute(late.limit(LATE_CALLS_KEPT)).all()) < LATE_CALLS_KEPT


def _record(tx: WriteTransaction, run: Run, call: Call, status: str, output: str) -> None:
    """The history entry of a call, with what went in and what came out."""
    told = {"tool": call.tool[:100], "status": status, "input": dumps(call.arguments), "output": output}
    _pace.carried(_who(call), len((told["input"] + output).encode()), time.monotonic())
    history.append(tx, run["task_id"], "tool_executed", **told, callId=call.call_id, runId=run["id"])
