from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from common.settings import Settings
from tests.helpers.api import Api
from tests.helpers.workspace import quickly_prepared
from webapp import create_app, state


@contextmanager
def serving(settings: Settings) -> Iterator[Flask]:
    made = create_app(settings)
    yield made
    state.of(made).close()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with serving(quickly_prepared(tmp_path / "home")) as made:
        yield made


@pytest.fixture
def api(app: Flask) -> Api:
    return Api(app)
