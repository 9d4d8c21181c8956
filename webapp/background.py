"""The threads of a web worker besides its requests: high-water record, housekeeping, and once the page's files."""

import itertools
import logging
import threading
from collections.abc import Callable

from flask import Flask

from common.errors import ChorusError
from core import housekeeping
from webapp import pages, state
from webapp.slots import one_of
from webapp.state import State

log = logging.getLogger(__name__)
HOUSEKEEPING_EVERY_S = 60.0
THOROUGH_EVERY = 10  # rounds: looking at every file costs more than a round


class Background:
    """The running threads; `stop` ends them."""

    def __init__(self, app: Flask) -> None:
        self._stop = threading.Event()
        current = state.of(app)
        self._threads = [
            self._start("high-water", lambda: current.workspace.keep_high_water(self._stop)),
            self._start("housekeeping", lambda: _keep_house(current, self._stop)),
            self._start("files", lambda: pages.warm(current.settings.static_dir, self._stop)),
        ]

    @staticmethod
    def _start(name: str, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def _keep_house(current: State, stop: threading.Event) -> None:
    rounds = itertools.count(1)
    while not stop.wait(HOUSEKEEPING_EVERY_S):
        try:
            with one_of(current.settings.home, "housekeeping", 1) as mine:
                if mine:
                    _sweep(current, stop, thorough=next(rounds) % THOROUGH_EVERY == 0)
        except ChorusError as error:
            log.warning("housekeeping waits: %s", error.message)
        except Exception:
            log.exception("housekeeping failed; it is tried again in a minute")


def _sweep(current: State, stop: threading.Event, *, thorough: bool) -> None:
    workspace = current.workspace.get()
    housekeeping.run(
        workspace.database,
        workspace.uploads,
        current.settings.archive_days,
        thorough=thorough,
        forget=workspace.forget_output,
        stopped=stop.is_set,
    )
