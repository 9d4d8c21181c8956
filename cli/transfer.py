"""`chorus export` and `chorus import`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from cli.backup import FILE, tell_missing
from cli.context import Context, pass_context
from cli.output import clean, echo_json, many, size
from cli.problem import INCOMPLETE, refuse
from cli.progress import Progress
from cli.workspace import House, folder_of, house, require_home
from common.errors import ChorusError
from core.transfer import exporting, importing, sources
from core.transfer.importing import Conflicts, Kind, Plan, Report
from core.transfer.sources import Source
from core.workspaces import switching

_NOUNS = {Kind.PROVIDERS: "provider", Kind.AGENTS: "agent", Kind.TASKS: "task", Kind.ATTACHMENTS: "attachment"}


@click.command("export")
@click.argument("file", type=FILE)
@pass_context
def export_command(context: Context, file: Path) -> None:
    """Write the open workspace as JSON and files to the zip FILE, without any key or token.

    It is for reading, for other programs and for `chorus import`; docs/cli.md describes the format.
    """
    require_home(context.settings)
    progress = Progress()
    try:
        with house(context.settings) as opened:
            done = exporting.export(opened.workspace(), file.absolute(), progress)
    except FileExistsError as error:
        refuse(str(error))
    finally:
        progress.done()
    click.echo(
        f"{file} holds {many(done.tasks, 'task')} and {many(done.attachments, 'attachment')} ({size(done.size)}), "
        "and no secrets."
    )
    tell_missing(done.missing)


@click.command("import")
@click.argument("source", type=click.Path(exists=True, readable=True, path_type=Path))
@click.option("--into", type=click.Path(path_type=Path), help="Make a new workspace in this folder, and open it.")
@click.option("--replace", is_flag=True, help="Replace what is there already, instead of leaving it as it is.")
@click.option("--dry-run", is_flag=True, help="Only check, and say what would be taken.")
@click.option("--stop-runs", is_flag=True, help="With --into: stop agents that are at work in the open workspace.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@pass_context
def import_command(
    context: Context, source: Path, into: Path | None, replace: bool, dry_run: bool, stop_runs: bool, as_json: bool
) -> None:
    """Bring an export (a zip), or a workspace folder of the original Chorus, into the open workspace.

    All of SOURCE is checked before anything is stored. Ids and times are kept. Tasks, agents and providers that are
    there already, and the configuration, are left as they are, or with --replace replaced; a new workspace (--into)
    takes all. The stored keys of providers stay.
    """
    progress = Progress()
    try:
        with _opened(context, source, progress) as (found, plan):
            if not dry_run:
                with house(context.settings) as opened, _telling_what_stays(plan):
                    _bring(opened, found, plan, into, "replace" if replace or into else "skip", stop_runs, progress)
    finally:
        progress.done()
    _tell(plan, as_json, dry_run)


@contextmanager
def _telling_what_stays(plan: Plan) -> Iterator[None]:
    """An import that breaks off has stored all before: each task is a transaction of its own."""
    try:
        yield
    except ChorusError as error:
        stored = many(plan.report.taken[Kind.TASKS], "task")
        if plan.report.taken.total():
            error.message += f" {stored} had been taken and stay; import again to go on."
        raise


@contextmanager
def _opened(context: Context, path: Path, progress: Progress) -> Iterator[tuple[Source, Plan]]:
    room = context.settings.home
    while not room.exists():
        room = room.parent
    with sources.opened(path, room) as found:
        yield found, importing.check(found, progress)


def _bring(
    opened: House,
    source: Source,
    plan: Plan,
    into: Path | None,
    conflicts: Conflicts,
    stop_runs: bool,
    progress: Progress,
) -> None:
    if into:
        current = opened.open_workspace()
        switching.create(opened.home, opened.module, folder_of(into), current, stop_runs=stop_runs)
        opened.bell.ring()
        importing.clear_agents(opened.workspace(), plan)
    importing.bring(source, plan, opened.workspace(), conflicts, progress)


def _tell(plan: Plan, as_json: bool, dry_run: bool) -> None:
    report = plan.report
    if as_json:
        echo_json({"taken": report.taken, "alreadyHere": report.here, "skipped": report.skipped})
    else:
        for text in _lines(plan, report, dry_run):
            click.echo(text)
    if report.skipped:
        raise click.exceptions.Exit(INCOMPLETE)


def _lines(plan: Plan, report: Report, dry_run: bool) -> Iterator[str]:
    if dry_run:
        yield f"Checked: {many(len(plan.task_ids), 'task')} can be taken. Nothing was stored."
    else:
        counts = [many(report.taken[kind], noun) for kind, noun in _NOUNS.items() if report.taken[kind]]
        counts += ["the configuration"] if report.taken[Kind.CONFIG] else []
        yield f"Taken: {', '.join(counts) or 'nothing'}."
    if report.here:
        yield f"Here already, and left as it was ({len(report.here)}; --replace takes it):"
        yield from (f"  {clean(path)}" for path in report.here)
    if report.skipped:
        yield f"Not taken, or not as it was ({len(report.skipped)}):"
        yield from (f"  {clean(path)} {clean(reason)}" for path, reason in report.skipped.items())
