"""The page, fed with what a client of the real servers has seen just now, ends where they are."""

import shutil
import subprocess
from pathlib import Path

import pytest

from common.settings import ROOT
from tests.helpers.recorder import record


@pytest.mark.soak
@pytest.mark.processes
def test_page_ends_at_the_servers_state(tmp_path: Path) -> None:
    """tests/js/transcripts/ keeps recordings of this kind, which `node --test` replays each time."""
    recorded = tmp_path / "recorded.jsonl"
    recorded.write_text(record(tmp_path / "home"))
    node = shutil.which("node")
    assert node, "node is missing: `make test` installs it"
    replayed = subprocess.run([node, "tests/js/replay.mjs", recorded], cwd=ROOT, capture_output=True, text=True)
    assert replayed.returncode == 0, replayed.stderr
