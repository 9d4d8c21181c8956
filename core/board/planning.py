"""Planning a task: starting the planner, answering its questions, taking what it gives."""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from common.db import tables
from common.db.write import WriteTransaction
from common.entities.agent import USER_DEFINED
from common.entities.run import PLANNER
from common.errors import Conflict, InvalidStatus, ValidationFailed
from common.events import TaskStatus
from common.fields.names import NOT_CONFIGURED
from core.agents import verbs as agents
from core.board.moves import move
from core.config import verbs as config
from core.runs import records
from core.runs.prompts import planner_prompt
from core.runs.records import Run
from core.tasks import history
from core.tasks import records as tasks
from core.tasks.task import Task

_a = tables.agents


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
    prompt = planner_prompt(task, _user_agents(tx))
    records.insert(tx, task.id, agents.PLANNER, PLANNER, prompt, tools=[], parent=None, session_id=session)
    task = move(tx, task, TaskStatus.PLANNING, agent=agents.PLANNER, changed=changed)
    history.append(tx, task.id, "planning_started", description=prompt)
    return task


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
    rows = tx.execute(sa.select(_a).where(_a.c.type == USER_DEFINED, _a.c.deleted_at.is_(None)).order_by(_a.c.name))
    return [dict(row._mapping) for row in rows]


def apply(tx: WriteTransaction, task: Task, given: dict[str, Any]) -> None:
    """Store what the planner has given: a plan, or questions."""
    (_apply_plan if given["type"] == "plan" else _apply_questions)(tx, task, given)


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
