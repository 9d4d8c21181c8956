"""`chorus backup` and `chorus restore`."""

import os
from pathlib import Path
from typing import Any

import click

from cli.context import Context, pass_context
from cli.output import many, size
from cli.problem import INCOMPLETE, refuse
from cli.progress import Progress
from cli.workspace import folder_of, house, require_home
from core.backup import making, restoring
from core.workspaces.opening import UnusableWorkspace


class _NewFile(click.Path):
    """A file to be written, in a folder that is there."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        folder = path.absolute().parent
        if not folder.is_dir():
            self.fail(f"There is no folder {folder}. Make it first.", param, ctx)
        if not os.access(folder, os.W_OK):
            self.fail(f"You may not write into the folder {folder}. Name another file.", param, ctx)
        return path


FILE = _NewFile(dir_okay=False, path_type=Path)
EXISTING = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.command("backup")
@click.argument("file", type=FILE)
@pass_context
def backup_command(context: Context, file: Path) -> None:
    """Write the whole open workspace to the zip FILE, as it is at one instant, also while the server runs.

    It holds everything, the keys of providers too: keep it private.
    """
    require_home(context.settings)
    progress = Progress()
    try:
        with house(context.settings) as opened:
            made = making.make(opened.workspace().folder, opened.module, file.absolute(), progress)
    except (FileExistsError, UnusableWorkspace) as error:
        refuse(str(error))
    finally:
        progress.done()
    click.echo(
        f"{file} holds {many(made.tasks, 'task')} and {many(made.attachments, 'attachment')} "
        f"as of {made.position} ({size(made.size)})."
    )
    tell_missing(made.missing)


@click.command("restore")
@click.argument("file", type=EXISTING)
@click.argument("folder", required=False, type=click.Path(file_okay=True, path_type=Path))
@click.option("--stop-runs", is_flag=True, help="Stop agents that are at work in the open workspace.")
@pass_context
def restore_command(context: Context, file: Path, folder: Path | None, stop_runs: bool) -> None:
    """Put the backup FILE into the workspace FOLDER (default: the open one) and open it, also while the server runs.

    What the workspace held before is kept beside it under a dated name. Every open page follows.
    """
    progress = Progress()
    try:
        with house(context.settings) as opened:
            current = opened.open_workspace()
            target = folder_of(folder) if folder else opened.home.open_workspace().folder
            if target is None:
                refuse("No workspace is open. Name the folder to restore into.")
            restored = restoring.restore(
                opened.home, opened.module, file, target, current, stop_runs=stop_runs, progress=progress
            )
    except UnusableWorkspace as error:
        refuse(str(error))
    finally:
        progress.done()
    held = f"{many(restored.tasks, 'task')} and {many(restored.attachments, 'attachment')}"
    click.echo(f"{restored.folder} holds {held} of the backup{'.' if restored.problems else ', and is open.'}")
    if restored.replaced:
        click.echo(f"What it held before is kept in {restored.replaced}.")
    for problem in restored.problems:
        click.echo(problem, err=True)
    tell_missing(restored.missing)
    if restored.problems:
        raise click.exceptions.Exit(INCOMPLETE)


def tell_missing(missing: list[str]) -> None:
    if missing:
        click.echo(f"Without the files of {many(len(missing), 'attachment')}: {', '.join(missing)}.", err=True)
        raise click.exceptions.Exit(INCOMPLETE)
