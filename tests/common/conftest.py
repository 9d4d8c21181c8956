from collections.abc import Iterator
from pathlib import Path

import pytest

from common.db.database import Database
from tests.helpers.workspace import open_workspace


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_workspace(tmp_path / "home") as opened:
        yield opened.database
