"""A change by one user shows on the other's screen, however the server is started."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import journeys, outside
from tests.browser.conftest import SETTINGS
from tests.helpers.browser import Browser
from tests.helpers.server import Server, running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "colours of the fence.txt"
    path.write_text("green\n")
    return path


@pytest.fixture(scope="module", params=["nginx", "plain"])
def other_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("other") / "home", request.param, **SETTINGS) as started:
        yield started


def test_board(anna: Browser, ben: Browser, server: Server) -> None:
    journeys.board(anna, ben, server)


def test_board_follows_what_is_done_on_a_task_page(anna: Browser, ben: Browser, server: Server, file: Path) -> None:
    """(B13, U5)"""
    journeys.task_on_the_board(anna, ben, server, outside.new_task(server, "Paint the fence"), file)


def test_task_page(anna: Browser, ben: Browser, server: Server, file: Path) -> None:
    journeys.task(anna, ben, server, planned_task(server), file)


def test_behind_nginx_and_with_plain_processes(anna: Browser, ben: Browser, other_server: Server, file: Path) -> None:
    journeys.board(anna, ben, other_server)
    journeys.task(anna, ben, other_server, planned_task(other_server), file)


def planned_task(server: Server) -> str:
    task_id = outside.new_task(server, "Paint the gate")
    outside.ask(server, "PUT", f"/api/tasks/{task_id}/planning", {"summary": "Two coats"})
    return task_id
