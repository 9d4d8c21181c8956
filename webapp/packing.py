"""Brotli at its smallest takes two seconds for the page's files: what one process has packed, the next one reads."""

import contextlib
import hashlib
import os
from pathlib import Path

import brotli

from common.files import replacing
from common.settings import ROOT

FOLDER = ROOT / ".packed"


def packed(path: Path, raw: bytes, folder: Path = FOLDER) -> bytes:
    """`raw`, the contents of `path`, in brotli. Only what unpacks to just that is taken from the folder."""
    kept = folder / f"{hashlib.sha256(os.fsencode(path)).hexdigest()}.br"
    with contextlib.suppress(OSError, brotli.error):
        found = kept.read_bytes()
        if brotli.decompress(found) == raw:
            return found
    made: bytes = brotli.compress(raw)
    with contextlib.suppress(OSError):  # of a program that may not write beside itself
        folder.mkdir(exist_ok=True)
        with replacing(kept) as file:
            file.write(made)
    return made
