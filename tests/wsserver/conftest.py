from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.sidecar import SidecarProcess, Writer, running, writing


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SidecarProcess]:
    """One sidecar for the tests of a module that leave it as it was."""
    with running(tmp_path_factory.mktemp("sidecar") / "home", CHORUS_HEARTBEAT_MS="1000") as process:
        yield process


@pytest.fixture
def writer(server: SidecarProcess) -> Iterator[Writer]:
    """Writes to the workspace that `server` serves."""
    with writing(server.settings) as opened:
        yield opened


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"
