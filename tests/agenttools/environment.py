"""A server with agents, and the environment that Chorus gives to those it starts."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.settings import ROOT
from tests.helpers.agents import Worker, equip
from tests.helpers.server import Server, running
from tests.helpers.workspace import open_workspace


@contextmanager
def equipped(home: Path) -> Iterator[Server]:
    """A server of its own, with agents and a folder."""
    with running(home, "plain", CHORUS_LOG_LEVEL="warn") as started:
        with open_workspace(home) as workspace:
            (home.parent / "project").mkdir()
            equip(workspace, home.parent / "project")
        yield started


def environment(server: Server, token: str, task_id: str | None = None) -> dict[str, str]:
    safe = {"PATH": os.environ["PATH"], "PYTHONSAFEPATH": "1", "PYTHONPATH": str(ROOT)}
    given = {"CHORUS_API_URL": f"http://127.0.0.1:{server.port}", "CHORUS_TOKEN": token}
    return safe | given | ({"CHORUS_TASK_ID": task_id} if task_id else {})


def of(worker: Worker, server: Server) -> dict[str, str]:
    return environment(server, worker.token, worker.task_id)
