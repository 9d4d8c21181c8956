"""What a transaction changes outside of the database, in one order, with an honest answer for each failure.

1. Before the transaction: what nobody sees, such as a draft beside a file. A failure leaves nothing.
2. In the transaction: the rows and their event. A failure rolls them back.
3. Last in it: the effects that are seen outside, quick ones. One that is refused rolls the transaction back.
4. COMMIT. Where it fails, the effects are taken back, the last one first; where even that fails: NotRecorded.
5. After the commit: the bell, then what follows the change. Their failure is logged: the change stands.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from common.errors import NotRecorded

log = logging.getLogger(__name__)


class Effect(NamedTuple):
    """`act` has the effect or, raising, none; `take_back` undoes it; `done` tells people what was done, if it stays."""

    act: Callable[[], None]
    take_back: Callable[[], None]
    done: str


class Effects:
    """Those of one transaction."""

    def __init__(self) -> None:
        self._planned: list[Effect] = []
        self._had: list[Effect] = []
        self._following: list[Callable[[], None]] = []

    def plan(self, effect: Effect) -> None:
        """It is had at the end of the transaction."""
        self._planned.append(effect)

    def follow(self, act: Callable[[], None]) -> None:
        """Runs `act` once the transaction is committed."""
        self._following.append(act)

    def have(self) -> None:
        for effect in self._planned:
            effect.act()
            self._had.append(effect)

    @contextmanager
    def or_none(self) -> Iterator[None]:
        """Takes the effects back where the transaction inside fails. Raises NotRecorded for one that stays."""
        try:
            yield
        except BaseException as error:
            left = [effect.done for effect in reversed(self._had) if not _is_taken_back(effect)]
            if left:
                raise NotRecorded(f"{' '.join(left)} This could not be recorded, nor taken back.") from error
            raise

    def committed(self, ring: Callable[[], None] | None) -> None:
        """The bell first: nothing that follows may keep a change from those who wait for it."""
        for act in [ring, *self._following] if ring else self._following:
            try:
                act()
            except Exception:
                log.exception("A change is stored, but what follows it failed.")


def _is_taken_back(effect: Effect) -> bool:
    try:
        effect.take_back()
    except Exception:
        log.exception("%s It could not be taken back.", effect.done)
        return False
    return True
