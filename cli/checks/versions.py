"""Versions: Python, SQLite, and the packages that requirements.txt pins."""

import platform
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version

from cli.checks import Finding, ok, problem, warning
from common.build import VERSION
from common.db import sqlite
from common.settings import ROOT, Settings

OLDEST_PYTHON = (3, 11)
_INSTALL = "Run `make run` in the folder of Chorus: it installs what is listed."


def check(settings: Settings) -> Iterator[Finding]:
    yield _python()
    module = sqlite.library(settings.sqlite)
    warnings = sqlite.warnings(module)
    yield warning("sqlite", " ".join(warnings)) if warnings else ok("sqlite", f"{module.sqlite_version}")
    yield packages((ROOT / "requirements.txt").read_text(), _installed)


def _python() -> Finding:
    text = f"Chorus {VERSION}, Python {platform.python_version()}"
    if sys.version_info < OLDEST_PYTHON:
        return problem("versions", f"{text}: 3.11 or newer is needed. Make the .venv again with a newer python3.")
    return ok("versions", text)


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def packages(listed: str, installed: Callable[[str], str | None]) -> Finding:
    """What the list pins against what is there; `installed` gives the version of a package or None."""
    pins = dict(line.split("==") for line in listed.split() if "==" in line)
    found = {name: installed(name) for name in pins}
    missing = sorted(name for name, there in found.items() if there is None)
    other = sorted(
        f"{name} {found[name]} instead of {pin}" for name, pin in pins.items() if found[name] not in (pin, None)
    )
    if missing:
        return problem("packages", f"missing: {', '.join(missing)}. {_INSTALL}")
    if other:
        return warning("packages", f"{', '.join(other)}. {_INSTALL}")
    return ok("packages", f"all {len(pins)} as pinned")
