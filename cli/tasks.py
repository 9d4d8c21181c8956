"""`chorus tasks`: list, create, show and follow."""

import getpass
import sys
from pathlib import Path
from typing import Any

import click

from cli.client import Client
from cli.context import Context, pass_context
from cli.output import SHORT_ID, at, clean, echo_json, line, many, size, table
from cli.problem import refuse
from common.events import TaskStatus
from common.fields.base import DESCRIPTION_BYTES, is_uuid
from core.attachments.files import MOST_BYTES
from core.files.names import composed

SHORTEST_PREFIX = 4
PAGE = 200


@click.group("tasks")
def tasks_command() -> None:
    """List, create, show and follow tasks of the running server."""


@tasks_command.command("list")
@click.option("--status", type=click.Choice([str(word) for word in TaskStatus]), help="Only tasks in this state.")
@click.option("--archived", is_flag=True, help="The archived ones, last archived first.")
@click.option("--q", "search", metavar="TEXT", help="Only tasks whose description or summary has this text.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array of tasks as the API has them.")
@pass_context
def list_tasks(context: Context, status: str | None, archived: bool, search: str | None, as_json: bool) -> None:
    """List the tasks on the board, in the order they were made."""
    found = _archived(context.client, status, search) if archived else _board(context.client, status, search)
    if as_json:
        return echo_json(found)
    for text in table([_row(task) for task in found]) if found else ["No tasks."]:
        click.echo(text)


def _board(client: Client, status: str | None = None, search: str | None = None) -> list[Any]:
    found: list[Any] = client.get("/api/tasks", status=status, q=search)
    return found


def _archived(client: Client, status: str | None = None, search: str | None = None) -> list[Any]:
    found: list[Any] = []
    while True:
        before = found[-1]["id"] if found else None
        page = client.get("/api/tasks", archived="true", status=status, q=search, before=before, limit=PAGE)
        found += page
        if len(page) < PAGE:
            return found


def _row(task: Any) -> tuple[str, ...]:
    status = task["status"]
    return task["id"][:SHORT_ID], status["type"], clean(status.get("agent", "")), line(task["description"])


@tasks_command.command("create")
@click.argument("text", required=False)
@click.option(
    "--attach",
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
    multiple=True,
    help="Attach a file; may be given more than once.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the task as the API has it.")
@pass_context
def create_task(context: Context, text: str | None, attach: tuple[Path, ...], as_json: bool) -> None:
    """Create a task. Its description is TEXT or, without it or with `-`, what comes on stdin. Prints the id."""
    description = _description(text)
    _check_files(attach)
    source = {"sourceType": "terminal", "userId": _user(), "conversationId": None}
    task = context.client.post("/api/tasks", {"description": description, "source": source})
    for path in attach:
        task = context.client.upload(task["id"], path)
    if as_json:
        return echo_json(task)
    click.echo(task["id"])


def _description(text: str | None) -> str:
    if text in (None, "-"):
        if sys.stdin.isatty():
            click.echo("Write the description; end it with Ctrl-D.", err=True)
        text = _stdin()
    assert text is not None
    if not text.strip():
        refuse("The description is empty. Nothing was created.")
    if len(text.encode()) > DESCRIPTION_BYTES:
        refuse(f"A description may have {DESCRIPTION_BYTES // 1024} KiB at most; attach the text with --attach.")
    return text


def _stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig").replace("\r\n", "\n").strip("\n")
    except UnicodeDecodeError:
        refuse("The description on stdin is not UTF-8 text; attach it with --attach. Nothing was created.")


def _check_files(paths: tuple[Path, ...]) -> None:
    """Before anything is created."""
    for path in paths:
        if path.stat().st_size > MOST_BYTES:
            refuse(f"{path}: an attachment may have {size(MOST_BYTES)} at most. Nothing was created.")
    if len({composed(path.name) for path in paths}) < len(paths):
        refuse("Two files to attach have the same name. Nothing was created.")


def _user() -> str:
    try:
        return getpass.getuser()[:200]
    except (KeyError, OSError):  # a user id without a name
        return "unknown"


