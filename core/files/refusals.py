"""What the file system refuses, told as errors that a client may see: no path of this machine, and what to do."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from common.errors import ChorusError, Conflict, Forbidden, NotFound, ServiceUnavailable
from core.files.folders import invalid

_REFUSALS: dict[int, tuple[type[ChorusError], str]] = {
    errno.ENOENT: (NotFound, "There is no such file or folder."),
    errno.ENOTDIR: (NotFound, "A part of this path is not a folder."),
    errno.ELOOP: (Forbidden, "A part of this path was swapped for a symbolic link meanwhile."),
    errno.EEXIST: (Conflict, "There is something at this path already. Use file.write to replace a file."),
    errno.EACCES: (Forbidden, "The file system does not permit this."),
    errno.EPERM: (Forbidden, "The file system does not permit this."),
    errno.EROFS: (Forbidden, "This file system is read-only."),
    errno.ENOSPC: (ServiceUnavailable, "The disk is full."),
    errno.EDQUOT: (ServiceUnavailable, "The disk quota is used up."),
    errno.EMFILE: (ServiceUnavailable, "Too many files are open. Try again in a moment."),
    errno.ENFILE: (ServiceUnavailable, "Too many files are open. Try again in a moment."),
}


@contextmanager
def told() -> Iterator[None]:
    """Turns an OSError into a ChorusError."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise invalid("A name in it is too long.") from None
        code = error.errno or 0
        kind, message = _REFUSALS.get(code, (Conflict, f"The file system refused: {os.strerror(code)}."))
        raise kind(message) from None
