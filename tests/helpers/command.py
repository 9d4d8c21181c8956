"""The command `chorus`, run as a person does, for the server of a test."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from common.settings import ROOT
from tests.helpers.server import Server


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    status: int
    out: str
    err: str


def chorus(
    server: Server, cwd: Path, *arguments: object, stdin: str | bytes = "", home: Path | None = None, **environ: str
) -> Ended:
    """Runs it in the folder `cwd`, another than its own; `home` is another CHORUS_HOME than the server's."""
    env = {name: value for name, value in server.environ.items() if name != "CHORUS_PORT"}
    env |= {"CHORUS_HOME": str(home)} if home else {}
    raw = stdin.encode() if isinstance(stdin, str) else stdin
    ended = subprocess.run(
        [ROOT / "chorus", *map(str, arguments)],
        cwd=cwd,
        env=env | environ,
        input=raw,
        capture_output=True,
        timeout=60,
        check=False,
    )
    found = Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())
    assert "Traceback" not in found.err, found.err
    return found
