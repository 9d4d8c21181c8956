"""Stands beside a copy of the tree (planting.py), whose guards ask it. All processes of the copy share `control`:
four bytes name the guard that is off (its number + 1; 0: none), and one byte each says that its condition was met.
"""

import mmap
from pathlib import Path

_HEAD = 4

with Path(__file__).with_name("control").open("r+b") as _file:
    _shared = mmap.mmap(_file.fileno(), 0)


def guard(number: int, condition: object) -> bool:
    """The guard's condition; False while it is switched off, whatever the condition."""
    if not condition:
        return False
    _shared[_HEAD + number] = 1
    return int.from_bytes(_shared[:_HEAD], "little") != number + 1


def switch_off(number: int | None) -> None:
    """From now on only this guard is off; None: none is."""
    _shared[:_HEAD] = (0 if number is None else number + 1).to_bytes(_HEAD, "little")


def take_met() -> list[int]:
    """Numbers of the guards whose condition was met since the last call."""
    met = [number for number, byte in enumerate(_shared[_HEAD:]) if byte]
    _shared[_HEAD:] = bytes(len(_shared) - _HEAD)
    return met
