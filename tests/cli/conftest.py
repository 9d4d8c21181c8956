"""One running server for all tests of the command line, and the command itself."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.helpers import command
from tests.helpers.command import Ended as Ended
from tests.helpers.server import Server, running

Chorus = Callable[..., Ended]


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # What an import brings is old: housekeeping, once a minute, must not archive it in the middle of a test.
    with running(tmp_path_factory.mktemp("cli") / "home", CHORUS_ARCHIVE_DAYS="36500") as server:
        yield server


@pytest.fixture
def chorus(server: Server, tmp_path: Path) -> Chorus:
    """Runs `chorus` in another folder than its own, for the running server; `home` another CHORUS_HOME."""
    return partial(command.chorus, server, tmp_path)
