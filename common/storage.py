"""What a disk that is full, read-only or gone means for people: one place that makes the errors.

They say what is wrong and what to do. Whether anything was changed is said by whoever answers: it alone knows.
"""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from common.errors import ChorusError, ServiceUnavailable, StorageFull

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FAILED = "The disk failed; the server's log has the details."

log = logging.getLogger(__name__)


def full() -> StorageFull:
    return StorageFull("The disk is full. Free some space and try again.")


def read_only() -> ServiceUnavailable:
    return ServiceUnavailable("The workspace's folder cannot be written. An operator must make it writable.")


def gone() -> ServiceUnavailable:
    return ServiceUnavailable(
        "The workspace's folder is not there any more. Put it back, or open another workspace.",
    )


def failed(details: str, message: str = _FAILED) -> ServiceUnavailable:
    """Also writes the `details` to the log."""
    log.error("The disk failed: %s.", details)
    return ServiceUnavailable(message)


def of_system(error: OSError) -> ChorusError:
    """The error for a file that could not be written."""
    if error.errno in FULL:
        return full()
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return read_only()
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return gone()
    return failed(f"{error} ({type(error).__name__})")


@contextmanager
def storing() -> Iterator[None]:
    """Turns an OSError of writing a file into the error that people see."""
    try:
        yield
    except OSError as error:
        raise of_system(error) from error
