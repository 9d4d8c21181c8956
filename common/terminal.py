"""What programs write for a terminal, as the text it would leave there. Pure. The same rule as in lib/terminal.js."""

import re

_ESCAPES = re.compile(
    "|".join(
        (
            r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?",  # CSI: colours, the cursor
            r"(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?",  # OSC: titles, links
            # DCS, SOS, PM, APC
            r"(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x07\x1b\x90\x98\x9c\x9e\x9f]*(?:\x07|\x1b\\|\x9c)",
            r"\x1b[ -/]*[0-~]?",  # character sets, and all the others
            r"[\x07\x80-\x84\x86-\x9f]",  # the bell, and what is left of eight-bit controls
        )
    )
)
_HAS_ESCAPE = re.compile(r"[\x07\x1b\x80-\x9f]")
_TO_BEGINNING = re.compile(r"\x1b\[[01]?G")  # another way back to the beginning of a line
_HAS_STEP = re.compile(r"[\r\b]")
_MAX_LINE = 4_000  # of a line whose rewriting is followed; of a longer one what was written last is shown
_ERASE = re.compile(r"(\x1b\[[0-2]?K)")


def terminal_text(text: str) -> str:
    """`text` without escape sequences, each line as it was after it was last written over."""
    text = _TO_BEGINNING.sub("\r", text)
    if _HAS_STEP.search(text):
        text = "\n".join(_last_state(line.rstrip("\r")) for line in text.split("\n"))
    return _ESCAPES.sub("", text) if _HAS_ESCAPE.search(text) else text


def _last_state(line: str) -> str:
    return _rewritten(line) if _HAS_STEP.search(line) else line


def _rewritten(line: str) -> str:
    """A line that was written over: progress bars go back to its beginning, old printers a step."""
    if len(line) > _MAX_LINE:
        return line[line.rfind("\r") + 1 :]
    cells: list[str] = []
    at = 0
    for part in _ERASE.split(line):
        if _ERASE.fullmatch(part):
            _erase(cells, at, part)
        else:
            at = _write(cells, at, _ESCAPES.sub("", part))
    return "".join(cells).rstrip()


def _write(cells: list[str], at: int, text: str) -> int:
    """Return where the cursor stands."""
    for character in text:
        if character == "\r":
            at = 0
        elif character == "\b":
            at = max(0, at - 1)
        else:
            cells[at : at + 1] = character
            at += 1
    return at


def _erase(cells: list[str], at: int, code: str) -> None:
    if "2" in code:
        cells[:] = " " * len(cells)
    elif "1" in code:
        cells[: at + 1] = " " * min(len(cells), at + 1)
    else:
        del cells[at:]
