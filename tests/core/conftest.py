from collections.abc import Iterator
from pathlib import Path

import pytest

from core.workspaces.current import Workspace
from tests.helpers.workspace import open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "home") as opened:
        yield opened
