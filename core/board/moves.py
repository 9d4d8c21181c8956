"""Moving a task, with its history."""

from common.db.write import WriteTransaction
from common.events import TaskStatus
from core.runs.records import Run
from core.tasks import history
from core.tasks import records as tasks
from core.tasks.task import Task


def move(
    tx: WriteTransaction,
    task: Task,
    after: TaskStatus,
    *,
    agent: str | None = None,
    message: str | None = None,
    changed: tuple[str, ...] = (),
) -> Task:
    """Put a task into a state and tell its history, unless it only goes from agent to agent."""
    moved = tasks.save(tx, task.with_status(after, agent=agent, message=message), ["status", "agentChain", *changed])
    if task.status is not after:
        history.append(tx, task.id, "status_changed", **{"from": task.status.value, "to": after.value})
    return moved


def give_to_agent(tx: WriteTransaction, run: Run, entry: str) -> Task:
    """Make the task active with the agent of a new run; `entry` is the history's word for it."""
    task = move(tx, tasks.load(tx, run["task_id"]), TaskStatus.ACTIVE, agent=run["agent_name"])
    index = len(task.chain) - 1
    history.append(tx, task.id, entry, agentName=run["agent_name"], handoffIndex=index, runId=run["id"])
    return task
