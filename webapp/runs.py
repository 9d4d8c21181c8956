"""Runs over HTTP: plan, answer, start, hand back, cancel, resume."""

from typing import Any

from common.db.database import Reading
from common.db.write import WriteTransaction
from common.schemas.output import OutputQuery, OutputSchema
from common.schemas.run import (
    AnswersSchema,
    GrantedSchema,
    GrantsSchema,
    HandoffCompleteSchema,
    HandoffSchema,
    RunDetailSchema,
    RunSchema,
)
from common.schemas.task import TaskSchema
from core.board import commands, planning
from core.runs import grants, records
from core.tasks import records as tasks
from webapp import state
from webapp.api import Api
from webapp.envelopes import BARE

api = Api("runs")
Body = dict[str, Any]


@api.read("/api/tasks/<task_id>/runs", answer=RunSchema, many=True, errors=(404,))
def list_runs(reading: Reading, task_id: str) -> str:
    """All runs of the task, oldest first."""
    tasks.load(reading, task_id)
    return records.of_task(reading, task_id)


@api.read("/api/runs/<run_id>", answer=RunDetailSchema, errors=(404,))
def get_run(reading: Reading, run_id: str) -> Body:
    """One run with its output and its report."""
    return records.full_form(_of_a_task(reading, run_id))


@api.read("/api/runs/<run_id>/output", answer=OutputSchema, query=OutputQuery, errors=(404,))
def get_output(reading: Reading, query: Body, run_id: str) -> str:
    """What the agent said and did, as numbered records: a page of at most `limit` records and about 1 MiB."""
    _of_a_task(reading, run_id)
    output, most = state.current().workspace.get().output, query["limit"]
    if "q" in query:
        return output.search(run_id, query["q"], query.get("before"), most)
    return output.after(run_id, query["since"], most) if "since" in query else output.newest(run_id, most)


def _of_a_task(reading: Reading, run_id: str) -> records.Run:
    """The run. Raises NotFound, also where its task has been deleted."""
    run = records.load(reading, run_id)
    tasks.load(reading, run["task_id"])
    return run


@api.write("POST", "/api/tasks/<task_id>/plan", answer=TaskSchema, errors=(404, 409))
def plan(tx: WriteTransaction, task_id: str) -> Body:
    """Start the planner on a pending task."""
    return planning.plan(tx, task_id).full_form


@api.write("POST", "/api/tasks/<task_id>/answers", body=AnswersSchema, answer=TaskSchema, errors=(404, 409))
def answer(tx: WriteTransaction, body: Body, task_id: str) -> Body:
    """Answer the planner's questions, by position; the planner goes on."""
    return planning.answer(tx, task_id, body["answers"]).full_form


@api.write("POST", "/api/tasks/<task_id>/handoff", body=HandoffSchema, answer=TaskSchema, errors=(404, 409))
def hand_off(tx: WriteTransaction, body: Body, task_id: str) -> Body:
    """Start an agent on the task."""
    return commands.start(tx, task_id, body["agentName"], body["prompt"], force=body["force"]).full_form


@api.write(
    "PUT", "/api/tasks/<task_id>/handoff/complete", body=HandoffCompleteSchema, answer=TaskSchema, errors=(404, 409)
)
def complete_handoff(tx: WriteTransaction, body: Body, task_id: str) -> Body:
    """Close the agent at work by hand, with its output."""
    commands.close_by_hand(tx, task_id, body["output"])
    return tasks.load(tx, task_id).full_form


@api.write(
    "PUT", "/api/tasks/<task_id>/agent-tools", body=GrantsSchema, answer=GrantedSchema, errors=(404, 409), envelope=BARE
)
def change_tools(tx: WriteTransaction, body: Body, task_id: str) -> Body:
    """Change the tools of the agent at work, for its run."""
    return {"allowedTools": grants.change(tx, task_id, body["addTools"], body["removeTools"])}


@api.write("POST", "/api/runs/<run_id>/cancel", answer=RunSchema, errors=(404, 409))
def cancel(tx: WriteTransaction, run_id: str) -> Body:
    """Stop a run and all below it."""
    return records.form(commands.cancel(tx, run_id))


@api.write("POST", "/api/runs/<run_id>/resume", answer=TaskSchema, errors=(404, 409))
def resume(tx: WriteTransaction, run_id: str) -> Body:
    """Go on with a run that ended or paused, in the same session."""
    return commands.resume(tx, run_id).full_form
