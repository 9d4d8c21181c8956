"""Asking a model until it answers: again where that may help, plainer where a server refuses something."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runner.chat.answer import Answer
from runner.chat.endpoint import Endpoint
from runner.chat.failures import MUTE, Failure, Meaning, at_address
from runner.chat.request import Manner, plainer
from runner.chat.telling import Speech, tell

Json = dict[str, Any]
MAX_TRIES = 4
MAX_RETRY_WAIT_S = 30.0  # a longer one is a pause of the run
PAUSE_S = 5 * 60.0  # where the server does not say how long; twice as long each time in a row
MAX_PAUSE_S = 2 * 3600.0
_LONG = 20_000  # characters of a request: a server that refuses it without a word has probably no room for it


@dataclass(eq=False)
class GaveUp(Exception):
    """The turn is over: the members of its last line."""

    text: str
    how: str = "failed"
    status: int | None = None
    wait_s: float | None = None

    def __str__(self) -> str:
        return self.text


class Overflow(Exception):
    """The request is too long for the model; the text is the server's."""


class Model:
    """One model of one server. How it is asked is remembered from one request to the next."""

    def __init__(self, endpoint: Endpoint, name: str | None) -> None:
        self._endpoint = endpoint
        self._name = name
        self._manner = Manner()

    def ask(self, messages: Sequence[Json], tools: Sequence[Json], speech: Speech) -> Answer:
        """Raises Overflow, GaveUp."""
        tries = 0
        while True:
            body = self._manner.body(self._name, messages, tools)
            try:
                return self._answer(body, speech)
            except Failure as failure:
                if self._asks_plainer(failure, body):
                    continue
                tries += 1
                wait_s = self._wait_s(failure, tries, body)
                tell("notice", text=f"The model's server failed, and is asked again: {failure.text}")
                speech.restart()
                time.sleep(wait_s)

    def _answer(self, body: Json, speech: Speech) -> Answer:
        answer = Answer([tool["function"]["name"] for tool in body.get("tools", [])])
        try:
            for raw in self._endpoint.ask(body):
                speech.take(answer.feed(raw))
                if raw:
                    speech.alive()
            speech.take(answer.end())
        finally:
            speech.end()
            if answer.usage is not None:
                tell("usage", input=answer.usage.input, output=answer.usage.output, costUsd=answer.usage.cost)
        return answer

    def _asks_plainer(self, failure: Failure, body: Json) -> bool:
        found = plainer(self._manner, failure, body) if failure.in_api else None
        self._manner = found or self._manner
        return found is not None

    def _wait_s(self, failure: Failure, tries: int, body: Json) -> float:
        """How long to wait before asking again. Raises Overflow, GaveUp where that is no use."""
        meaning = failure.meaning
        if failure.is_wrong_address:
            raise GaveUp(at_address(failure, self._endpoint.base_url))
        if meaning is Meaning.OVERFLOW or (failure.codes == MUTE and failure.status == 400 and len(str(body)) > _LONG):
            raise Overflow(failure.text)
        if meaning is Meaning.NO_TOOLS and body.get("tools"):
            raise GaveUp(f"this model cannot use tools, and an agent works with nothing else: {failure.text}")
        if meaning is Meaning.UNPAID:
            raise GaveUp(failure.text, status=402)
        wait_s = failure.wait_s if failure.wait_s is not None else float(2 ** (tries - 1))
        if meaning is Meaning.LIMITED and (tries >= MAX_TRIES or wait_s > MAX_RETRY_WAIT_S):
            raise GaveUp(failure.text, how="limited", status=failure.status, wait_s=failure.wait_s)
        if meaning not in (Meaning.LIMITED, Meaning.PASSING) or tries >= MAX_TRIES:
            raise GaveUp(failure.text, status=failure.status)
        return min(wait_s, MAX_RETRY_WAIT_S)


def pause_s(asked: float | None, in_a_row: int) -> float:
    """How long to pause: what the server asks for, else longer each time in a row."""
    return asked if asked else min(MAX_PAUSE_S, PAUSE_S * 2**in_a_row)
