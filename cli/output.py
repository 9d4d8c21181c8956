"""How things are printed: texts of other people made harmless, times, sizes, tables. Pure but for `echo`."""

import json
import re
import time
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import click

from common.terminal import terminal_text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
SHORT_ID = 8


def clean(text: str) -> str:
    """`text` as a terminal shows it, without what could steer one; line ends and tabs stay."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", terminal_text(text))


def line(text: str, width: int = 72) -> str:
    """The first line with text, at most `width` characters long."""
    first = next((part.strip() for part in clean(text).splitlines() if part.strip()), "").replace("\t", " ")
    return first if len(first) <= width else first[: width - 1] + "…"


def at(milliseconds: int | None) -> str:
    """A time of the wire in this machine's time zone."""
    if milliseconds is None:
        return "–"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(milliseconds / 1000))


def size(count: int) -> str:
    """Bytes for people: 1.5 MiB."""
    value, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def many(count: int, noun: str) -> str:
    """`1 task`, `2 tasks`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def table(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Lines with columns as wide as their widest cell."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        yield "  ".join(cells).rstrip()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def echo_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
