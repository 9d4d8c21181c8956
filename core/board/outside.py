"""Work that was done outside: a program with an access token reports on a task that nobody works on."""

from typing import Any

from common.db.write import WriteTransaction
from common.entities.run import AGENT, RunState
from common.errors import Conflict, InvalidStatus
from common.events import TaskStatus
from core.board import lifecycle, moves
from core.runs import records
from core.tasks import history
from core.tasks import records as tasks
from core.tasks.task import Task

REPORTABLE = (TaskStatus.PENDING, TaskStatus.PLANNED, TaskStatus.WAITING)


def report(tx: WriteTransaction, task_id: str, name: str, given: dict[str, Any]) -> Task:
    """A run of its own that begins, reports and ends at once; `name` is the token's, in the place of an agent's.

    Raises NotFound, InvalidStatus, Conflict (an agent is at work or paused).
    """
    task = tasks.load(tx, task_id)
    if task.status not in REPORTABLE:
        raise InvalidStatus(f"Work is reported on a pending, planned or waiting task; this one is {task.status}.")
    if records.unfinished(tx, task_id):
        raise Conflict("An agent is paused on this task. Cancel its run first.")
    run = records.insert(tx, task_id, name, AGENT, "", tools=[], parent=None)
    run = records.save(tx, run, state=RunState.RUNNING)
    task = moves.move(tx, tasks.load(tx, task_id), TaskStatus.ACTIVE, agent=name)
    index = len(task.chain) - 1
    history.append(tx, task_id, "agent_started", agentName=name, handoffIndex=index, runId=run["id"])
    lifecycle.report(tx, run, given)
    lifecycle.end(tx, run["id"], given["output"], crashed=False)
    return tasks.load(tx, task_id)
