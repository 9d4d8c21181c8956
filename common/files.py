"""Files that are replaced whole: who reads one finds the former content or the new one, also after a power cut."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def replacing(path: Path, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """A new file beside `path`, which takes its place in one step, durable, once the block has written it.

    Where the block or the disk fails, `path` stays as it is and nothing is left. `mode` is limited by the umask.
    """
    making = beside(path)
    try:
        with open(making, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        making.replace(path)
    except BaseException:
        with suppress(OSError):
            making.unlink()
        raise
    with suppress(OSError):  # it has its name already: nobody may be told that it has not
        sync_folder(path.parent)


def beside(path: Path) -> Path:
    """A free name in the folder of `path`, closed to agents as all drafts are (core/files/names.py)."""
    return path.with_name(f".chorus-{uuid.uuid4().hex}.tmp")


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Makes all files and names below a folder durable. Raises OSError."""
    for parent, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(parent, name), "rb") as file:
                os.fsync(file.fileno())
        sync_folder(Path(parent))
