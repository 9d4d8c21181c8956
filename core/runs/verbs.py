"""Starting, feeding and ending runs. The runner and people use the same verbs; each is one transaction."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from common.db import tables
from common.db.write import WriteTransaction
from common.entities.run import AGENT, ENDED, PLANNER, RunState
from common.errors import Conflict, InvalidStatus, ValidationFailed
from common.events import TaskStatus
from common.schemas.names import NOT_CONFIGURED
from core.agents import verbs as agents
from core.config import verbs as config
from core.runs import records, tokens
from core.runs.prompts import planner_prompt
from core.runs.records import Run
from core.runs.stack import above, below, end_state, may_become, task_after
from core.tasks import history
from core.tasks import records as tasks
from core.tasks.task import Task

DEEPEST_HANDOFF = 5
_r = tables.runs
_a = tables.agents


# --- the planner ---


def plan(tx: WriteTransaction, task_id: str) -> Task:
    """pending -> planning: queues a planner. Raises Conflict (no provider for the planner), InvalidStatus."""
    _check_planner(tx)
    task = tasks.load(tx, task_id)
    if task.status is not TaskStatus.PENDING:
        raise InvalidStatus(f"Only a pending task can be planned; this one is {task.status}.")
    return _start_planner(tx, task)


def answer(tx: WriteTransaction, task_id: str, answers: list[str]) -> Task:
    """awaiting_input -> planning: stores the answers and plans on. Raises InvalidStatus, ValidationFailed."""
    _check_planner(tx)
    task = tasks.load(tx, task_id)
    if task.status is not TaskStatus.AWAITING_INPUT:
        raise InvalidStatus(f"Only a task that awaits input takes answers; this one is {task.status}.")
    if len(answers) > len(task.questions):
        raise ValidationFailed("Some fields are not valid.", fields={"answers": ["There are fewer questions."]})
    given = answers + [question["answer"] for question in task.questions[len(answers) :]]
    questions = [question | {"answer": text} for question, text in zip(task.questions, given, strict=True)]
    numbered = {f"question_{n}": question["question"] for n, question in enumerate(questions, 1)}
    numbered |= {f"answer_{n}": text for n, text in enumerate(answers, 1)}
    history.append(tx, task_id, "answers_submitted", **numbered, answerCount=len(answers))
    session = records.last_session(tx, task_id, PLANNER)
    return _start_planner(tx, replace(task, questions=questions), "questions", session=session)


def _check_planner(tx: WriteTransaction) -> None:
    if config.read(tx)["system_provider"] == NOT_CONFIGURED:
        raise Conflict("No provider is set for the planner. Choose one on the Settings page.")
    agents.registry.get(tx, agents.PLANNER)


def _start_planner(tx: WriteTransaction, task: Task, *changed: str, session: str | None = None) -> Task:
    offered = tx.execute(
        sa.select(_a).where(_a.c.type == "user_defined", _a.c.deleted_at.is_(None)).order_by(_a.c.name)
    )
    prompt = planner_prompt(task, [dict(row._mapping) for row in offered])
    records.insert(tx, task.id, agents.PLANNER, PLANNER, prompt, tools=[], parent=None, session_id=session)
    task = move(tx, task, TaskStatus.PLANNING, agent=agents.PLANNER, changed=changed)
    history.append(tx, task.id, "planning_started", description=prompt)
    return task


# --- user agents ---

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
    task = move(tx, tasks.load(tx, task_id), TaskStatus.ACTIVE, agent=agent_name)
    history.append(
        tx, task_id, "agent_started", agentName=agent_name, handoffIndex=len(task.chain) - 1, runId=run["id"]
    )
    return task


def _end_paused(tx: WriteTransaction, task_id: str) -> None:
    """On a waiting task only paused runs are left: another one takes over."""
    for left in reversed(records.unfinished(tx, task_id)):
        _finish(tx, left, RunState.CANCELLED, reason="Another run was started.", output=left["output"])


def hand_off(tx: WriteTransaction, parent: Run, agent_name: str, prompt: str) -> Run:
    """The tool `handoff` of a run at work: pushes a child, for which it waits.

    Raises NotFound, Conflict (cycle, too deep, the agent cannot run).
    """
    agent = agents.check_runnable(tx, agent_name)
    chain = above(records.unfinished(tx, parent["task_id"]), parent)
    if any(run["agent_name"] == agent_name for run in chain):
        raise Conflict(f"Agent {agent_name!r} is already at work in this chain; a hand-off to it would never end.")
    if len(chain) > DEEPEST_HANDOFF:
        raise Conflict(f"Hand-offs may be {DEEPEST_HANDOFF} deep at most.")
    records.save(tx, parent, state=RunState.WAITING)
    task_id = parent["task_id"]
    child = records.insert(tx, task_id, agent_name, AGENT, prompt, tools=agent["allowed_tools"], parent=parent)
    task = move(tx, tasks.load(tx, task_id), TaskStatus.ACTIVE, agent=agent_name)
    index = len(task.chain) - 1
    history.append(tx, task_id, "agent_handoff_started", agentName=agent_name, handoffIndex=index, runId=child["id"])
    return child


# --- what the runner says ---


def claim(tx: WriteTransaction, *, children_only: bool = False, but: Collection[str] = ()) -> tuple[Run, str] | None:
    """The oldest queued run, now starting, with the token that acts for it; None where nothing waits.

    `children_only`: of those that were handed to; their parents wait for them. `but`: ids of runs that are not meant.
    """
    queued = sa.select(_r).where(_r.c.state == RunState.QUEUED, _r.c.ended_at.is_(None), _r.c.id.not_in(list(but)))
    queued = queued.order_by(_r.c.rank).limit(1)
    row = tx.execute(queued.where(_r.c.parent_id.is_not(None)) if children_only else queued).first()
    if row is None:
        return None
    token = tokens.new_token()
    run = records.save(
        tx, dict(row._mapping), state=RunState.STARTING, token_hash=tokens.hashed(token), started_at=tx.now
    )
    return run, token


def is_running(tx: WriteTransaction, run_id: str, session_id: str | None = None) -> Run:
    """The process lives. A run that a person is stopping, or that has handed off already, stays so."""
    run = records.load(tx, run_id)
    if run["state"] != RunState.STARTING:
        return run
    return records.save(tx, run, state=RunState.RUNNING, session_id=session_id or run["session_id"])


def note(
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


def take_plan(tx: WriteTransaction, run: Run, output: dict[str, Any]) -> None:
    """The tool `planner-output`: exactly once, by the planner. Raises Conflict, ValidationFailed."""
    if run["planner_output"] is not None:
        raise Conflict("The planner has given its output already.")
    assigned = output.get("assignedAgent")
    if assigned is not None:
        known = [row["name"] for row in _user_agents(tx)]
        if assigned not in known:
            names = ", ".join(known) or "none"
            raise ValidationFailed("Some fields are not valid.", fields={"assignedAgent": [f"Choose one of: {names}."]})
    records.save(tx, run, planner_output=output)
    history.append(tx, run["task_id"], "planner_output_submitted", tool="planner-output", runId=run["id"])


def _user_agents(tx: WriteTransaction) -> list[Run]:
    rows = tx.execute(sa.select(_a).where(_a.c.type == "user_defined", _a.c.deleted_at.is_(None)).order_by(_a.c.name))
    return [dict(row._mapping) for row in rows]


def ended(tx: WriteTransaction, run_id: str, output: str, *, crashed: bool, reason: str | None = None) -> Run:
    """The process is gone. What its run has reported decides; a run that has ended already is left as it is."""
    run = records.load(tx, run_id)
    if run["state"] in ENDED:
        return run
    if run["state"] == RunState.STOPPING:  # a person has decided already where the task goes
        return _finish(tx, run, RunState.CANCELLED, reason=run["reason"], output=output, settle=False)
    if run["kind"] == PLANNER:
        return _planner_ended(tx, run, output, reason)
    given = run["completion_report"]
    state = end_state(given and given["status"], crashed=crashed)
    return _finish(tx, run, state, reason=reason or _reason(state, given), output=output)


def interrupted(tx: WriteTransaction, run_id: str, reason: str, output: str | None = None) -> Run:
    """The process was taken away: the server stopped, the runner died, a limit of cost was reached.

    What the run has reported before counts; without a report it can be resumed.
    """
    run = records.load(tx, run_id)
    output = run["output"] if output is None else output
    if run["state"] in ENDED:
        return run
    if run["state"] == RunState.STOPPING or run["completion_report"] is not None:
        return ended(tx, run_id, output, crashed=False, reason=None)
    if run["kind"] == PLANNER and run["planner_output"] is not None:
        return _planner_ended(tx, run, output, reason)
    return _finish(tx, run, RunState.INTERRUPTED, reason=reason, output=output)


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
    return [_unpause(tx, records.load(tx, run_id)) for run_id in tx.execute(due).scalars().all()]


def _unpause(tx: WriteTransaction, run: Run) -> Run:
    run = records.save(tx, run, state=RunState.QUEUED, resume_at=None, reason=None)
    task = tasks.load(tx, run["task_id"])
    history.append(tx, task.id, "agent_resumed", agentName=run["agent_name"], runId=run["id"])
    if task.status is TaskStatus.WAITING:
        move(tx, task, TaskStatus.ACTIVE, agent=run["agent_name"])
    return run


def _reason(state: RunState, given: dict[str, Any] | None) -> str | None:
    if given is not None and state is RunState.BLOCKED:
        return str(given["blockedReason"] or given["summary"])
    if given is not None and state is RunState.FAILED:
        return str(given["summary"])
    return "It ended without a completion report." if state is RunState.INTERRUPTED else None


def _planner_ended(tx: WriteTransaction, run: Run, output: str, reason: str | None) -> Run:
    given = run["planner_output"]
    if given is None or given["type"] == "error":
        why = given["error"] if given else reason or "it ended without calling planner-output"
        return _finish(tx, run, RunState.FAILED, reason=f"Planner failed: {why}", output=output)
    run = records.save(tx, run, state=RunState.SUCCEEDED, output=output)
    apply = _apply_plan if given["type"] == "plan" else _apply_questions
    apply(tx, tasks.load(tx, run["task_id"]), given)
    return run


def _apply_plan(tx: WriteTransaction, task: Task, given: dict[str, Any]) -> None:
    planned = replace(
        task,
        planned=True,
        summary=given["summary"],
        requirements=given["requirements"],
        acceptance_criteria=given["acceptanceCriteria"],
        plan=given["plan"],
        assigned_agent=given.get("assignedAgent"),
    )
    numbered = _numbered("requirement", given["requirements"])
    numbered |= _numbered("acceptance_criteria", given["acceptanceCriteria"]) | _numbered("plan_step", given["plan"])
    assigned = {"assigned_agent": given["assignedAgent"]} if given.get("assignedAgent") else {}
    history.append(tx, task.id, "planning_completed", summary=given["summary"], **numbered, **assigned)
    fields = ("summary", "requirements", "acceptanceCriteria", "plan", "assignedAgent")
    move(tx, planned, TaskStatus.PLANNED, changed=fields)


def _apply_questions(tx: WriteTransaction, task: Task, given: dict[str, Any]) -> None:
    kept = [question for question in task.questions if question["answer"] is not None]
    asked = kept + [{"question": text, "answer": None} for text in given["questions"]]
    numbered = _numbered("question", given["questions"])
    history.append(tx, task.id, "planning_questions_returned", **numbered, questionCount=len(given["questions"]))
    move(tx, replace(task, planned=True, questions=asked), TaskStatus.AWAITING_INPUT, changed=("questions",))


def _numbered(word: str, texts: list[str]) -> dict[str, str]:
    return {f"{word}_{number}": text for number, text in enumerate(texts, 1)}


# --- ends ---


def _finish(
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
        _settle(tx, run, state, reason)
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


def _settle(tx: WriteTransaction, run: Run, state: RunState, reason: str | None) -> None:
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


def move(
    tx: WriteTransaction,
    task: Task,
    after: TaskStatus,
    *,
    agent: str | None = None,
    message: str | None = None,
    changed: tuple[str, ...] = (),
) -> Task:
    """Puts a task into a state and tells its history, unless it only goes from agent to agent."""
    moved = tasks.save(tx, task.with_status(after, agent=agent, message=message), ["status", "agentChain", *changed])
    if task.status is not after:
        history.append(tx, task.id, "status_changed", **{"from": task.status.value, "to": after.value})
    return moved


# --- people ---


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
        return _finish(tx, run, RunState.CANCELLED, reason=reason, output=run["output"])
    for child in reversed(below(records.unfinished(tx, run["task_id"]), run)):
        stop_process(tx, child, "The agent that handed off was stopped.")
    stop_process(tx, run, reason)
    if run["parent_id"] is None:
        _settle(tx, run, RunState.CANCELLED, reason)
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
        _unpause(tx, run)
        return tasks.load(tx, task.id)
    if run["kind"] != AGENT or run["state"] not in ENDED:
        raise Conflict("Only an agent's run that has ended or is paused can be resumed.")
    tools = agents.check_runnable(tx, run["agent_name"])["allowed_tools"]
    _end_paused(tx, task.id)
    session = {"parent": None, "session_id": run["session_id"]}
    again = records.insert(tx, task.id, run["agent_name"], AGENT, run["input"], tools=tools, **session)
    task = move(tx, tasks.load(tx, run["task_id"]), TaskStatus.ACTIVE, agent=run["agent_name"])
    index = len(task.chain) - 1
    history.append(tx, task.id, "agent_started", agentName=run["agent_name"], handoffIndex=index, runId=again["id"])
    return task


def close_by_hand(tx: WriteTransaction, task_id: str, output: str) -> None:
    """A person closes the agent at work with the output they give. Raises NotFound, Conflict (nobody at work)."""
    tasks.load(tx, task_id)
    stack = records.unfinished(tx, task_id)
    if not stack or stack[-1]["kind"] == PLANNER:
        raise Conflict("No agent works on this task.")
    ended(tx, stack[-1]["id"], output, crashed=False, reason="Closed by a person.")
