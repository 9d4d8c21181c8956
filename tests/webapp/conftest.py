from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.helpers.api import Api
from tests.helpers.workspace import quickly_prepared
from webapp import create_app, state


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    made = create_app(quickly_prepared(tmp_path / "home"))
    yield made
    state.of(made).close()


@pytest.fixture
def api(app: Flask) -> Api:
    return Api(app)
