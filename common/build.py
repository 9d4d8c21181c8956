"""Which build of the page this server serves: pages of another build are offered a reload."""

import hashlib
from functools import cache
from pathlib import Path

VERSION = "0.1.0"


@cache
def build_id(static_dir: Path) -> str:
    """`<version>-<12 hex digits over all static files>`; the same in every process that serves the same files."""
    digest = hashlib.sha256()
    for path in sorted(p for p in static_dir.rglob("*") if p.is_file()):
        digest.update(path.relative_to(static_dir).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{VERSION}-{digest.hexdigest()[:12]}"
