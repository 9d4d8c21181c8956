"""What a tool is made of."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from common.db.write import WriteTransaction
from core.files.drafts import Drafts
from core.files.folders import Folders
from core.runs.records import Run

Arguments = Mapping[str, Any]
Result = dict[str, Any]
Commit = Callable[[WriteTransaction, Run], Result]
"""Has the tool's effect in the given transaction, that on files by `at_last`; quick."""


@dataclass(frozen=True)
class Context:
    """What a tool may know of its run before its transaction: where its files are, and whether it still lives."""

    folders: Folders
    drafts: Drafts
    alive: Callable[[], bool]


Tool = Callable[[Context, Arguments], AbstractContextManager[Commit]]
"""Prepares the call; the effect is had, or not, inside the context, whose end cleans up."""


def immediate(act: Callable[[WriteTransaction, Run, Arguments], Result]) -> Tool:
    """A tool that needs no preparation."""

    @contextmanager
    def prepared(_: Context, arguments: Arguments) -> Iterator[Commit]:
        yield lambda tx, run: act(tx, run, arguments)

    return prepared


def without_effect(find: Callable[[Context, Arguments], Result]) -> Tool:
    """A tool that only looks at files: its result is there before the transaction."""

    @contextmanager
    def prepared(context: Context, arguments: Arguments) -> Iterator[Commit]:
        result = find(context, arguments)
        yield lambda _tx, _run: result

    return prepared
