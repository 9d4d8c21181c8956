"""A person who wants one task done by agents: plans, answers, starts, resumes, reopens, whatever becomes of it."""

import time
from typing import Any

from common.clock import now_ms
from tests.faults.hiccups import Hiccups
from tests.faults.requests import Asker, Json, Request
from tests.faults.trouble import Trouble
from tests.helpers import staff
from tests.helpers.processes import wait_for
from tests.helpers.server import Server
from tests.helpers.workspace import SOURCE

PATIENCE_MS = 10_000  # for a pause; a longer one is ended by hand
HANGS_S = 1.0  # before a hanging run is cancelled
MOST_PLANS = 3
NO_REPORT = "It ended without a completion report."
UNFINISHED = ("queued", "starting", "running", "waiting", "paused", "stopping")


class Person:
    """`writer` and `reviewer` are agents. `plans`: whether the task is planned first."""

    def __init__(
        self, server: Server, trouble: Trouble | Hiccups, note: str, writer: str, reviewer: str, *, plans: bool
    ) -> None:
        self.asker = Asker(server)
        self.done: list[str] = []
        self._trouble = trouble
        self._start = {"agentName": writer, "prompt": staff.prompt(note, reviewer), "force": True}
        self._plans_left = MOST_PLANS if plans else 0
        self._note = note
        self.task_id = ""

    def get_it_done(self, seconds: float) -> None:
        """Returns once the task is completed; fails after `seconds`."""
        wait_for(self._step, seconds, f"a task that is completed ({self.done})", self.told)

    def told(self) -> str:
        """For who reads a failure."""
        return f"{self.asker.look(f'/api/tasks/{self.task_id}')}\n{self.runs()}\n{self._trouble.record}"

    def runs(self) -> list[Json]:
        runs: list[Json] = self.asker.look(f"/api/tasks/{self.task_id}/runs") or []
        return runs

    def _step(self) -> bool:
        """One look at the task, and what a person would do about it."""
        if not self.task_id:
            self._create()
            return False
        task: Json | None = self.asker.look(f"/api/tasks/{self.task_id}")
        status = str(task["status"]["type"]) if task else "unknown"
        match status:
            case "pending":
                self._begin(is_planned=bool(task and task.get("plan")))
            case "awaiting_input":
                self._do("POST", f"/api/tasks/{self.task_id}/answers", {"answers": [staff.ANSWER]})
            case "planned":
                self._do("POST", f"/api/tasks/{self.task_id}/handoff", self._start)
            case "planning" | "active":
                self._watch()
            case "waiting":
                self._resume()
            case "failed":
                self._do("PUT", f"/api/tasks/{self.task_id}/status", {"status": {"type": "pending"}})
        return bool(status == "completed")

    def _create(self) -> None:
        made = self._do("POST", "/api/tasks", {"description": f"Write {self._note}", "source": SOURCE})
        self.task_id = made["data"]["id"] if made else ""

    def _begin(self, *, is_planned: bool) -> None:
        if self._plans_left and not is_planned:
            self._plans_left -= 1
            self._do("POST", f"/api/tasks/{self.task_id}/plan")
        else:
            self._do("POST", f"/api/tasks/{self.task_id}/handoff", self._start)

    def _watch(self) -> None:
        """Ends what hangs, and a planner that is paused for too long."""
        outermost = self._outermost()
        if outermost is None:
            return
        hangs = self._trouble.hung.is_set()
        if hangs:
            time.sleep(HANGS_S)  # the fault itself, not a wait for something
        if (hangs or _pauses_long(outermost)) and self._do("POST", f"/api/runs/{outermost['id']}/cancel"):
            self._trouble.hung.clear()

    def _resume(self) -> None:
        """A run that goes on by itself soon is left alone; so is one that still ends.

        An agent that ends without a report, though it was reminded, believes that it has reported: in the run that was
        cancelled then. It is not asked again, but another begins.
        """
        runs = [run for run in self.runs() if run["parentRunId"] is None]
        unfinished = [run for run in self.runs() if run["state"] in UNFINISHED]
        if not runs or not all(_pauses_long(run) for run in unfinished):
            return
        if runs[-1]["reason"] == NO_REPORT:
            self._do("POST", f"/api/tasks/{self.task_id}/handoff", self._start)
        else:
            self._do("POST", f"/api/runs/{runs[-1]['id']}/resume")

    def _outermost(self) -> Json | None:
        found = [run for run in self.runs() if run["state"] in UNFINISHED and run["parentRunId"] is None]
        return found[-1] if found else None

    def _do(self, method: str, path: str, body: Any = None) -> Json | None:
        request = Request(f"{method} {path.rsplit('/', 1)[1]}", "", unique=False)
        answer = self.asker.send(request, method, path, body)
        self.done.append(f"{request.kind}: {request.status} {request.code or ''}".strip())
        return answer


def _pauses_long(run: Json) -> bool:
    return bool(run["state"] == "paused" and run["resumeAt"] > now_ms() + PATIENCE_MS)
