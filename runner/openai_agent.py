"""`python -m runner.openai_agent job.json`: one turn of an agent on a server with OpenAI's chat completions.

The message is read from stdin. It asks the model, calls the tools that the model asks for through the HTTP API of
Chorus, and goes on until the model asks for none or has given its report. On stdout it writes lines of JSON that
runner/providers/openai_compat.py reads. The conversation is kept in a file of its own, to go on with in a later turn.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agenttools.client import Refused, Unreachable, from_environment
from common.output import clean
from runner.chat import compaction
from runner.chat.answer import Answer
from runner.chat.calls import Call
from runner.chat.endpoint import Endpoint
from runner.chat.history import quoted, sendable, spoken
from runner.chat.model import GaveUp, Model, Overflow, pause_s
from runner.chat.telling import Speech, tell
from runner.chat.thoughts import is_written_call
from runner.chat.transcript import Transcript
from runner.toolcalls import RunTools, ShownTools, Tools

MAX_COMPACTIONS = 12  # in a row; each leaves about half
ENOUGH = 0.75  # of the size before: then texts are not cut, unless the server says so again
MAX_LEFT = 0.95  # of it: more is no help
MAX_CUT_ANSWERS = 3  # in a row
MAX_WRITTEN_CALLS = 2
MAX_LOST_CALLS = 3
MAX_SAME_REFUSED = 5  # the same call with the same answer, without anything new in between
MAX_SAME = 20
_SPENT = 200  # characters: an answer that was cut so early had no room left
_EMPTY = "Your answer was empty. Go on with the task to its end."
_LOST = "You announced a tool call, but none arrived. Call the tool now."
_WRITTEN = "You wrote a tool call as text: nothing was called. Use function calling."
_CUT = "Your answer was cut off by the length limit. Go on exactly where it stopped."
_CUT_THOUGHTS = "Your answer was cut off by the length limit before it began. Think less, and go on in smaller steps."
_CUT_CALL = (
    "This call was cut off by the length limit of an answer, in the middle of its arguments. Nothing was done. Do it "
    "in smaller steps: write a long file in parts."
)
Json = dict[str, Any]


class Loop:
    def __init__(self, job: Json, transcript: Transcript, tools: Tools | None) -> None:
        self._system = {"role": "system", "content": clean(job["system"])}
        self._transcript = transcript
        self._tools = tools
        self._model = Model(Endpoint(job["baseUrl"], job["apiKey"] or ""), job["model"])
        self._nudges: Counter[str] = Counter()  # what the model was told since it last did something
        self._same: Counter[tuple[str, str, str]] = Counter()  # calls with their answers since anything new happened
        self._goes_on = False
        self._names: list[str] = []  # of the functions that are offered now

    def run(self, message: str) -> None:
        """Raises GaveUp."""
        self._hear(message)
        while True:
            answer = self._ask()
            if self._is_over(answer):
                return

    def _hear(self, text: str) -> None:
        self._transcript.add({"role": "user", "content": clean(text)})

    # --- asking ---

    def _ask(self) -> Answer:
        offered = self._tools.offered() if self._tools else []
        self._names = [tool["function"]["name"] for tool in offered]
        for _ in range(MAX_COMPACTIONS):
            speech = Speech(goes_on=self._goes_on)
            messages = [self._system, *sendable(self._transcript.messages, self._names)]
            try:
                answer = self._model.ask(messages, offered, speech)
            except Overflow as overflow:
                self._compact(str(overflow))
                continue
            if not (answer.is_cut and answer.size < _SPENT and self._can_compact()):
                self._goes_on = False
                return answer
            self._compact("no room was left for an answer")
        raise GaveUp("the model's context is too small for this work")

    def _can_compact(self) -> bool:
        return compaction.size(self._transcript.messages) > 10 * _SPENT

    def _compact(self, why: str) -> None:
        """Makes the conversation about half as long. Raises GaveUp where that cannot be."""
        before = self._transcript.messages
        size = compaction.size(before)
        target = size // 2
        made, how = compaction.with_short_results(before, target), "old results of tools were shortened"
        parts = compaction.split(made, target)
        if compaction.size(made) > target and parts.middle:
            made, how = compaction.with_summary(parts, self._summary(parts.middle, target)), "its past was summarised"
        if compaction.size(made) > ENOUGH * size:
            made, how = compaction.with_short_texts(made, target), "long texts were shortened"
        if compaction.size(made) > MAX_LEFT * size:
            raise GaveUp(f"the model's context is too small for this work: {why}")
        self._transcript.replace(made)
        tell("notice", text=f"The conversation no longer fitted into the model's context; {how}. The server: {why}")

    def _summary(self, middle: Sequence[Json], target: int) -> str:
        request = compaction.summary_request(middle, target)
        try:
            return self._model.ask(request, [], Speech(is_silent=True)).text.strip() or compaction.NO_SUMMARY
        except (Overflow, GaveUp):
            return compaction.NO_SUMMARY

    # --- what an answer means ---

    def _is_over(self, answer: Answer) -> bool:
        """Keeps the answer and does what it asks for; True: nothing more is to be done. Raises GaveUp."""
        if answer.refusal or answer.is_filtered:
            raise GaveUp(f"the model refused: {clean(answer.refusal) or 'its filter stopped the answer'}")
        calls = answer.calls
        if calls or answer.content.strip():
            self._transcript.add(spoken(answer, self._transcript.ids))
        if calls:
            return self._call_all(calls, is_cut=answer.is_cut)
        return not self._is_nudged(answer)

    def _is_nudged(self, answer: Answer) -> bool:
        """Tells the model what is wrong with an answer without calls; False: nothing is, or it was told often enough.

        Raises GaveUp.
        """
        if answer.is_cut:
            self._goes_on = bool(answer.text.strip())
            failure = "the answer is longer than the model may write"
            return self._nudge(_CUT if self._goes_on else _CUT_THOUGHTS, MAX_CUT_ANSWERS, failure)
        if is_written_call(answer.content, self._names):
            failure = "it wrote a tool call as text: the server's tool parser is off"
            return self._nudge(_WRITTEN, MAX_WRITTEN_CALLS, failure)
        if answer.announces_calls:
            return self._nudge(_LOST, MAX_LOST_CALLS)
        return not answer.text.strip() and self._nudge(_EMPTY, 1)

    def _nudge(self, text: str, most: int, failure: str | None = None) -> bool:
        """Once more, or False; raises GaveUp with the failure where there is one."""
        self._nudges[text] += 1
        if self._nudges[text] <= most:
            self._hear(text)
            return True
        if failure is not None:
            raise GaveUp(failure)
        return False

    # --- calls ---

    def _call_all(self, calls: Sequence[Call], *, is_cut: bool) -> bool:
        """Whether one of them ends the work. Raises GaveUp."""
        is_over = False
        for call in calls:
            is_over = self._call(call, is_cut=is_cut) or is_over
        return is_over

    def _call(self, call: Call, *, is_cut: bool) -> bool:
        """Calls a tool; what fails is told to the model, which can do something about it."""
        name = self._tools.name_of(call.name) if self._tools else call.name
        arguments = call.arguments
        tell("tool_call", callId=call.id, tool=name, input=call.written if arguments is None else arguments)
        failed, output = self._outcome(name, call, arguments, is_cut=is_cut)
        tell("tool_result", callId=call.id, output=output, isError=failed)
        self._transcript.add({"role": "tool", "tool_call_id": call.id, "content": clean(output)})
        self._count(name, call, failed, output)
        return not failed and self._tools is not None and self._tools.ends_work(name)

    def _outcome(self, name: str, call: Call, arguments: Json | None, *, is_cut: bool) -> tuple[bool, str]:
        if arguments is None or (is_cut and not call.is_complete):
            problem = f"The arguments are not one JSON object. Nothing was done. They begin: {quoted(call)}"
            return True, _CUT_CALL if is_cut else problem
        if self._tools is None:
            return True, f"There is no tool named {name}."
        return self._tools.call(name, arguments)

    def _count(self, name: str, call: Call, failed: bool, output: str) -> None:
        """Raises GaveUp where the model does nothing but repeat itself."""
        key = (name, call.written, output)
        if key not in self._same and not failed:
            self._same.clear()
            self._nudges.clear()
        self._same[key] += 1
        if self._same[key] >= (MAX_SAME_REFUSED if failed else MAX_SAME):
            how = f"refused each time: {output[:300]}" if failed else "with the same answer"
            raise GaveUp(f"it repeated one call of {name} {self._same[key]} times, {how}")


def _tools(job: Json) -> Tools | None:
    if job["shown"]:
        return ShownTools(job["shown"])
    return RunTools(from_environment(job["tools"])) if job["tools"] else None


def _work(job: Json, transcript: Transcript) -> None:
    try:
        Loop(job, transcript, _tools(job)).run(sys.stdin.read())
        tell("end", how="done", text="")
    except GaveUp as end:
        told = {"how": end.how, "status": end.status, "text": end.text, "model": job["model"], "waitMs": None}
        if end.how == "limited":
            told["waitMs"] = int(1000 * pause_s(end.wait_s, transcript.pauses))
            transcript.note_pause()
        tell("end", **told)
    except (Refused, Unreachable, OSError, ValueError) as error:
        tell("end", how="failed", status=None, text=str(error) or type(error).__name__, model=job["model"])


def main(path: str) -> None:
    job: Json = json.loads(Path(path).read_text())
    folder = Path(job["sessions"])
    folder.mkdir(mode=0o700, exist_ok=True)
    try:
        transcript = Transcript(folder, job["session"])
    except (OSError, ValueError):
        return tell("end", how="no_session", text="The former session is not there any more.")
    tell("session", id=transcript.session)
    _work(job, transcript)


if __name__ == "__main__":
    os.umask(0o077)
    main(sys.argv[1])
