"""Walking a path by open directories: each step opens one name in the folder before it, and follows no link blindly.

A symbolic link is read and its target walked the same way, so links inside the allowed folders work and all others are
refused. `..` in a target goes back to a folder that was walked through, never to what the file system calls parent.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from common.errors import Forbidden, NotFound
from core.files.folders import Folders, Identity, Place, check_name, components, invalid
from core.files.refusals import told
from core.files.tree import identity, standing

DEEPEST = 64  # folders below an allowed one; each holds a descriptor while a path is walked
MOST_LINKS = 40
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Spot(NamedTuple):
    """A name in an open folder; "." is the folder itself. What stands there, if anything, is not known yet.

    `closed` folders may not be entered from here. `path` is where the folder was when it was opened.
    """

    folder: int
    name: str
    closed: frozenset[Identity] = frozenset()
    path: str = ""


@contextmanager
def reach(folders: Folders, path: str, *, make_parents: bool = False, follow_last: bool = True) -> Iterator[Spot]:
    """The spot that `path` names; its folder is open inside the context. Folders made for it go if that fails.

    Raises NotFound (a folder on the way), Forbidden (it leads out of the allowed folders), ValidationFailed.
    """
    walk = _Walk(folders, make_parents, follow_last)
    try:
        with told():
            name = walk.to(folders.place(path))
        yield Spot(walk.folder, name, folders.closed, walk.path)
    except BaseException:
        walk.unmake()
        raise
    finally:
        walk.close()


def open_folder(spot: Spot) -> int:
    """The folder at `spot`, opened without following a link. Raises OSError, Forbidden (closed)."""
    opened = os.open(spot.name, FOLDER, dir_fd=spot.folder)
    try:
        check_open(opened, spot.closed)
    except Forbidden:
        os.close(opened)
        raise
    return opened


def check_open(folder: int, closed: frozenset[Identity]) -> None:
    """Raises Forbidden for an open folder that is closed to agents."""
    if closed and identity(os.fstat(folder)) in closed:
        raise Forbidden("This folder belongs to Chorus itself.")


def identities(paths: Iterable[Path]) -> frozenset[Identity]:
    """Of the folders that exist."""
    found = set()
    for path in paths:
        with suppress(OSError):
            found.add(identity(path.stat()))
    return frozenset(found)


class _Walk:
    def __init__(self, folders: Folders, make_parents: bool, follow_last: bool) -> None:
        self._folders = folders
        self._make_parents = make_parents
        self._follow_last = follow_last
        self._open: list[int] = []  # the folders walked through, the allowed one first
        self._names: list[str] = []  # theirs, of the allowed one its path
        self._ahead: list[str] = []  # names still to walk, the next one last
        self._links = 0
        self._made: list[tuple[int, str]] = []  # folders made: how many were open then, and the name in the last one

    @property
    def folder(self) -> int:
        return self._open[-1]

    @property
    def path(self) -> str:
        return "/".join(self._names)

    def close(self) -> None:
        self._names.clear()
        self._made.clear()
        while self._open:
            os.close(self._open.pop())

    def unmake(self) -> None:
        """Removes the folders that were made, as far as they are still walked through and empty."""
        for depth, name in reversed(self._made):
            with suppress(OSError, IndexError):
                os.rmdir(name, dir_fd=self._open[depth - 1])

    def to(self, place: Place) -> str:
        """Walks to the last name, which it returns unopened."""
        self._begin(place)
        while self._ahead:
            name = self._ahead.pop()
            if name == "..":
                self._back()
                continue
            name = standing(self.folder, name)
            check_name(name)
            target = self._link(name) if self._ahead or self._follow_last else None
            if target is not None:
                self._follow(target)
            elif self._ahead:
                self._enter(name)
            else:
                return name
        return "."

    def _begin(self, place: Place) -> None:
        self.close()
        try:
            self._open.append(os.open(place.root, FOLDER & ~os.O_NOFOLLOW))
            self._names.append(place.root)
            check_open(self.folder, self._folders.closed)
        except FileNotFoundError:
            raise NotFound(f"The allowed folder {place.root} does not exist.") from None
        self._ahead = self._ahead + place.parts[::-1]

    def _back(self) -> None:
        if len(self._open) == 1:
            raise _leads_out()
        os.close(self._open.pop())
        self._names.pop()
        self._made = [made for made in self._made if made[0] <= len(self._open)]

    def _link(self, name: str) -> str | None:
        try:
            return os.readlink(name, dir_fd=self.folder)
        except OSError:  # no link, or nothing there: opening it tells
            return None

    def _follow(self, target: str) -> None:
        self._links += 1
        if self._links > MOST_LINKS:
            raise Forbidden("This path goes through too many symbolic links.")
        if not target.startswith("/"):
            self._ahead += components(target)[::-1]
            return
        try:
            place = self._folders.inside(target)
        except Forbidden:
            raise _leads_out() from None
        self._begin(place)

    def _enter(self, name: str) -> None:
        if len(self._open) > DEEPEST:
            raise invalid(f"Must be at most {DEEPEST} folders deep.")
        spot = Spot(self.folder, name, self._folders.closed)
        try:
            opened = open_folder(spot)
        except FileNotFoundError:
            if not self._make_parents:
                raise
            with suppress(FileExistsError):  # somebody else has made it just now
                os.mkdir(name, dir_fd=self.folder)
                self._made.append((len(self._open), name))
            opened = open_folder(spot)
        self._open.append(opened)
        self._names.append(name)


def _leads_out() -> Forbidden:
    return Forbidden("This path leads out of the allowed folders through a symbolic link.")
