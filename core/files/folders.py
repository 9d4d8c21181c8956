"""The allowed folders, and where a path that an agent writes begins in them. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from common.errors import Forbidden, ValidationFailed
from core.files.names import composed, is_ours

Identity = tuple[int, int]
"""Device and inode of a folder: what it is, by whatever name it is reached."""


class Place(NamedTuple):
    """An allowed folder as `root`, and the components to walk from there."""

    root: str
    parts: list[str]


class Folders:
    """The allowed folders as absolute paths; relative paths begin in `start`, else in the first. `closed` stay shut."""

    def __init__(self, allowed: Sequence[str], start: str = "", closed: frozenset[Identity] = frozenset()) -> None:
        self.closed = closed
        self._allowed = [(folder, components(composed(folder))) for folder in allowed if folder.strip()]
        self._start = start or next((folder for folder, _ in self._allowed), "")

    def place(self, path: str) -> Place:
        """Raises ValidationFailed (empty), Forbidden (`..`, not in an allowed folder, none is allowed)."""
        path = path.strip()
        if not path:
            raise invalid("Must not be empty.")
        if not self._allowed:
            raise Forbidden("Agents have no folder to work in. Add one to the allowed folders on the Settings page.")
        if ".." in path.split("/"):
            raise Forbidden("A path must not contain '..'. Give a path inside the allowed folders.")
        return self.inside(path) if path.startswith("/") else Place(self._start, components(path))

    def inside(self, path: str) -> Place:
        """Where an absolute path begins: in the innermost allowed folder around it. Raises Forbidden."""
        wanted = components(path)
        read = [composed(part) for part in wanted]
        around = [(folder, parts) for folder, parts in self._allowed if read[: len(parts)] == parts]
        if not around:
            folders = ", ".join(folder for folder, _ in self._allowed)
            raise Forbidden(f"This path is not in an allowed folder. The allowed folders: {folders}.")
        folder, parts = max(around, key=lambda found: len(found[1]))
        return Place(folder, wanted[len(parts) :])


def components(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def check_name(name: str) -> None:
    """Raises Forbidden for the files of Chorus itself."""
    if is_ours(name):
        raise Forbidden("This file belongs to Chorus itself.")


def invalid(problem: str, field: str = "path") -> ValidationFailed:
    return ValidationFailed("Some arguments are not valid.", fields={field: [problem]})
