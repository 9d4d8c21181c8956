"""One running server for all tests of the command line, and the command itself."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from common.settings import ROOT
from tests.helpers.server import Server, running


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    status: int
    out: str
    err: str


Chorus = Callable[..., Ended]


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("cli") / "home") as server:
        yield server


@pytest.fixture
def chorus(server: Server, tmp_path: Path) -> Chorus:
    """Runs `chorus` in another folder than its own, for the running server; `home` another CHORUS_HOME."""

    def run(*arguments: object, stdin: str | bytes = "", home: Path | None = None, **environ: str) -> Ended:
        env = {name: value for name, value in server.environ.items() if name != "CHORUS_PORT"}
        env |= {"CHORUS_HOME": str(home)} if home else {}
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        ended = subprocess.run(
            [ROOT / "chorus", *map(str, arguments)],
            cwd=tmp_path,
            env=env | environ,
            input=raw,
            capture_output=True,
            timeout=60,
            check=False,
        )
        found = Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())
        assert "Traceback" not in found.err, found.err
        return found

    return run
