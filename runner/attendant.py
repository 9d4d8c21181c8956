"""The attendant of one run: a thread that starts its agent, reads it, reminds it, and records its end.

It decides inside write transactions only, by `core`'s verbs: what a person has decided meanwhile counts. What cannot be
stored just now does not stop the agent (runner/store.py).
"""

import contextlib
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
from common.db.database import Reading
from common.db.write import WriteTransaction
from common.entities.run import ENDED, PLANNER, RunState
from common.errors import ChorusError, NotFound
from common.output import OutputKind
from common.settings import ROOT
from core.agents import verbs as agents
from core.board import lifecycle
from core.board.recovery import RUN_MARK
from core.config import verbs as config
from core.providers import verbs as providers
from core.runs import leases, pauses, prompts, records
from core.runs.records import Run
from core.tasks import queue
from core.workspaces.opening import SESSIONS, WORK
from runner import retry, starting
from runner.account import Account
from runner.house import House
from runner.process import AgentProcess, CannotStart
from runner.providers import Job, Output, ToolServer
from runner.providers.known import PROVIDERS, Provider
from runner.records import Ending, How, Progress, Record
from runner.store import GaveUp, Store
from runner.turn import Turn

NOTE_EVERY_S = 1.0
STOPPED = Ending(How.FAILED, "It was stopped.")
T = TypeVar("T")
log = logging.getLogger("chorus.runner")


class Stop(StrEnum):
    """Why the runner tells an attendant to stop."""

    PERSON = "person"  # the database says so
    SERVER = "server"
    WORKSPACE = "workspace"  # another one is open now


_INTERRUPTED: Mapping[Stop | None, str] = {
    Stop.SERVER: "The server was stopped.",
    Stop.WORKSPACE: "The workspace was closed.",
}


@dataclass(frozen=True)
class Agent:
    """Who works: rows of the agent and its provider; `directory` is where unconfined agents begin."""

    row: Mapping[str, Any]
    provider_row: Mapping[str, Any]
    directory: str

    @property
    def provider(self) -> Provider:
        return PROVIDERS[self.provider_row["type"]]


@dataclass(frozen=True)
class Next:
    """What follows a turn: another one with `message`.

    `anew`: in a new session; `reminds`: of what the agent owes; `continues`: an answer that was cut off.
    """

    message: str
    anew: bool = False
    reminds: bool = False
    continues: bool = False


