"""The shared snapshot: built once for each position of the log, compressed once, given to all who ask meanwhile."""

import threading
from typing import NamedTuple

from common.db.eventlog import Position
from core import snapshot
from core.workspaces.current import Workspace
from webapp.envelopes import compressed, envelope


class Snapshot(NamedTuple):
    """A snapshot answer, plain and compressed."""

    position: Position
    raw: bytes
    packed: bytes


class SnapshotCache:
    """Holds the newest snapshot. Single flight: who asks while one is being built waits for it and shares it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: Snapshot | None = None

    def get(self, workspace: Workspace) -> Snapshot:
        with self._lock, workspace.database.read() as reading:
            if self._newest is None or self._newest.position != reading.position:
                raw = envelope(snapshot.build(reading, workspace.config_path)).encode()
                self._newest = Snapshot(reading.position, raw, compressed(raw))
            return self._newest
