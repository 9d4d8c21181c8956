"""The attendant of one run: a thread that starts its agent, reads it, reminds it, and records its end.

It decides inside write transactions only, by `core`'s verbs: what a person has decided meanwhile counts.
"""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from common.clock import local_zone, now_ms
from common.db.write import WriteTransaction
from common.errors import Busy, ChorusError, WorkspaceSwitched
from common.output import OutputKind
from common.schemas.run import PLANNER
from common.settings import ROOT
from core.agents import verbs as agents
from core.config import verbs as config
from core.providers import verbs as providers
from core.runs import leases, pauses, prompts, records, verbs
from core.runs.records import Run
from core.runs.recovery import RUN_MARK
from core.runs.stack import ENDED, RunState
from core.tasks import queue
from core.workspaces.current import Workspace
from core.workspaces.opening import SESSIONS, WORK
from runner import retry, starting
from runner.account import Account
from runner.house import House
from runner.process import AgentProcess, CannotStart
from runner.providers import Job, Output, ToolServer
from runner.providers.known import PROVIDERS, Provider
from runner.records import Ending, How, Record
from runner.turn import Turn

NOTE_EVERY_S = 1.0
BUSY_S = 0.2
T = TypeVar("T")
log = logging.getLogger("chorus.runner")


class Stop(StrEnum):
    """Why the runner tells an attendant to stop."""

    PERSON = "person"  # the database says so
    SERVER = "server"
    WORKSPACE = "workspace"  # another one is open now


@dataclass(frozen=True)
class Agent:
    """Who works, and on what: rows of the agent and its provider, and where."""

    row: Mapping[str, Any]
    provider_row: Mapping[str, Any]
    cwd: Path

    @property
    def provider(self) -> Provider:
        return PROVIDERS[self.provider_row["type"]]


