"""Dynamic grants: the tools of the agent at work, changed for the life of its run."""

from common.db.write import WriteTransaction
from common.entities.run import PLANNER
from common.errors import Conflict
from core.runs import records
from core.tasks import history
from core.tasks import records as tasks


def change(tx: WriteTransaction, task_id: str, added: list[str], removed: list[str]) -> list[str]:
    """Current tools, then additions without doubles, minus removals. Raises NotFound, Conflict (nobody at work)."""
    tasks.load(tx, task_id)
    stack = records.unfinished(tx, task_id)
    if not stack:
        raise Conflict("No agent works on this task.")
    if stack[-1]["kind"] == PLANNER:
        raise Conflict("The planner's tools are fixed.")
    run = stack[-1]
    granted = [tool for tool in dict.fromkeys([*run["allowed_tools"], *added]) if tool not in removed]
    records.save(tx, run, allowed_tools=granted)
    history.append(tx, task_id, "tools_changed", allowedTools=", ".join(granted), runId=run["id"])
    return granted
