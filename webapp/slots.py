"""A few places for what holds a thread, counted over all processes: locked files, free again when a process dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.errors import ServiceUnavailable


@contextmanager
def slot(home: Path, kind: str, count: int, instead: str) -> Iterator[None]:
    """Holds one of `count` places of this kind. Raises ServiceUnavailable, which says what to do `instead`."""
    with one_of(home, kind, count) as held:
        if not held:
            raise ServiceUnavailable(f"{count} requests wait for a {kind} already. {instead}")
        yield


@contextmanager
def one_of(home: Path, kind: str, count: int) -> Iterator[bool]:
    """The same for who has something else to do where all are taken: False then."""
    held = _take(home / "run", kind, count)
    try:
        yield held is not None
    finally:
        if held is not None:
            os.close(held)


def _take(folder: Path, kind: str, count: int) -> int | None:
    for number in range(count):
        place = os.open(
            folder / f"{kind.replace(' ', '-')}-{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(place)
            continue
        return place
    return None
