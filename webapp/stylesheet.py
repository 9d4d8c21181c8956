"""The page's style sheet in one answer: its parts stand in the place of their imports, as a browser would read them."""

import re
from pathlib import Path

_IMPORT = re.compile(r"""^@import url\(["'](?P<path>[^"']+)["']\) layer\((?P<layer>[a-z]+)\);$""", re.MULTILINE)


def is_made_of_parts(path: Path) -> bool:
    return path.name == "index.css"


def whole(path: Path) -> bytes:
    """The text of a sheet with its imports filled in."""

    def part(found: re.Match[str]) -> str:
        return f"@layer {found['layer']} {{\n{(path.parent / found['path']).read_text()}}}"

    return _IMPORT.sub(part, path.read_text()).encode()


def last_change(path: Path) -> int:
    """When the sheet or one of its parts was changed, ns."""
    return max(part.stat().st_mtime_ns for part in path.parent.rglob("*.css"))
