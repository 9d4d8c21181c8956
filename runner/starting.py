"""From a job to a living process: files, environment, program."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from common.settings import ROOT
from runner import versions
from runner.environment import allowed
from runner.process import AgentProcess, CannotStart, Command
from runner.providers import PYTHON, Job, Launch
from runner.providers.known import Provider

STDIN = "message.txt"


def private_folder(path: Path) -> Path:
    """Makes a folder that only this user can read."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def folder_within(base: Path, *names: str) -> Path:
    """The same for a folder below `base`, which must be there: one that was moved away is not made again."""
    for name in names:
        base = base / name
        base.mkdir(mode=0o700, exist_ok=True)
    base.chmod(0o700)
    return base


def start(
    run_id: str, provider: Provider, job: Job, cwd: Path, environ: Mapping[str, str], processes: int
) -> AgentProcess:
    """Starts one turn; `environ` is what the agent may have. Raises CannotStart, OSError (it may go a moment later)."""
    folder = Path(job.folder)
    if provider.versioned and job.session:
        found = _found(provider.versioned, environ, provider.install)
        job = replace(job, version=versions.installed(run_id, found, environ, folder))
    launch = provider.launch(job)
    for name, text in (launch.files | {STDIN: launch.stdin}).items():
        _write(folder / name, text)
    if not os.path.isdir(cwd):
        raise CannotStart(f"The folder it should work in is missing, or cannot be read: {cwd.name}.")
    argv = [*_program(launch, environ, provider.install), *launch.arguments]
    path = {"PYTHONPATH": str(ROOT)} if launch.program == PYTHON else {}
    return AgentProcess(run_id, Command(argv, {**environ, **launch.environ, **path}, cwd, folder / STDIN, processes))


def agent_environment(environ: Mapping[str, str], names: tuple[str, ...], own: Mapping[str, str]) -> dict[str, str]:
    """What passes from our own environment, and what Chorus adds."""
    return {"PATH": os.defpath, **allowed(environ, names), **own}


def _program(launch: Launch, environ: Mapping[str, str], install: str) -> list[str]:
    if launch.program == PYTHON:
        return [sys.executable, "-P"]  # no modules from the folder that the agent works in
    return [_found(launch.program, environ, install)]


def _found(program: str, environ: Mapping[str, str], install: str) -> str:
    found = shutil.which(program, path=environ.get("PATH"))
    if found is None:
        raise CannotStart(f"The program {program} was not found on the PATH of Chorus. {install}")
    return os.path.abspath(found)


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
