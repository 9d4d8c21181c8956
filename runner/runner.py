"""The runner's loop: hears the bell, claims queued runs, passes on what people have decided, renews its leases."""

import logging
import select
import shutil
import time

from common import queue
from common.db.write import WriteTransaction
from common.entities.run import RunState
from common.errors import Busy, NoWorkspaceOpen, WorkspaceSwitched
from core.board import lifecycle, recovery
from core.runs import leases, records
from core.runs.records import Run
from core.workspaces.current import CurrentWorkspace, Workspace
from runner.attendant import Attendant, Stop
from runner.house import House
from runner.process import AgentProcess
from runner.store import PASSING, Store, describe

LOOK_EVERY_S = 0.5  # without a bell
LOOK_AT_MOST_EVERY_S = 0.02  # with many
RENEW_EVERY_S = leases.LEASE_MS / 3_000
STOPPED_S = 5.5  # SIGTERM, 2 s, SIGKILL, and the last write
LOST = "The runner that attended it has ended."
log = logging.getLogger("chorus.runner")


class Runner:
    """`wake` is a descriptor that is readable once `stop` was called, so that a signal ends the wait at once."""

    def __init__(self, house: House, current: CurrentWorkspace, wake: int) -> None:
        self._house = house
        self._current = current
        self._wake = wake
        self._holder = leases.this_process()
        self._attendants: dict[str, Attendant] = {}
        self._store: Store | None = None
        self._renewed_at = 0.0
        self._stopping = False
        self._problem = ""  # that has been logged, and lasts

    def stop(self) -> None:
        self._stopping = True

    def run(self) -> None:
        """Until `stop`: then ends all agents, records their ends, and returns."""
        listener = queue.listen(queue.bell_path(self._house.settings.home, queue.RUNNER))
        try:
            while not self._stopping:
                self._look_safely()
                select.select([listener.fileno(), self._wake], [], [], LOOK_EVERY_S)
                time.sleep(LOOK_AT_MOST_EVERY_S)
                queue.drain(listener)
        finally:
            listener.close()
            self._stop_all(Stop.SERVER)
            if self._store is not None:
                self._store.close_output()

    def _look_safely(self) -> None:
        """A look that fails ends no agent, whatever the reason: the next one is soon."""
        try:
            self._look()
            self._problem = ""
        except NoWorkspaceOpen as error:
            self._open(None)
            log.debug("the runner waits: %s", error.message)
        except (Busy, WorkspaceSwitched) as error:  # others write, or the next look finds another workspace
            log.debug("the runner waits: %s", error.message)
        except PASSING as error:  # not made yet, or its disk is away or full: each look says the same
            self._cannot_look(f"The database cannot be used: {describe(error)} The runner looks again.")
        except Exception:
            log.exception("the runner's look failed; it looks again")

    def _cannot_look(self, problem: str) -> None:
        log.log(logging.DEBUG if problem == self._problem else logging.WARNING, "%s", problem)
        self._problem = problem

    def _look(self) -> None:
        workspace = self._current.get()
        if self._store is None or workspace is not self._store.workspace:
            self._open(workspace)
        with workspace.database.read() as reading:
            unfinished = records.all_unfinished(reading)
        self._pass_on(unfinished)
        self._renew(workspace)
        if any(run["state"] == RunState.PAUSED and _is_due(run) for run in unfinished):
            with workspace.database.write() as tx:
                lifecycle.resume_due(tx)
        if self._house.settings.parallel_runs == 0 and any(run["state"] == RunState.QUEUED for run in unfinished):
            return self._recover(workspace)
        while self._may_claim(unfinished) and self._claim():
            with workspace.database.read() as reading:
                unfinished = records.all_unfinished(reading)

    def _open(self, workspace: Workspace | None) -> None:
        """Another workspace is open now, or none: what works for the former one is ended. Or the same, once more."""
        if self._store is not None and workspace is not None and workspace.folder == self._store.workspace.folder:
            self._store.follow(workspace)
        else:
            self._close_store()
            if workspace is not None:
                self._store = Store(workspace, self._house.ring_output)
        if workspace is not None:
            self._recover(workspace)
            self._forget_folders(workspace)

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()
            self._stop_all(Stop.WORKSPACE)
            self._store.close_output()
            self._store = None

    def _recover(self, workspace: Workspace) -> None:
        mine = recovery.Attended(self._holder, frozenset(self._attendants))
        none_start = self._house.settings.parallel_runs == 0
        if count := recovery.recover(workspace.database, LOST, queued=none_start, by=mine):
            log.warning("%d runs that nobody attended were interrupted.", count)

    def _forget_folders(self, workspace: Workspace) -> None:
        """Private folders that a killed runner has left: keys and tokens are in them."""
        with workspace.database.read() as reading:
            attended = leases.of_all(reading)
        for left in (self._house.settings.home / "run" / "agents").glob("*"):
            if left.name not in attended:
                shutil.rmtree(left, ignore_errors=True)

    def _pass_on(self, unfinished: list[Run]) -> None:
        """What the database says of our runs: people's decisions, children at work, ends."""
        states = {run["id"]: RunState(run["state"]) for run in unfinished}
        self._attendants = {run_id: a for run_id, a in self._attendants.items() if a.is_alive()}
        for run_id, attendant in self._attendants.items():
            if attendant.store is not self._store:  # it still ends what worked for another workspace
                continue
            state = states.get(run_id)
            if state is None or state is RunState.STOPPING:
                attendant.stop(Stop.PERSON)
            else:
                attendant.state = state

    def _renew(self, workspace: Workspace) -> None:
        if time.monotonic() - self._renewed_at < RENEW_EVERY_S:
            return
        self._renewed_at = time.monotonic()
        AgentProcess.end_strangers()
        if self._attendants:
            with workspace.database.write() as tx:
                leases.renew(tx, self._holder)
        self._recover(workspace)

    def _may_claim(self, unfinished: list[Run]) -> bool:
        queued = [run for run in unfinished if run["state"] == RunState.QUEUED]
        return any(run["parent_id"] is not None for run in queued) or (bool(queued) and not self._is_full())

    def _is_full(self) -> bool:
        """Children take no place: their parents wait for them in theirs."""
        at_work = [a for a in self._attendants.values() if a.is_alive() and not a.is_child]
        return len(at_work) >= self._house.settings.parallel_runs

    def _claim(self) -> bool:
        if self._store is None:
            return False
        claimed = self._store.write(self._claim_in)
        if claimed is None:
            return False
        attendant = Attendant(self._house, self._store, *claimed)
        self._attendants[attendant.run_id] = attendant
        attendant.start()
        return True

    def _claim_in(self, tx: WriteTransaction) -> tuple[Run, str] | None:
        # A run that was resumed as soon as it paused waits until its former attendant has cleared up.
        claimed = lifecycle.claim(tx, children_only=self._is_full(), exclude=self._attendants)
        if claimed is not None:
            leases.take(tx, claimed[0]["id"], self._holder)
        return claimed

    def _stop_all(self, why: Stop) -> None:
        """Who does not end in time keeps its place and its lease: it is told the truth about it."""
        deadline = time.monotonic() + STOPPED_S
        for attendant in self._attendants.values():
            attendant.stop(why)
        for attendant in self._attendants.values():
            attendant.join(max(0.0, deadline - time.monotonic()))
        self._attendants = {run_id: a for run_id, a in self._attendants.items() if a.is_alive()}
        for run_id in self._attendants:
            log.error("run %s has not ended yet", run_id)


def _is_due(run: Run) -> bool:
    return run["resume_at"] is not None and run["resume_at"] <= time.time() * 1000
