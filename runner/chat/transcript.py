"""A conversation on disk: a line of JSON for each message, to go on with in a later turn.

What cannot be written now is written with the next message: no work is lost because a note could not be made.
"""

import json
import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common.fields.base import is_uuid
from runner.chat.history import ids_in, repaired

Json = dict[str, Any]
_PAUSE = "pause"  # the role of a line that says: the server took no more for a while


class Transcript:
    """The messages so far, without the system's. The file is named after the session."""

    def __init__(self, folder: Path, session: str | None) -> None:
        """Raises FileNotFoundError where the session to go on with is not there, ValueError where nothing is in it."""
        self.session = session if session and is_uuid(session) else str(uuid.uuid4())
        self._path = folder / f"{self.session}.json"
        self._is_behind = False
        self.messages: list[Json] = []
        self.pauses = 0
        if session:
            self._load()

    @property
    def ids(self) -> set[str]:
        """Of all calls."""
        return ids_in(self.messages)

    def add(self, message: Json) -> None:
        self.messages.append(message)
        if message["role"] == "assistant":
            self.pauses = 0
        self._append(message)

    def note_pause(self) -> None:
        """One more time in a row the server takes no more."""
        self.pauses += 1
        self._append({"role": _PAUSE})

    def replace(self, messages: Sequence[Json]) -> None:
        self.messages = list(messages)
        self.save()

    def save(self) -> bool:
        """Writes all of it, in one step. False: it could not be written."""
        lines = [*self.messages, *([{"role": _PAUSE}] * self.pauses)]
        making = self._path.with_suffix(".making")
        try:
            _write(making, lines, os.O_TRUNC)
            making.replace(self._path)
        except OSError:
            self._is_behind = True
            return False
        self._is_behind = False
        return True

    def _append(self, line: Json) -> None:
        if self._is_behind:
            self.save()
            return
        try:
            _write(self._path, [line], os.O_APPEND)
        except OSError:
            self._is_behind = True  # perhaps with half a line

    def _load(self) -> None:
        lines = _read(self._path.read_text(errors="replace"))
        said = [line for line in lines if line.get("role") not in (_PAUSE, "system")]
        self.messages = repaired(said)
        answered = max((n for n, line in enumerate(lines) if line.get("role") == "assistant"), default=-1)
        self.pauses = sum(line.get("role") == _PAUSE for line in lines[answered + 1 :])
        if not self.messages:
            raise ValueError("nothing is left of the session")
        self.save()


def _write(path: Path, lines: Sequence[Json], flag: int) -> None:
    """For its owner only, and on the disk when it returns."""
    raw = "".join(json.dumps(line) + "\n" for line in lines).encode()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flag, 0o600)
    try:
        while raw:
            raw = raw[os.write(descriptor, raw) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(text: str) -> list[Json]:
    """The lines that can be read: the last one may be half. Former versions wrote one list."""
    if text.lstrip().startswith("["):
        listed = json.loads(text)
        return [line for line in listed if isinstance(line, dict)]
    return [line for line in map(_parsed, text.split("\n")) if isinstance(line, dict)]


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
