"""The control tools: report, plan, hand off, look at tasks."""

from itertools import takewhile

from common.answersize import Room
from common.clock import now_ms
from common.db.reader import Reader
from common.db.write import WriteTransaction
from common.events import TaskStatus
from core.board import commands, lifecycle, planning
from core.runs.records import Run
from core.tasks import queries, records
from core.tools.tool import Arguments, Result


def report(tx: WriteTransaction, run: Run, arguments: Arguments) -> Result:
    lifecycle.report(tx, run, dict(arguments))
    return {"success": True, "status": arguments["status"]}


def plan(tx: WriteTransaction, run: Run, arguments: Arguments) -> Result:
    planning.take_plan(tx, run, dict(arguments))
    return {"success": True}


def hand_off(tx: WriteTransaction, run: Run, arguments: Arguments) -> Result:
    """Starts the child. Its result comes later: who asks waits for its end."""
    return {"runId": commands.hand_off(tx, run, arguments["agentName"], arguments["prompt"])["id"]}


def get_task(tx: WriteTransaction, _: Run, arguments: Arguments) -> Result:
    return read_task(tx, arguments)


def list_tasks(tx: WriteTransaction, _: Run, arguments: Arguments) -> Result:
    return read_tasks(tx, arguments)


def read_task(reader: Reader, arguments: Arguments) -> Result:
    return enveloped(records.load(reader, arguments["taskId"]).full_form)


def read_tasks(reader: Reader, arguments: Arguments) -> Result:
    """A page of short rows; `more` says whether there is another one."""
    status = TaskStatus(arguments["status"]) if "status" in arguments else None
    offset, room = arguments["offset"], Room()
    rows = queries.rows(reader, status, offset, arguments["limit"])
    shown = list(takewhile(room.take, rows))
    total = queries.count(reader, status)
    return enveloped(shown, total=total, offset=offset, more=offset + len(shown) < total)


def enveloped(data: object, **meta: object) -> Result:
    """As the routes of tasks answer."""
    return {"data": data, "meta": {"timestamp": now_ms(), **meta}}
