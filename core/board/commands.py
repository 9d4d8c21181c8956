"""What people decide, and agents by their tools: start, hand off, stop, resume, move by hand."""

from dataclasses import replace

from common.db.write import WriteTransaction
from common.entities.run import AGENT, ENDED, PLANNER, RunState
from common.errors import Conflict, InvalidStatus
from common.events import TaskStatus
from core.agents import verbs as agents
from core.board import lifecycle
from core.board.moves import give_to_agent
from core.runs import records
from core.runs.records import Run
from core.runs.stack import above, below, may_become
from core.tasks import history
from core.tasks import records as tasks
from core.tasks.status import check_person_move
from core.tasks.task import Task

MAX_HANDOFF_DEPTH = 5
_STARTABLE = (TaskStatus.PLANNED, TaskStatus.WAITING, TaskStatus.PENDING)


def start(tx: WriteTransaction, task_id: str, agent_name: str, prompt: str, *, force: bool) -> Task:
    """planned, waiting or pending -> active: queues an agent. A pending task needs a plan, or `force`.

    Raises NotFound, Conflict (the agent cannot run, or another is at work), InvalidStatus.
    """
    task = tasks.load(tx, task_id)
    if task.status not in _STARTABLE:
        raise InvalidStatus(
            f"An agent can be started on a planned, waiting or pending task; this one is {task.status}."
        )
    if task.status is TaskStatus.PENDING and not task.has_plan and not force:
        raise InvalidStatus('This task has no plan yet. Plan it first, or start the agent with "force": true.')
    agent = agents.check_runnable(tx, agent_name)
    _end_paused(tx, task_id)
    run = records.insert(tx, task_id, agent_name, AGENT, prompt, tools=agent["allowed_tools"], parent=None)
    return give_to_agent(tx, run, "agent_started")


def _end_paused(tx: WriteTransaction, task_id: str) -> None:
    """On a waiting task only paused runs are left: another one takes over."""
    for left in reversed(records.unfinished(tx, task_id)):
        lifecycle.finish(tx, left, RunState.CANCELLED, reason="Another run was started.", output=left["output"])


def hand_off(tx: WriteTransaction, parent: Run, agent_name: str, prompt: str) -> Run:
    """The tool `handoff` of a run at work: pushes a child, for which it waits.

    Raises NotFound, Conflict (cycle, too deep, the agent cannot run).
    """
    agent = agents.check_runnable(tx, agent_name)
    chain = above(records.unfinished(tx, parent["task_id"]), parent)
    if any(run["agent_name"] == agent_name for run in chain):
        raise Conflict(f"Agent {agent_name!r} is already at work in this chain; a hand-off to it would never end.")
    if len(chain) > MAX_HANDOFF_DEPTH:
        raise Conflict(f"Hand-offs may be {MAX_HANDOFF_DEPTH} deep at most.")
    records.save(tx, parent, state=RunState.WAITING)
    task_id = parent["task_id"]
    child = records.insert(tx, task_id, agent_name, AGENT, prompt, tools=agent["allowed_tools"], parent=parent)
    give_to_agent(tx, child, "agent_handoff_started")
    return child


def cancel(tx: WriteTransaction, run_id: str, reason: str = "Cancelled by a person.") -> Run:
    """Stops a run and all below it. A run without a process ends at once; a living one when its process is gone.

    Raises Conflict where it has ended already.
    """
    run = records.load(tx, run_id)
    if run["state"] in ENDED:
        raise Conflict(f"This run has ended already: {run['state']}.")
    if run["state"] == RunState.STOPPING:  # the task has moved before; others may work on it by now
        return run
    if run["state"] in (RunState.QUEUED, RunState.PAUSED):
        return lifecycle.finish(tx, run, RunState.CANCELLED, reason=reason, output=run["output"])
    for child in reversed(below(records.unfinished(tx, run["task_id"]), run)):
        stop_process(tx, child, "The agent that handed off was stopped.")
    stop_process(tx, run, reason)
    if run["parent_id"] is None:
        lifecycle.settle_task(tx, run, RunState.CANCELLED, reason)
    return records.load(tx, run_id)


def cancel_all(tx: WriteTransaction, task_id: str, reason: str) -> None:
    """Cancels whatever works on a task, which then waits, or can be planned again."""
    for run in records.unfinished(tx, task_id):
        if run["parent_id"] is None:
            cancel(tx, run["id"], reason)


def stop_process(tx: WriteTransaction, run: Run, reason: str) -> None:
    """Marks the run for the runner; what never had a process ends here."""
    state = RunState.CANCELLED if run["state"] in (RunState.QUEUED, RunState.PAUSED) else RunState.STOPPING
    if may_become(RunState(run["state"]), state):
        records.save(tx, run, state=state, reason=reason)


def stop_all(tx: WriteTransaction, task_id: str, reason: str) -> None:
    """A person has decided about the task: whatever works on it stops, and its later end changes nothing."""
    for run in reversed(records.unfinished(tx, task_id)):
        stop_process(tx, run, reason)


def resume(tx: WriteTransaction, run_id: str) -> Task:
    """waiting -> active: queues a run that goes on in the same session. Raises Conflict, InvalidStatus."""
    run = records.load(tx, run_id)
    task = tasks.load(tx, run["task_id"])
    if task.status is not TaskStatus.WAITING:
        raise InvalidStatus(f"Only a waiting task can be resumed; this one is {task.status}.")
    if run["state"] == RunState.PAUSED:
        lifecycle.unpause(tx, run)
        return tasks.load(tx, task.id)
    if run["kind"] != AGENT or run["state"] not in ENDED:
        raise Conflict("Only an agent's run that has ended or is paused can be resumed.")
    tools = agents.check_runnable(tx, run["agent_name"])["allowed_tools"]
    _end_paused(tx, task.id)
    session = {"parent": None, "session_id": run["session_id"]}
    again = records.insert(tx, task.id, run["agent_name"], AGENT, run["input"], tools=tools, **session)
    return give_to_agent(tx, again, "agent_started")


def close_by_hand(tx: WriteTransaction, task_id: str, output: str) -> None:
    """A person closes the agent at work with the output they give. Raises NotFound, Conflict (nobody at work)."""
    tasks.load(tx, task_id)
    stack = records.unfinished(tx, task_id)
    if not stack or stack[-1]["kind"] == PLANNER:
        raise Conflict("No agent works on this task.")
    lifecycle.end(tx, stack[-1]["id"], output, crashed=False, reason="Closed by a person.")


def change_status(
    tx: WriteTransaction, task_id: str, after: TaskStatus, message: str | None, if_match: int | None
) -> Task:
    """A person's move on the board. Raises InvalidTransition where A3's table has no such move."""
    task = tasks.load(tx, task_id)
    tasks.check_version(task, if_match, ["status"])
    check_person_move(task.status, after, has_plan=task.has_plan)
    stop_all(tx, task_id, f"A person moved the task to {after}.")
    stopped = tasks.load(tx, task_id)  # with what the stopped runs have left in its chain
    moved = replace(stopped.with_status(after, agent=task.status_agent, message=message), archived_at=None)
    moved = tasks.save(tx, moved, ["status"])
    history.append(tx, task_id, "status_changed", **{"from": task.status.value, "to": after.value})
    return moved
