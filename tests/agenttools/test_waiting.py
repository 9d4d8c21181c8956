"""Hand-offs that wait: a hundred of them cost the API nothing; those that hold a thread are few."""

import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from agenttools.client import Client, Stopped
from common.db import tables
from core.runs import records
from core.workspaces.current import Workspace
from tests.helpers.agents import Worker, at_work, claimed
from tests.helpers.processes import wait_for
from tests.helpers.server import Server

pytestmark = pytest.mark.processes
PARKED = 100


def typical_ms(server: Server) -> float:
    """Median of 60 reads of the board."""
    times = []
    for _ in range(60):
        began = time.monotonic()
        server.json("GET", "/api/live")
        server.json("GET", "/api/agents")
        times.append((time.monotonic() - began) * 1_000)
    return statistics.median(times)


def handed_off(workspace: Workspace) -> int:
    with workspace.database.read() as reading:
        statement = sa.select(sa.func.count()).where(tables.runs.c.state == "queued")
        return int(reading.execute(statement.select_from(tables.runs)).scalar_one())


def test_a_hundred_waiting_hand_offs_leave_the_api_as_it_is(server: Server, workspace: Workspace) -> None:
    """(B16)"""
    workers = [at_work(workspace) for _ in range(PARKED)]
    clients = [Client(f"http://127.0.0.1:{server.port}", worker.token, worker.task_id) for worker in workers]
    before = typical_ms(server)
    with ThreadPoolExecutor(PARKED) as threads:
        hand_off = {"agentName": "editor", "prompt": "x"}
        waiting = [threads.submit(client.call, "handoff", hand_off) for client in clients]
        wait_for(lambda: handed_off(workspace) == PARKED, 60, "all have handed off")
        parked = typical_ms(server)
        done = claimed(workspace)
        done.end("over")
        ended = wait_for(lambda: [call for call in waiting if call.done()], 20, "the parent of the ended child")
        assert ended[0].result()["output"] == "over"
        for client in clients:
            client.stop()
        for call in waiting:
            assert call in ended or isinstance(call.exception(), Stopped)
    for worker in workers:
        worker.end()
    print(f"API with {PARKED} parked hand-offs: {parked:.1f} ms, before: {before:.1f} ms")
    assert parked < before * 2 + 10


def blocking(server: Server, worker: Worker) -> tuple[int, dict[str, str], bytes]:
    body = {"tool": "handoff", "agentName": "editor", "prompt": "x"}
    path = f"/api/tasks/{worker.task_id}/tools"
    return server.request("POST", path, body, Authorization=f"Bearer {worker.token}")


def test_four_hand_offs_may_hold_a_thread(server: Server, workspace: Workspace) -> None:
    """Over all web processes; the fifth is refused before it has handed off."""
    workers = [at_work(workspace) for _ in range(5)]
    with ThreadPoolExecutor(4) as threads:
        held = [threads.submit(blocking, server, worker) for worker in workers[:4]]
        wait_for(lambda: handed_off(workspace) == 4, 20, "four wait")
        status, headers, raw = blocking(server, workers[4])
        assert (status, json.loads(raw)["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")
        assert int(headers["Retry-After"]) > 0
        with workspace.database.read() as reading:
            assert records.load(reading, workers[4].run["id"])["state"] == "running"
        for _ in range(4):
            claimed(workspace).end("done")
        answers = [call.result() for call in held]
    assert [(status, json.loads(raw)["output"]) for status, _, raw in answers] == [(200, "done")] * 4
    for worker in workers:
        worker.end()


def test_asynchronous_hand_off_answers_at_once_and_once(server: Server, workspace: Workspace, worker: Worker) -> None:
    body = {"tool": "handoff", "agentName": "editor", "prompt": "x"}
    headers = {"Authorization": f"Bearer {worker.token}", "Prefer": "respond-async", "Idempotency-Key": "once"}
    answers = [server.request("POST", f"/api/tasks/{worker.task_id}/tools", body, **headers) for _ in range(2)]
    assert [status for status, _, _ in answers] == [202, 202]
    run_id = json.loads(answers[0][2])["runId"]
    assert json.loads(answers[1][2]) == {"runId": run_id}
    other = server.request("POST", f"/api/tasks/{worker.task_id}/tools", body | {"prompt": "y"}, **headers)
    assert (other[0], json.loads(other[2])["error"]["code"]) == (422, "KEY_REUSED")
    claimed(workspace).end("done")
    run = server.json("GET", f"/api/runs/{run_id}")
    assert (run["output"], run["state"], run["completionReport"]) == ("done", "interrupted", None)
    worker.end()
