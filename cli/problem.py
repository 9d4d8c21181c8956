"""Expected failures: one sentence for stderr and an exit status."""

from typing import NoReturn

import click

FAILED = 1  # 2 is click's own, for wrong usage
NOT_RUNNING = 3
NOT_LIVE = 4
INCOMPLETE = 5


class Problem(click.ClickException):
    """`message` says what happened and what to do."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = status  # type: ignore[misc]  # click means it so


def refuse(message: str, status: int = FAILED) -> NoReturn:
    raise Problem(message, status)
