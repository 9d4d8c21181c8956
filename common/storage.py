"""What a disk that is full, read-only or gone means for people: one place that makes the errors."""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from common.errors import ChorusError, ServiceUnavailable, StorageFull

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY = "The workspace's folder cannot be written. Nothing was changed; an operator must make it writable."
_GONE = "The workspace's folder is not there any more. Nothing was changed; put it back, or open another workspace."
_FAILED = "The disk failed. Nothing was changed; the server's log has the details."

log = logging.getLogger(__name__)


def full() -> StorageFull:
    return StorageFull("The disk is full. Nothing was changed; free some space and try again.")


def gone() -> ServiceUnavailable:
    return ServiceUnavailable(_GONE)


def of_system(error: OSError) -> ChorusError:
    """The error for a file that could not be written."""
    if error.errno in FULL:
        return full()
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return ServiceUnavailable(_READ_ONLY)
    return gone() if error.errno in (errno.ENOENT, errno.ENOTDIR) else _failed(error)


def of_sqlite(error: BaseException | None) -> ChorusError | None:
    """The error for what SQLite says when it cannot store; None where something else is wrong."""
    text = str(error)
    if "disk is full" in text:
        return full()
    if "readonly" in text:
        return ServiceUnavailable(_READ_ONLY)
    if "unable to open" in text:
        return gone()
    return _failed(error) if "disk I/O" in text else None


def _failed(error: BaseException | None) -> ServiceUnavailable:
    log.error("The disk failed: %s (%s).", error, getattr(error, "sqlite_errorname", type(error).__name__))
    return ServiceUnavailable(_FAILED)


@contextmanager
def storing() -> Iterator[None]:
    """Turns an OSError of writing a file into the error that people see."""
    try:
        yield
    except OSError as error:
        raise of_system(error) from error
