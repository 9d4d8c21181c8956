"""Trying once more what is known to pass: a program that failed before its agent had said a word."""

import random
from collections.abc import Callable
from typing import NamedTuple

from runner.providers import Output
from runner.records import Ending

START_RETRIES_S = (1.0, 2.0, 4.0)
MAX_CONTINUATIONS = 2  # of a run whose answers are cut off


class Attempt(NamedTuple):
    """A turn that was read to its end."""

    output: Output
    ending: Ending

    @property
    def never_began(self) -> bool:
        return self.ending.again and not self.output.progress.said


def until_begun(attempt: Callable[[], Attempt], wait: Callable[[float, str], bool]) -> Attempt:
    """Starts again while nothing was said and the failure is one that passes.

    `wait` gets seconds and the reason, and says whether to go on.
    """
    for seconds in START_RETRIES_S:
        tried = attempt()
        if not tried.never_began or not wait(_apart(seconds), tried.ending.reason):
            return tried
    return attempt()


def _apart(seconds: float) -> float:
    """Those that stood in each other's way do not meet again."""
    return seconds * random.uniform(0.5, 1.5)  # noqa: S311 - not secret
