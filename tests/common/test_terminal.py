"""What programs write for a terminal: the same rule, by the same cases, as on the page."""

import json
import time

import pytest

from common.settings import ROOT
from common.terminal import terminal_text

CASES = json.loads((ROOT / "tests" / "terminal.json").read_text())


@pytest.mark.parametrize(("written", "seen"), CASES)
def test_what_is_seen(written: str, seen: str) -> None:
    assert terminal_text(written) == seen


@pytest.mark.parametrize(
    "unit", ["\x1bP", "\x90", "\x1b]", "\x1b[", "\x1b", "\r", "\b", "a\r", "\x1b[2K\r", "\x9d", "a\b"]
)
def test_no_text_takes_long(unit: str) -> None:
    began = time.process_time()
    terminal_text(unit * 60_000)
    terminal_text((unit * 1_000 + "\n") * 60)
    assert time.process_time() - began < 2
