"""A real server without a runner: the tests play the agents' processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.workspaces.current import Workspace
from tests.agenttools.environment import equipped
from tests.helpers.agents import Worker, at_work
from tests.helpers.server import Server
from tests.helpers.workspace import open_workspace


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with equipped(tmp_path_factory.mktemp("tools") / "home") as started:
        yield started


@pytest.fixture
def workspace(server: Server) -> Iterator[Workspace]:
    with open_workspace(server.home) as opened:
        yield opened


@pytest.fixture
def folder(server: Server) -> Path:
    return server.home.parent / "project"


@pytest.fixture
def worker(workspace: Workspace) -> Worker:
    return at_work(workspace)
