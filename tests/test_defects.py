"""The defects of the original that Chorus promises not to have, and whether each has its test.

The contract numbers them: B1-B24 of the core flow, D1-D13 of concurrency and data loss, S1-S14 of security, U1-U12 of
the page. A test that keeps one away says so in brackets: in its docstring, in JavaScript behind its name.
"""

import re
from pathlib import Path

TESTS = Path(__file__).parent
KNOWN = {"B": 24, "D": 13, "S": 14, "U": 12}
_MARK = re.compile(r"(?:\"\"\"|// )\(((?:[BDSU]\d+(?:, )?)+)\)")


def marked() -> set[str]:
    files = [path for suffix in ("py", "js", "mjs") for path in TESTS.rglob(f"*.{suffix}")]
    marks = [mark for path in files for mark in _MARK.findall(path.read_text())]
    return {number for mark in marks for number in mark.split(", ")}


def test_each_defect_has_a_test() -> None:
    assert marked() == {f"{kind}{number}" for kind, count in KNOWN.items() for number in range(1, count + 1)}
