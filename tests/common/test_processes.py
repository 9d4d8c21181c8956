"""Processes that end together, and trees of them that are ended."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from common import proctree
from common.settings import ROOT

ELSEWHERE = """
import sys
sys.platform = "darwin"
from common.process import die_with_parent
die_with_parent(1)
print("alive")
"""


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_elsewhere_than_on_linux_nobody_dies_with_their_parent() -> None:
    """There the kernel is not asked, and who has another parent than it thinks lives on."""
    ended = subprocess.run([sys.executable, "-c", ELSEWHERE], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "alive\n")


def test_tree_is_ended(sleeper: subprocess.Popen[bytes]) -> None:
    assert proctree.kill([sleeper.pid], [], 10.0) == []
    assert proctree.identity(sleeper.pid) is None


def test_who_cannot_be_ended_is_told_in_time(sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of another user, or one that waits for a disk that does not answer."""
    monkeypatch.setattr(proctree, "send", lambda pids, signum: None)
    assert proctree.kill([sleeper.pid], [], 0.1) == [sleeper.pid]