@tasks_command.command("show")
@click.argument("task_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the task as the API has it.")
@pass_context
def show_task(context: Context, task_id: str, as_json: bool) -> None:
    """Show one task. ID may be cut short as long as only one task begins with it."""
    client = context.client
    found = client.get(f"/api/tasks/{full_id(client, task_id)}")
    if as_json:
        return echo_json(found)
    events = client.get(f"/api/tasks/{found['id']}/history", limit=10)["events"]
    for text in [*_details(found), "", "Latest history:", *_history(events)]:
        click.echo(text)


def full_id(client: Client, prefix: str) -> str:
    """The id of the one task that begins with `prefix`."""
    prefix = prefix.lower()
    if is_uuid(prefix):
        return prefix
    if len(prefix) < SHORTEST_PREFIX:
        refuse(f"Give at least the first {SHORTEST_PREFIX} characters of the task's id.")
    found = [task for task in _board(client) if task["id"].startswith(prefix)]
    found = found or [task for task in _archived(client) if task["id"].startswith(prefix)]
    if not found:
        refuse(f"No task's id begins with {prefix!r}. `chorus tasks list` shows them.")
    if len(found) > 1:
        same = "; ".join(f"{task['id']} {line(task['description'], 40)}" for task in found[:5])
        refuse(f"{many(len(found), 'task')} begin with {prefix!r}: {same}. Give more of the id.")
    return str(found[0]["id"])


def _details(task: Any) -> list[str]:
    status = task["status"]
    rows = [
        ("Task", task["id"]),
        ("Status", " ".join(clean(status[key]) for key in ("type", "agent", "message") if status.get(key))),
        ("Created", at(task["createdAt"])),
        ("Changed", at(task["updatedAt"])),
    ]
    rows += [("Archived", at(task["archivedAt"]))] if task["archivedAt"] else []
    rows += [("Agent", clean(task["assignedAgent"]))] if task.get("assignedAgent") else []
    lines = [*table(rows), "", clean(task["description"])]
    lines += ["", "Summary: " + clean(task["summary"])] if task.get("summary") else []
    for key, title in (("requirements", "Requirements"), ("acceptanceCriteria", "Acceptance"), ("plan", "Plan")):
        lines += (
            ["", f"{title}:", *(f"  {n}. {clean(text)}" for n, text in enumerate(task[key], 1))]
            if task.get(key)
            else []
        )
    if task.get("questions"):
        lines += ["", "Questions:"]
        lines += [f"  {clean(q['question'])}  {clean(q['answer'] or '(no answer yet)')}" for q in task["questions"]]
    if task["attachments"]:
        lines += ["", "Attachments:", *(f"  {clean(a['filename'])} ({size(a['size'])})" for a in task["attachments"])]
    return lines + _chain(task["agentChain"])


def _chain(chain: list[Any]) -> list[str]:
    if not chain:
        return []
    rows = [(at(record["startedAt"]), clean(record["agentName"]), _outcome(record)) for record in chain]
    return ["", "Agents:", *(f"  {text}" for text in table(rows))]


def _outcome(record: Any) -> str:
    report = record["completionReport"]
    if report:
        return f"{report['status']}: {line(report['summary'])}"
    return "at work" if record["completedAt"] is None else "ended without a report"


def _history(events: list[Any]) -> list[str]:
    rows = [
        (at(e["timestamp"]), e["eventType"], line(", ".join(f"{k}={v}" for k, v in e["data"].items()))) for e in events
    ]
    return [f"  {text}" for text in table(rows)] if rows else ["  nothing yet"]


@tasks_command.command("follow")
@click.argument("task_id", metavar="[ID]", required=False)
@click.option("--json", "as_json", is_flag=True, help="One message of the server a line, as it was sent.")
@pass_context
def follow_tasks(context: Context, task_id: str | None, as_json: bool) -> None:
    """Print every change as it happens, of all tasks or of one, until Ctrl-C.

    Lines on stderr say when it is not live and when it is again.
    """
    from cli import live

    client = context.client
    live.follow(client, full_id(client, task_id) if task_id else None, as_json=as_json)
