"""The files of attachments: `uploads/<taskId>/<uuid>`, written whole and durable before anybody hears of them."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from common.errors import BadRequest, ChorusError, TooLarge
from common.fields.base import is_uuid
from common.files import sync_folder
from common.storage import storing

MOST_BYTES = 10 * 1024 * 1024
CHUNK = 64 * 1024
ORPHAN_AGE_S = 3600.0


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


def path_of(uploads: Path, task_id: str, attachment_id: str) -> Path:
    return uploads / task_id / attachment_id


def store(path: Path, body: Stream, expected: int | None) -> int:
    """Writes the stream to `path`, fsynced with its folder; returns its size in bytes.

    Raises TooLarge above 10 MiB, BadRequest where the stream ends before `expected` bytes or late, StorageFull or
    ServiceUnavailable where the disk cannot store it; then no file is left.
    """
    try:
        with storing():
            size = _write(path, body)
        if not path.exists():  # it stood still for so long, with the machine, that it was taken for left behind
            raise BadRequest("The upload took too long. Nothing was attached; try again.")
        if expected is not None and size != expected:
            raise BadRequest(f"The upload broke off after {size} of {expected} bytes. Nothing was attached; try again.")
    except BaseException as error:
        drop(path)
        if isinstance(error, ChorusError) and error.status >= 500:
            drain(body)  # a client that is still sending would not see the answer
        raise
    return size


def _write(path: Path, body: Stream) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(path, "xb") as file:
        size = _copy(body, file)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
    return size


def drain(body: Stream) -> None:
    """Reads what is left of an upload, as much as one may have. Raises BadRequest where it breaks off."""
    left = MOST_BYTES
    while left > 0 and (chunk := _read(body)):
        left -= len(chunk)


def _read(body: Stream) -> bytes:
    try:
        return body.read(CHUNK)
    except OSError:  # a client that stalls or is gone; not the disk
        raise BadRequest("The upload broke off. Nothing was attached; try again.") from None


def _copy(body: Stream, file: "os.PathLike[bytes] | object") -> int:
    size = 0
    while chunk := _read(body):
        size += len(chunk)
        check_size(size)
        file.write(chunk)  # type: ignore[union-attr]
    return size


def check_size(size: int) -> None:
    if size > MOST_BYTES:
        raise TooLarge(f"An attachment may have {MOST_BYTES // 1024 // 1024} MiB at most. Nothing was attached.")


def drop(path: Path) -> None:
    """Removes a file that no row names; where that fails, the sweep does it later."""
    with suppress(OSError):
        path.unlink()


def old(uploads: Path, now_s: float) -> Iterator[Path]:
    """Files older than an hour; `now_s` since 1970. One that no row names was left by a crash between file and row.

    Only what is named as attachments are: another workspace, or a person's file, may lie in the folder.
    """
    for path in uploads.glob("*/*"):
        if is_uuid(path.name) and is_uuid(path.parent.name):
            with suppress(OSError):  # somebody else has removed it just now
                if now_s - path.stat().st_mtime > ORPHAN_AGE_S:
                    yield path