class Attendant:
    """`state` is what the database says of the run; the runner keeps it up to date."""

    def __init__(self, house: House, workspace: Workspace, run: Run, token: str) -> None:
        self._thread = threading.Thread(target=self._run_safely, name=f"run {run['id'][:8]}", daemon=True)
        self.run_id: str = run["id"]
        self.workspace = workspace
        self.is_child = run["parent_id"] is not None
        self.state = RunState(run["state"])
        self._house = house
        self._row = run
        self._token = token
        self._folder = house.folder(self.run_id)
        self._turn: Turn | None = None
        self._stop: Stop | None = None
        self._guard = threading.Lock()
        self._stopped = threading.Event()
        self._reminded = False
        self._said = 0  # in the last turn
        self._continued = 0
        self._account = Account(house.caps, workspace, run)
        self._noted_at = 0.0
        self._output_text = ""

    # --- told by the runner, from its thread ---

    def stop(self, why: Stop) -> None:
        """Ends the process; the thread records what that means and ends by itself."""
        with self._guard:
            self._stop = self._stop or why
            turn = self._turn
        self._stopped.set()
        if turn is not None:
            turn.cut(Ending(How.FAILED, "It was stopped."))

    def start(self) -> None:
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    # --- the thread ---

    def _run_safely(self) -> None:
        try:
            self._attend()
        except WorkspaceSwitched:
            log.info("run %s: its workspace is closed", self.run_id)
        except Exception:
            log.exception("run %s: the runner failed", self.run_id)
            self._fail("The runner itself failed; its log says more.")
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._try_to(lambda tx: leases.release(tx, self.run_id))

    def _attend(self) -> None:
        try:
            agent = self._agent()
            message: str | None = self._first_message()
            while message is not None and not self._is_capped():
                message = self._next(self._take_turn(agent, message))
        except (CannotStart, ChorusError) as error:
            if isinstance(error, WorkspaceSwitched):
                raise
            self._fail(str(error))

    def _agent(self) -> Agent:
        """Raises CannotStart, NotFound."""
        with self.workspace.database.read() as reading:
            row = agents.registry.get(reading, self._row["agent_name"])
            settings = config.read(reading)
            name = settings["system_provider"] if row["type"] == "internal" else row["provider"]
            provider = providers.registry.get(reading, name)
        return Agent(row, provider, self._working_folder(row, settings["initial_directory"]))

    def _working_folder(self, agent: Mapping[str, Any], directory: str) -> Path:
        """A confined agent needs no folder but one of its own, the same for all its runs on the task."""
        if agent["unconfined"]:
            if not directory:
                raise CannotStart("An unconfined agent needs a folder to begin in. Choose one on the Settings page.")
            return Path(directory)
        return starting.private_folder(self.workspace.folder / WORK / self._row["task_id"] / agent["name"])

    def _first_message(self) -> str:
        resumes = self._account.session is not None and self._row["kind"] != PLANNER
        return prompts.CONTINUE if resumes else str(self._row["input"])

    def _take_turn(self, agent: Agent, message: str) -> Ending:
        task_id = self._row["task_id"]
        with self.workspace.database.read() as reading:
            told = queue.waiting(reading, task_id)
            # Who begins anew knows nothing of what went to a session that is gone, or was never noted.
            anew = set() if self._account.session else records.alike(reading, self._row)
            known = queue.delivered(reading, task_id, anew) if anew else []
        prompt = prompts.with_messages(message, known + [entry["content"] for entry in told])
        messages = [entry["id"] for entry in told]
        return self._remember(*retry.until_begun(lambda: self._attempt(agent, prompt, messages), self._wait_to_retry))

    def _attempt(self, agent: Agent, prompt: str, messages: list[str]) -> retry.Attempt:
        output = agent.provider.output()
        output.zone = local_zone()
        process = self._start(agent, prompt)
        try:
            self._write(lambda tx: self._started(tx, process.processes, messages))
            turn = self._begin(process, output)
            return retry.Attempt(output, turn.read())
        finally:
            process.close()
            with self._guard:
                self._turn = None

    def _wait_to_retry(self, seconds: float, reason: str) -> bool:
        """Whether it may be started again then: nobody has stopped it meanwhile."""
        self._put([Record(OutputKind.NOTICE, now_ms(), {"text": f"It could not begin and is started again: {reason}"})])
        return not self._stopped.wait(seconds)

    def _start(self, agent: Agent, prompt: str) -> AgentProcess:
        own = self._own_environment()
        tools = ToolServer(self._house.tool_server, own | {"PYTHONPATH": str(ROOT)})
        job = Job(
            message=prompt,
            system=prompts.system_prompt(agent.row["instructions"], self._row["kind"]),
            folder=str(starting.private_folder(self._folder)),
            sessions=str(self.workspace.folder / SESSIONS),
            provider=agent.provider_row,
            model=agent.row["model"],
            session=self._account.session,
            web_search="web.search" in self._row["allowed_tools"],
            unconfined=agent.row["unconfined"],
            tools=tools,
            budget_usd=self._account.budget_usd(),
        )
        passes = self._house.settings.agent_environment
        environ = starting.agent_environment(self._house.environ, passes, own)
        return starting.start(self.run_id, agent.provider, job, agent.cwd, environ, self._house.limits.processes)

    def _own_environment(self) -> dict[str, str]:
        url = self._house.settings.api_url
        return {
            "CHORUS_API_URL": url,
            "CHORUS_BASE_URL": url,
            "CHORUS_TASK_ID": self._row["task_id"],
            RUN_MARK: self.run_id,
            "CHORUS_TOKEN": self._token,
        }

    def _started(self, tx: WriteTransaction, processes: list[tuple[int, str]], messages: list[str]) -> None:
        verbs.is_running(tx, self.run_id, self._account.session)
        leases.enter(tx, self.run_id, processes)
        queue.deliver(tx, self._row["task_id"], messages, self.run_id)

    def _begin(self, process: AgentProcess, output: Output) -> Turn:
        turn = Turn(
            process,
            output,
            self._house.limits,
            waiting=lambda: self.state is RunState.WAITING,
            on_records=self._put,
            on_tick=lambda: self._note(output),
        )
        with self._guard:
            self._turn = turn
            stopped = self._stop is not None
        if stopped:  # before there was a turn to cut
            turn.cut(Ending(How.FAILED, "It was stopped."))
        return turn

    def _put(self, found: list[Record]) -> None:
        self._house.sink.put(self.run_id, self._row["task_id"], found)

    # --- what it uses ---

    def _note(self, output: Output) -> None:
        """Now and then: what the run has used. A cap that is reached ends the turn."""
        if time.monotonic() - self._noted_at < NOTE_EVERY_S:
            return
        self._noted_at = time.monotonic()
        self._note_now(output)
        if self._turn is not None and (reached := self._account.cap_reached()):
            self._turn.cut(Ending(How.FAILED, reached))

    def _note_now(self, output: Output) -> None:
        if self._account.is_new(output.progress):
            self._write(lambda tx: self._account.note(tx, output.progress))

    def _remember(self, output: Output, ending: Ending) -> Ending:
        """After a turn: the next one goes on from here."""
        self._note_now(output)
        self._account.close_turn(output.progress)
        self._said = output.progress.said
        if not (self._reminded and self._output_text):  # what it says to a reminder is not its answer
            self._output_text = output.progress.output or self._output_text
        if ending.how is not How.DONE:
            self._put([Record(OutputKind.ERROR, now_ms(), {"text": ending.reason})])
        return ending

    def _is_capped(self) -> bool:
        reached = self._account.cap_reached()
        if reached is not None:
            self._write(lambda tx: self._interrupt(tx, reached))
        return reached is not None

    # --- ends ---

    def _next(self, ending: Ending) -> str | None:
        """Records what the end of a turn means; the message of the next turn, or None: the run is over."""
        reached = self._account.cap_reached()
        return self._write(lambda tx: self._decide(tx, ending, reached))

    def _decide(self, tx: WriteTransaction, ending: Ending, reached: str | None) -> str | None:
        run = records.load(tx, self.run_id)
        given = run["completion_report"] or run["planner_output"]
        if run["state"] in ENDED:
            return None
        if self._stop is Stop.PERSON or run["state"] == RunState.STOPPING or given:
            self._end(tx, crashed=ending.how is How.FAILED, reason=ending.reason)
        elif self._stop is Stop.SERVER or reached is not None:
            self._interrupt(tx, reached or "The server was stopped.")
        elif ending.how is How.LIMITED and ending.resume_at is not None:
            self._pause(tx, run, ending.reason, ending.resume_at, guessed=ending.guessed)
        else:
            return self._go_on(tx, run, ending)
        return None

    def _pause(self, tx: WriteTransaction, run: Run, reason: str, resume_at: int, *, guessed: bool) -> None:
        guesses = 0
        if guessed:  # one text is no work: it may be the notice of the limit itself
            guesses = 1 if self._said > 1 else pauses.guesses(tx, run) + 1
            resume_at = tx.now + pauses.grown_ms(resume_at - tx.now, guesses)
        verbs.pause(tx, self.run_id, reason, resume_at, guesses)

    def _go_on(self, tx: WriteTransaction, run: Run, ending: Ending) -> str | None:
        """The message of another turn; None after recording the end."""
        if ending.how is How.NO_SESSION and self._account.session is not None:
            self._account.session = None
            return str(run["input"])
        if ending.again and self._said and self._account.session and self._continued < retry.MAX_CONTINUATIONS:
            self._continued += 1
            return prompts.after_failure(ending.reason)
        message = self._remind(tx) if ending.how is How.DONE else None
        if message is None:
            self._end(tx, crashed=ending.how is not How.DONE, reason=ending.reason)
        return message

    def _remind(self, tx: WriteTransaction) -> str | None:
        """Another turn in the same session: for messages that came meanwhile, else once for what it owes."""
        if self._account.session is None:
            return None
        if queue.waiting(tx, self._row["task_id"]):
            return prompts.CONTINUE
        if self._reminded:
            return None
        self._reminded = True
        return prompts.reminder(self._row["kind"])

    def _end(self, tx: WriteTransaction, *, crashed: bool, reason: str) -> None:
        why = reason if crashed else None
        verbs.ended(tx, self.run_id, self._output_text, crashed=crashed, reason=why)

    def _interrupt(self, tx: WriteTransaction, reason: str) -> None:
        verbs.interrupted(tx, self.run_id, reason, self._output_text)

    def _fail(self, reason: str) -> None:
        self._put([Record(OutputKind.ERROR, now_ms(), {"text": reason})])
        self._try_to(lambda tx: self._end(tx, crashed=True, reason=reason))

    # --- writing ---

    def _write(self, act: Callable[[WriteTransaction], T]) -> T:
        """Until it succeeds: what a run did must not be lost because others write. Raises WorkspaceSwitched."""
        while True:
            try:
                with self.workspace.database.write() as tx:
                    return act(tx)
            except Busy:
                time.sleep(BUSY_S)

    def _try_to(self, act: Callable[[WriteTransaction], Any]) -> None:
        try:
            self._write(act)
        except WorkspaceSwitched:
            log.info("run %s: its workspace is closed", self.run_id)