class Attendant:
    """`state` is what the database says of the run; the runner keeps it up to date."""

    def __init__(self, house: House, store: Store, run: Run, token: str) -> None:
        self._thread = threading.Thread(target=self._run_safely, name=f"run {run['id'][:8]}", daemon=True)
        self.run_id: str = run["id"]
        self.store = store
        self.is_child = run["parent_id"] is not None
        self.state = RunState(run["state"])
        self._house = house
        self._row = run
        self._task_id: str = run["task_id"]
        self._token = token
        self._folder = house.folder(self.run_id)
        self._turn: Turn | None = None
        self._stop: Stop | None = None
        self._guard = threading.Lock()
        self._stopped = threading.Event()
        self._reminded = False
        self._has_begun = False  # the agent, with what the present turn told it
        self._said = 0  # in the last turn
        self._continued = 0
        self._account = Account(house.caps, run)
        self._noted_at = 0.0
        self._noted: object = None
        self._output_text = ""

    # --- told by the runner, from its thread ---

    def stop(self, why: Stop) -> None:
        """Ends the process; the thread records what that means and ends by itself."""
        with self._guard:
            self._stop = self._stop or why
            turn = self._turn
        self._stopped.set()
        if turn is not None:
            turn.cut(STOPPED)

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
        except GaveUp as problem:
            log.info("run %s is left to whoever opens its workspace next: %s", self.run_id, problem)
        except Exception:
            log.exception("run %s: the runner failed", self.run_id)
            self._give_up("The runner itself failed; its log says more.")
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
            with contextlib.suppress(GaveUp):
                self._store_for_good(lambda tx: leases.release(tx, self.run_id))

    def _attend(self) -> None:
        try:
            agent = self._before_start(lambda: self._read(self._agent))
            message: str | None = self._first_message()
            while message is not None and not self._is_capped():
                message = self._next(self._take_turn(agent, message))
        except (CannotStart, ChorusError) as error:
            self._fail(str(error))
        except _Stopped:
            self._next(STOPPED)

    def _agent(self, reading: Reading) -> Agent:
        """Raises NotFound."""
        row = agents.registry.get(reading, self._row["agent_name"])
        settings = config.read(reading)
        name = settings["system_provider"] if row["type"] == "internal" else row["provider"]
        return Agent(row, providers.registry.get(reading, name), settings["initial_directory"])

    def _first_message(self) -> str:
        resumes = self._account.session is not None and self._row["kind"] != PLANNER
        return prompts.CONTINUE if resumes else str(self._row["input"])

    def _take_turn(self, agent: Agent, message: str) -> Ending:
        self._has_begun = False
        told = self._before_start(lambda: self.store.write(self._messages))
        prompt = prompts.with_messages(message, told)
        return self._remember(*retry.until_begun(lambda: self._attempt(agent, prompt), self._wait_to_retry))

    def _attempt(self, agent: Agent, prompt: str) -> retry.Attempt:
        output = agent.provider.output()
        output.zone = local_zone()
        process = self._before_start(lambda: self._start(agent, prompt))
        try:
            return retry.Attempt(output, self._begin(process, output).read())
        finally:
            process.close()
            with self._guard:
                self._turn = None

    def _wait_to_retry(self, seconds: float, reason: str) -> bool:
        """Whether it may be started again then: nobody has stopped it meanwhile."""
        self._put([Record(OutputKind.NOTICE, now_ms(), {"text": f"It could not begin and is started again: {reason}"})])
        return not self._stopped.wait(seconds)

    def _messages(self, tx: WriteTransaction) -> list[str]:
        """What people have said. Nobody can take it back from here on, and it counts once the agent has begun."""
        if records.load(tx, self.run_id)["state"] in ENDED:
            return []
        # Who begins anew knows nothing of what went to a session that is gone, or was never noted.
        anew = set() if self._account.session else records.alike(tx, self._row)
        known = queue.delivered(tx, self._task_id, anew) if anew else []
        return known + queue.begin_delivery(tx, self._task_id, self.run_id)

    def _start(self, agent: Agent, prompt: str) -> AgentProcess:
        """Raises CannotStart, OSError."""
        cwd = self._working_folder(agent)
        own = self._own_environment()
        tools = ToolServer(self._house.tool_server, own | {"PYTHONPATH": str(ROOT)})
        job = Job(
            message=prompt,
            system=prompts.system_prompt(agent.row["instructions"], self._row["kind"]),
            folder=str(starting.private_folder(self._folder)),
            sessions=str(starting.folder_within(self.store.workspace.folder, SESSIONS)),
            provider=agent.provider_row,
            model=agent.row["model"],
            session=self._account.session,
            web_search="web.search" in self._row["allowed_tools"],
            unconfined=agent.row["unconfined"],
            tools=tools,
            budget_usd=self._read(self._account.budget_usd),
        )
        passes = self._house.settings.agent_environment
        environ = starting.agent_environment(self._house.environ, passes, own)
        return starting.start(self.run_id, agent.provider, job, cwd, environ, self._house.limits.processes)

    def _working_folder(self, agent: Agent) -> Path:
        """A confined agent needs no folder but one of its own, the same for all its runs on the task."""
        if not agent.row["unconfined"]:
            return starting.folder_within(self.store.workspace.folder, WORK, self._task_id, agent.row["name"])
        if not agent.directory:
            raise CannotStart("An unconfined agent needs a folder to begin in. Choose one on the Settings page.")
        return Path(agent.directory)

    def _own_environment(self) -> dict[str, str]:
        url = self._house.settings.api_url
        return {
            "CHORUS_API_URL": url,
            "CHORUS_BASE_URL": url,
            "CHORUS_TASK_ID": self._task_id,
            RUN_MARK: self.run_id,
            "CHORUS_TOKEN": self._token,
        }

    def _begin(self, process: AgentProcess, output: Output) -> Turn:
        turn = Turn(
            process,
            output,
            self._house.limits,
            waiting=lambda: self.state is RunState.WAITING,
            on_records=self._put,
            on_tick=lambda: self._tick(process, output),
        )
        with self._guard:
            self._turn = turn
            stopped = self._stop is not None
        if stopped:  # before there was a turn to cut
            turn.cut(STOPPED)
        self._noted = None
        self._note(process, output)
        return turn

    def _put(self, found: list[Record]) -> None:
        self.store.put(self.run_id, self._task_id, found)

    def _tell(self, kind: OutputKind, text: str) -> None:
        self._put([Record(kind, now_ms(), {"text": text})])

    # --- what it uses ---

    def _tick(self, process: AgentProcess, output: Output) -> None:
        """Now and then: notes what the run has used. A cap that is reached ends the turn."""
        if time.monotonic() - self._noted_at < NOTE_EVERY_S:
            return
        self._note(process, output)
        if self._account.has_caps:
            self.store.try_once(lambda: self._read(lambda reading: self._check_caps(reading, output)))

    def _check_caps(self, reading: Reading, output: Output) -> None:
        reached = self._account.cap_reached(reading, output.progress)
        if reached is not None and self._turn is not None:
            self._turn.cut(Ending(How.FAILED, reached))

    def _note(self, process: AgentProcess, output: Output) -> None:
        """Best effort: what could not be stored is stored the next time, at the latest with the end of the turn."""
        begun = output.progress.session_id is not None
        known = begun, self._account.known(output.progress)

        def note(tx: WriteTransaction) -> None:
            lifecycle.mark_running(tx, self.run_id, self._account.session)
            leases.enter(tx, self.run_id, process.processes)
            self._account.note(tx, output.progress)
            if begun:
                queue.deliver(tx, self._task_id, self.run_id)

        if known != self._noted and self.store.try_once(lambda: self.store.write(note)):
            self._noted = known
            self._account.stored(output.progress)
        self._noted_at = time.monotonic()

    def _remember(self, output: Output, ending: Ending) -> Ending:
        """After a turn: the next one goes on from here."""
        self._account.close_turn(output.progress)
        self._has_begun = output.progress.session_id is not None or ending.how is How.DONE
        self._said = output.progress.said
        if not (self._reminded and self._output_text):  # what it says to a reminder is not its answer
            self._output_text = output.progress.output or self._output_text
        if ending.how is not How.DONE:
            self._tell(OutputKind.ERROR, ending.reason)
        return ending

    def _is_capped(self) -> bool:
        if not self._account.has_caps:
            return False
        reached = self._before_start(lambda: self._read(self._account.cap_reached))
        if reached is not None:
            self._store_for_good(lambda tx: self._interrupt(tx, reached))
        return reached is not None

    # --- ends ---

    def _next(self, ending: Ending) -> str | None:
        """Records what the end of a turn means; the message of the next turn, or None: the run is over."""
        try:
            following = self._store_for_good(lambda tx: self._decide(tx, ending))
        except NotFound:
            log.warning("run %s is not in the database any more", self.run_id)
            return None
        self._account.stored(Progress())
        if following is None:
            return None
        self._reminded |= following.reminds
        self._continued += following.continues
        if following.anew:
            self._account.session = None
        return following.message

    def _decide(self, tx: WriteTransaction, ending: Ending) -> Next | None:
        """Changes nothing but the database: it is tried again until it is stored."""
        run = records.load(tx, self.run_id)
        self._account.note(tx, Progress())
        if self._has_begun:
            queue.deliver(tx, self._task_id, self.run_id)
        given = run["completion_report"] or run["planner_output"]
        reached = self._account.cap_reached(tx)
        if run["state"] in ENDED:
            return None
        if self._stop is Stop.PERSON or run["state"] == RunState.STOPPING or given:
            self._end(tx, crashed=ending.how is How.FAILED, reason=ending.reason)
        elif why := reached or _INTERRUPTED.get(self._stop):
            self._interrupt(tx, why)
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
        lifecycle.pause(tx, self.run_id, reason, resume_at, guesses)

    def _go_on(self, tx: WriteTransaction, run: Run, ending: Ending) -> Next | None:
        """The next turn; None after recording the end."""
        if ending.how is How.NO_SESSION and self._account.session is not None:
            return Next(str(run["input"]), anew=True)
        if ending.again and self._said and self._account.session and self._continued < retry.MAX_CONTINUATIONS:
            return Next(prompts.after_failure(ending.reason), continues=True)
        following = self._remind(tx) if ending.how is How.DONE else None
        if following is None:
            self._end(tx, crashed=ending.how is not How.DONE, reason=ending.reason)
        return following

    def _remind(self, tx: WriteTransaction) -> Next | None:
        """Another turn in the same session: for messages that came meanwhile, else once for what it owes."""
        if self._account.session is None:
            return None
        if queue.waiting(tx, self._task_id):
            return Next(prompts.CONTINUE)
        if self._reminded:
            return None
        return Next(prompts.reminder(self._row["kind"]), reminds=True)

    def _end(self, tx: WriteTransaction, *, crashed: bool, reason: str) -> None:
        why = reason if crashed else None
        lifecycle.end(tx, self.run_id, self._output_text, crashed=crashed, reason=why)

    def _interrupt(self, tx: WriteTransaction, reason: str) -> None:
        lifecycle.interrupt(tx, self.run_id, reason, self._output_text)

    def _fail(self, reason: str) -> None:
        self._tell(OutputKind.ERROR, reason)
        with contextlib.suppress(NotFound):
            self._store_for_good(lambda tx: self._end(tx, crashed=True, reason=reason))

    def _give_up(self, reason: str) -> None:
        """After a bug of ours: the work can be resumed. Without this, recovery would find the run."""
        self._tell(OutputKind.ERROR, reason)
        with contextlib.suppress(GaveUp, NotFound):
            self._store_for_good(lambda tx: self._interrupt(tx, reason))

    # --- reading and storing ---

    def _read(self, ask: Callable[[Reading], T]) -> T:
        with self.store.database.read() as reading:
            return ask(reading)

    def _store_for_good(self, act: Callable[[WriteTransaction], T]) -> T:
        """Raises GaveUp once the workspace is closed."""
        return self.store.keep_trying(lambda: self.store.write(act), on_problem=self._warn)

    def _warn(self, problem: str) -> None:
        log.warning("run %s: its end cannot be stored yet; it is tried again: %s", self.run_id, problem)

    def _before_start(self, act: Callable[[], T]) -> T:
        """Tries again what the disk or the system refuse for now. Raises _Stopped once the run is to stop."""
        try:
            return self.store.keep_trying(act, until=lambda: self._stop is not None, on_problem=self._say_it_waits)
        except GaveUp as problem:
            raise _Stopped from problem

    def _say_it_waits(self, problem: str) -> None:
        log.warning("run %s cannot begin its turn yet; it is tried again: %s", self.run_id, problem)
        self._tell(OutputKind.NOTICE, f"It cannot begin just now, and is tried again: {problem}")


class _Stopped(Exception):
    """The run is to stop before its turn has begun."""
