"""What agents do, in one short line of the log for each turn of a run: who reads a terminal can follow. Pure.

Nothing that people or agents have written stands in it: a task is named by its id, and its page says the rest.
"""

from collections.abc import Mapping
from typing import Any

from common.entities.run import PLANNER, RunState
from common.wire import cut_utf8

REASON_BYTES = 200


def line(run: Mapping[str, Any]) -> str | None:
    """The line for a run that has just come into its state; None where that is nothing to tell."""
    told = _told(run)
    return f"Task {run['task_id'][:8]}: {run['agent_name']} {told}" if told else None


def _told(run: Mapping[str, Any]) -> str | None:
    match run["state"]:
        case RunState.STARTING:
            return "starts."
        case RunState.PAUSED:
            return f"pauses until its provider takes more{_reason(run)}"
        case RunState.SUCCEEDED:
            return _success(run)
        case RunState.BLOCKED:
            return "waits for you: it is blocked."
        case RunState.FAILED:
            return f"failed{_reason(run)}"
        case RunState.CANCELLED:
            return "was stopped."
        case RunState.INTERRUPTED:
            waits = "" if run["parent_id"] else " It can be resumed."
            return f"was interrupted{_reason(run)}{waits}"
    return None


def _success(run: Mapping[str, Any]) -> str:
    if run["kind"] != PLANNER:
        return "is done."
    asks = (run["planner_output"] or {}).get("type") == "questions"
    return "waits for you: it has questions." if asks else "has made a plan."


def _reason(run: Mapping[str, Any]) -> str:
    """What the runner says; what the agent itself has reported is for the task's page."""
    reported = run["completion_report"] or run["planner_output"]
    return f": {cut_utf8(run['reason'], REASON_BYTES).rstrip('.')}." if run["reason"] and not reported else "."
