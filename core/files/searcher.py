"""The search as a program of its own, so that an endless expression can be ended: `python -m core.files.searcher`.

It reads one JSON job from standard input, searches the folder that it inherits as an open descriptor, and writes each
match, or why the expression cannot be used, as a line of JSON. An alarm ends it at its time limit, even inside an
expression and without its parent.
"""

import json
import os
import re
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from core.files import tree

MEMORY_BYTES = 512 * 1024 * 1024


def main() -> None:
    job = json.load(sys.stdin)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, job["seconds"])
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        expression = re.compile(job["pattern"], 0 if job["case_sensitive"] else re.IGNORECASE)
    except (re.error, OverflowError, RecursionError, MemoryError) as error:
        return _say({"error": str(error) or type(error).__name__})
    for entry in _searched(job):
        for match in tree.matches(entry, expression, job["context_lines"]):
            _say(match._asdict())


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _searched(job: dict[str, Any]) -> Iterator[tree.Entry]:
    """One file where it has a name, else all files below the folder that fit the glob."""
    folder, name, glob = job["folder"], job["name"], job["glob"]
    if name != ".":
        yield tree.Entry("", folder, name, os.stat(name, dir_fd=folder, follow_symlinks=False))
        return
    closed = {(device, inode) for device, inode in job["closed"]}
    found = (entry for entry in tree.below(folder, closed) if entry.is_file)
    yield from (entry for entry in found if glob is None or tree.fits(entry.path, glob))


if __name__ == "__main__":
    main()
