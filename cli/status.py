"""`chorus status`: is it running, where, is it live, and what needs you?"""

import json
from collections import Counter
from typing import Any

import click

from cli.context import Context, pass_context
from cli.output import SHORT_ID, clean, echo_json, line, table
from cli.problem import NOT_LIVE
from common.events import TaskStatus

NEEDS_YOU = (TaskStatus.AWAITING_INPUT, TaskStatus.FAILED, TaskStatus.WAITING)  # as on the board


def needs_you(tasks: list[Any]) -> list[Any]:
    """Tasks that go on only if a person does something."""
    return [task for task in tasks if task["status"]["type"] in NEEDS_YOU]


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@pass_context
def status_command(context: Context, as_json: bool) -> None:
    """Say whether Chorus runs, where, whether it is live, and what needs you.

    Exit status: 0 it runs and is live, 3 it does not run, 4 it runs but is not live or has no workspace open.
    """
    found = _gather(context)
    if as_json:
        echo_json(found)
    else:
        for text in _lines(found):
            click.echo(text)
    if not found["live"]:
        raise click.exceptions.Exit(NOT_LIVE)


def _gather(context: Context) -> dict[str, Any]:
    client = context.client
    live = client.get("/api/live")
    problem = _problem(context)
    found = {"url": client.url, "problem": problem, "live": not problem, "webSocketUrl": live["webSocketUrl"]}
    if live["sidecar"]["state"] != "ready":
        found |= {"live": False, "problem": problem or f"Not live: {live['sidecar']['detail']}"}
    if problem:
        return found
    snapshot = client.get("/api/snapshot")
    tasks = snapshot["tasks"]
    keys = ("id", "status", "description")
    return found | {
        "workspace": snapshot["configPath"],
        "epoch": snapshot["epoch"],
        "seq": snapshot["seq"],
        "tasks": dict(Counter(task["status"]["type"] for task in tasks)),
        "runs": len(snapshot["runs"]),
        "needsYou": [{key: task[key] for key in keys} for task in needs_you(tasks)],
    }


def _problem(context: Context) -> str | None:
    """Why the board cannot be read; None where it can."""
    status, raw = context.client.raw("GET", "/readyz")
    return None if status == 200 else str(json.loads(raw).get("detail", f"/readyz answers {status}."))


def _lines(found: dict[str, Any]) -> list[str]:
    live = f"yes, {found['webSocketUrl']}" if found["live"] else found["problem"]
    rows = [("Running", found["url"]), ("Live", clean(live))]
    if "workspace" in found:
        counts = [f"{found['tasks'][word]} {word}" for word in TaskStatus if word in found["tasks"]]
        rows += [
            ("Workspace", clean(found["workspace"])),
            ("Log", f"{found['epoch']}:{found['seq']}"),
            ("Tasks", ", ".join(counts) or "none"),
            ("Runs", str(found["runs"])),
        ]
        waiting = [
            (task["id"][:SHORT_ID], task["status"]["type"], line(task["description"])) for task in found["needsYou"]
        ]
        lines = [f"  {text}" for text in table(waiting)] if waiting else []
        return [*table(rows), "Needs you:" if lines else "Nothing needs you.", *lines]
    return list(table(rows))
