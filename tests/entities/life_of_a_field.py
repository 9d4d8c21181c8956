"""Follows the task field `priority` through a server of the tree it stands in: run by test_one_declaration.py."""

import sys
from pathlib import Path

from tests.helpers import command
from tests.helpers.server import Server, running

SOURCE = {"sourceType": "test", "userId": "me", "conversationId": None}


def main(folder: Path) -> None:
    with running(folder / "home") as server:
        task_id, epoch = api_and_events(server)
        saved = command.chorus(server, folder, "export", folder / "all.zip")
        assert saved.status == 0, saved.err
        assert epoch
    with running(folder / "other") as server:
        taken = command.chorus(server, folder, "import", folder / "all.zip")
        assert taken.status == 0, taken.out + taken.err
        assert server.json("GET", f"/api/tasks/{task_id}")["priority"] == "low"


def api_and_events(server: Server) -> tuple[str, str]:
    """Create and edit a task with the field; its bounds and its version count."""
    body = {"description": "A task", "source": SOURCE}
    task = server.json("POST", "/api/tasks", body | {"priority": "high"})
    assert task["priority"] == "high"
    status, _, raw = server.request("POST", "/api/tasks", body | {"priority": "urgent"})
    assert (status, b"priority" in raw) == (422, True), raw
    edited = server.json("PATCH", f"/api/tasks/{task['id']}", {"priority": "low"})
    assert (edited["priority"], edited["description"]) == ("low", "A task")
    status, _, raw = server.request("PATCH", f"/api/tasks/{task['id']}", {"priority": "high"}, **{"If-Match": '"1"'})
    assert (status, b"priority" in raw) == (412, True), raw
    snapshot = server.json("GET", "/api/snapshot")
    events = server.json("GET", f"/api/events?epoch={snapshot['epoch']}&since=0")["events"]
    told = [event["data"]["priority"] for event in events if event["type"] in ("task_created", "task_updated")]
    assert told == ["high", "low"], told
    return task["id"], snapshot["epoch"]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
