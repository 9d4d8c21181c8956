"""The command `chorus`: its commands, and how failures of any of them end."""

import importlib
import sys
import zipfile
from typing import Any

import click

from cli.context import Context
from cli.problem import Problem
from common.build import VERSION
from common.errors import ChorusError, StartRefused
from common.storage import FULL

# Command -> module; read when it is needed, so that `chorus status` does not wait for what `chorus doctor` needs.
_COMMANDS = {
    "status": "cli.status",
    "tasks": "cli.tasks",
    "backup": "cli.backup",
    "restore": "cli.backup",
    "export": "cli.transfer",
    "import": "cli.transfer",
    "doctor": "cli.doctor",
}


class _Commands(click.Group):
    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        found: click.Command = getattr(importlib.import_module(_COMMANDS[name]), f"{name}_command")
        return found

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (StartRefused, zipfile.BadZipFile) as error:
            raise Problem(str(error)) from None
        except ChorusError as error:
            raise Problem(error.message.replace('Send "stopRuns": true', "Add --stop-runs")) from None
        except _database_errors() as error:
            raise Problem(f"The database cannot be used: {error.orig}. `chorus doctor` says more.") from None
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Problem(_system(error)) from None


def _database_errors() -> Any:
    """What a command can catch that has loaded SQLAlchemy; the others do not wait for it."""
    loaded = sys.modules.get("sqlalchemy.exc")
    return loaded.DBAPIError if loaded else ()


def _system(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in FULL:
        return f"{where}the disk is full. Free some space and try again."
    return f"{where}{error.strerror or error}."


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--url", envvar="CHORUS_URL", show_envvar=True, help="Address of the server; default: the one running here."
)
@click.version_option(VERSION, prog_name="chorus")
@click.pass_context
def chorus(ctx: click.Context, url: str | None) -> None:
    """Chorus, the board of coding agents, on the command line.

    `status` and `tasks` talk to the running server. The others work on the workspace of CHORUS_HOME, whether the server
    runs or not.
    """
    ctx.obj = Context(url)
