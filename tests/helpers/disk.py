"""A small disk of its own for a test: full or read-only on demand. Needs to be root."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may mount")


@contextlib.contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[Path]:
    """A memory disk mounted at `folder`."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", folder], check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine's root may not mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def make_read_only(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)


@contextlib.contextmanager
def full(folder: Path) -> Iterator[None]:
    """No byte is free on the disk at `folder`."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file:
        for step in (65_536, 1):
            with contextlib.suppress(OSError):
                while file.write(b"x" * step):
                    pass
    try:
        yield
    finally:
        filler.unlink()
