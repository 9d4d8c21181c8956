"""Somebody who opens the other workspace again and again, while everybody else works."""

import random
import threading
from pathlib import Path

from tests.faults.requests import Asker, Request
from tests.helpers.server import Server


class Switcher(threading.Thread):
    """Makes a second workspace, then goes back and forth. `folders` are both."""

    def __init__(self, server: Server, folders: tuple[Path, Path], seed: str, pause_s: tuple[float, float]) -> None:
        super().__init__(name="switcher", daemon=True)
        self.asker = Asker(server)
        self.folders = folders
        self._random = random.Random(seed)
        self._pause_s = pause_s
        self._halt = threading.Event()
        self._next = 1

    @property
    def switches(self) -> int:
        return sum(request.acknowledged for request in self.asker.requests)

    def halt(self) -> None:
        self._halt.set()
        self.join(30)
        assert not self.is_alive()

    def run(self) -> None:
        while not self._halt.wait(self._random.uniform(*self._pause_s)):
            self._switch()

    def settle(self) -> None:
        """A last switch that must succeed, whatever the ones before have left half done."""
        assert self._switch(), self.asker.requests[-1]

    def _switch(self) -> bool:
        done = self._open(self.folders[self._next])
        if done:
            self._next = 1 - self._next
        return done

    def _open(self, folder: Path) -> bool:
        verb = "select" if (folder / "chorus.db").exists() else "create"
        request = Request("switch", "", unique=False)
        return (
            self.asker.send(request, "POST", f"/api/config/{verb}", {"path": str(folder), "stopRuns": True}) is not None
        )
