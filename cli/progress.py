"""Progress of long work, on stderr and only on a terminal: scripts and logs stay clean."""

import sys
import time

import click

EVERY_S = 0.1


class Progress:
    """Called with what is being done and how many are done."""

    def __init__(self) -> None:
        self._shown_at = 0.0
        self._width = 0

    def __call__(self, what: str, count: int) -> None:
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._shown_at > EVERY_S:
            text = f"{what} {count}" if count else f"{what} …"
            click.echo("\r" + text.ljust(self._width), nl=False, err=True)
            self._shown_at, self._width = now, len(text)

    def done(self) -> None:
        if self._width:
            click.echo("\r" + " " * self._width + "\r", nl=False, err=True)
            self._width = 0
