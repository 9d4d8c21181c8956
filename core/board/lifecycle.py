"""The life of a run, as its runner and its agent tell it: claimed, running, reported, paused, ended."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from common.db import tables
from common.db.write import WriteTransaction
from common.entities.run import ENDED, PLANNER, RunState
from common.errors import Conflict
from common.events import TaskStatus
from core.board import planning
from core.board.moves import move
from core.runs import records, tokens
from core.runs.records import Run
from core.runs.stack import below, end_state, task_after
from core.tasks import history
from core.tasks import records as tasks

_r = tables.runs


def claim(
    tx: WriteTransaction, *, children_only: bool = False, exclude: Collection[str] = ()
) -> tuple[Run, str] | None:
    """The oldest queued run, now starting, with the token that acts for it; None where nothing waits.

    `children_only`: of those that were handed to; their parents wait for them. `exclude`: ids of runs to pass over.
    """
    queued = sa.select(_r).where(_r.c.state == RunState.QUEUED, _r.c.ended_at.is_(None))
    queued = queued.where(_r.c.id.not_in(list(exclude)))
    queued = queued.order_by(_r.c.rank).limit(1)
    row = tx.execute(queued.where(_r.c.parent_id.is_not(None)) if children_only else queued).first()
    if row is None:
        return None
    token = tokens.new_token()
    run = records.save(
        tx, dict(row._mapping), state=RunState.STARTING, token_hash=tokens.hashed(token), started_at=tx.now
    )
    return run, token


def mark_running(tx: WriteTransaction, run_id: str, session_id: str | None = None) -> Run:
    """The process lives. A run that a person is stopping, or that has handed off already, stays so."""
    run = records.load(tx, run_id)
    if run["state"] != RunState.STARTING:
        return run
    return records.save(tx, run, state=RunState.RUNNING, session_id=session_id or run["session_id"])


def record_usage(
    tx: WriteTransaction, run_id: str, *, session_id: str | None, tokens: tuple[int, int], cost_usd: float | None
) -> Run:
    """What a running agent has used so far (input and output tokens, dollars), and the session to go on with."""
    run = records.load(tx, run_id)
    known = {"session_id": session_id or run["session_id"], "cost_usd": cost_usd}
    known |= {"tokens_input": tokens[0], "tokens_output": tokens[1]}
    if all(run[name] == value for name, value in known.items()):
        return run
    return records.save(tx, run, **known)


def report(tx: WriteTransaction, run: Run, completion_report: dict[str, Any]) -> None:
    """The tool `completion-report`: exactly once, by user agents. It takes effect when the process ends."""
    if run["completion_report"] is not None:
        raise Conflict("This run has reported already.")
    records.save(tx, run, completion_report=completion_report)
    history.append(
        tx,
        run["task_id"],
        "completion_report_submitted",
        status=completion_report["status"],
        summary=completion_report["summary"],
        runId=run["id"],
    )


def end(tx: WriteTransaction, run_id: str, output: str, *, crashed: bool, reason: str | None = None) -> Run:
    """The process is gone. What its run has reported decides; a run that has ended already is left as it is."""
    run = records.load(tx, run_id)
    if run["state"] in ENDED:
        return run
    if run["state"] == RunState.STOPPING:  # a person has decided already where the task goes
        return finish(tx, run, RunState.CANCELLED, reason=run["reason"], output=output, settle=False)
    if run["kind"] == PLANNER:
        return _end_planner(tx, run, output, reason)
    given = run["completion_report"]
    state = end_state(given and given["status"], crashed=crashed)
    return finish(tx, run, state, reason=reason or _reason_of(state, given), output=output)


def interrupt(tx: WriteTransaction, run_id: str, reason: str, output: str | None = None) -> Run:
    """The process was taken away: the server stopped, the runner died, a limit of cost was reached.

    What the run has reported before counts; without a report it can be resumed.
    """
    run = records.load(tx, run_id)
    output = run["output"] if output is None else output
    if run["state"] in ENDED:
        return run
    if run["state"] == RunState.STOPPING or run["completion_report"] is not None:
        return end(tx, run_id, output, crashed=False, reason=None)
    if run["kind"] == PLANNER and run["planner_output"] is not None:
        return _end_planner(tx, run, output, reason)
    return finish(tx, run, RunState.INTERRUPTED, reason=reason, output=output)


def pause(tx: WriteTransaction, run_id: str, reason: str, resume_at: int, guesses: int = 0) -> Run:
    """The provider takes no more for now: the run goes on by itself at `resume_at` (ms), in the same session.

    `guesses`: how many times in a row that time is a guess.

    A planner's task stays in planning; an agent's waits. A run that has ended or reported is not paused.
    """
    run = records.load(tx, run_id)
    if run["state"] not in (RunState.STARTING, RunState.RUNNING):
        return run
    run = records.save(tx, run, state=RunState.PAUSED, reason=reason, resume_at=resume_at, token_hash=None)
    task = tasks.load(tx, run["task_id"])
    data = {"agentName": run["agent_name"], "reason": reason, "resumeAt": resume_at, "runId": run["id"]}
    history.append(tx, run["task_id"], "agent_paused", **data, **({"guesses": guesses} if guesses else {}))
    if task.status is TaskStatus.ACTIVE:
        move(tx, task, TaskStatus.WAITING, agent=run["agent_name"])
    return run


def resume_due(tx: WriteTransaction) -> list[Run]:
    """Queues the paused runs whose time has come, and returns them."""
    due = sa.select(_r.c.id).where(_r.c.ended_at.is_(None), _r.c.state == RunState.PAUSED, _r.c.resume_at <= tx.now)
    return [unpause(tx, records.load(tx, run_id)) for run_id in tx.execute(due).scalars().all()]


def unpause(tx: WriteTransaction, run: Run) -> Run:
    run = records.save(tx, run, state=RunState.QUEUED, resume_at=None, reason=None)
    task = tasks.load(tx, run["task_id"])
    history.append(tx, task.id, "agent_resumed", agentName=run["agent_name"], runId=run["id"])
    if task.status is TaskStatus.WAITING:
        move(tx, task, TaskStatus.ACTIVE, agent=run["agent_name"])
    return run


def _reason_of(state: RunState, given: dict[str, Any] | None) -> str | None:
    if given is not None and state is RunState.BLOCKED:
        return str(given["blockedReason"] or given["summary"])
    if given is not None and state is RunState.FAILED:
        return str(given["summary"])
    return "It ended without a completion report." if state is RunState.INTERRUPTED else None


def _end_planner(tx: WriteTransaction, run: Run, output: str, reason: str | None) -> Run:
    given = run["planner_output"]
    if given is None or given["type"] == "error":
        why = given["error"] if given else reason or "it ended without calling planner-output"
        return finish(tx, run, RunState.FAILED, reason=f"Planner failed: {why}", output=output)
    run = records.save(tx, run, state=RunState.SUCCEEDED, output=output)
    planning.apply(tx, tasks.load(tx, run["task_id"]), given)
    return run


def finish(
    tx: WriteTransaction, run: Run, state: RunState, *, reason: str | None, output: str, settle: bool = True
) -> Run:
    """Ends a run: its children with it, then its parent goes on, or its task moves."""
    stack = records.unfinished(tx, run["task_id"])
    for child in reversed(below(stack, run)):
        records.save(tx, child, state=RunState.CANCELLED, reason="The agent that handed off has ended.")
    run = records.save(tx, run, state=state, reason=reason, output=output)
    _tell_of_end(tx, run)
    parent = next((other for other in reversed(stack) if other["id"] == run["parent_id"]), None)
    if parent is not None:
        _return_to(tx, parent)
    elif settle:
        settle_task(tx, run, state, reason)
    return run


def _tell_of_end(tx: WriteTransaction, run: Run) -> None:
    if run["kind"] == PLANNER:
        history.append(tx, run["task_id"], "planning_failed", error=run["reason"] or "", runId=run["id"])
        return
    task = tasks.load(tx, run["task_id"])
    index = next(n for n, record in enumerate(task.chain) if record["runId"] == run["id"])
    kind = "agent_handoff_completed" if run["parent_id"] else "agent_completed"
    data = {"agentName": run["agent_name"], "handoffIndex": index, "runId": run["id"], "state": run["state"]}
    history.append(tx, run["task_id"], kind, outputLength=len(run["output"].encode("utf-16-le")) // 2, **data)


def _return_to(tx: WriteTransaction, parent: Run) -> None:
    """The child's end gives control back to its parent, whatever the end was: the parent is told."""
    if parent["state"] != RunState.WAITING:  # a person is stopping it
        return
    records.save(tx, parent, state=RunState.RUNNING)
    task = tasks.load(tx, parent["task_id"])
    if task.status is TaskStatus.ACTIVE:
        move(tx, task, TaskStatus.ACTIVE, agent=parent["agent_name"])


def settle_task(tx: WriteTransaction, run: Run, state: RunState, reason: str | None) -> None:
    """The outermost run has ended: its task moves, unless a person has moved it before."""
    task = tasks.load(tx, run["task_id"])
    if task.status is TaskStatus.PLANNING:
        if state is RunState.FAILED:
            move(tx, task, TaskStatus.FAILED, message=reason)
        else:
            move(tx, task, TaskStatus.PENDING)
    elif task.status is TaskStatus.ACTIVE:
        outcome = task_after(state, reason)
        move(tx, task, outcome.status, agent=run["agent_name"], message=outcome.message)
