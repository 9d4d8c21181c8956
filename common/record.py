"""Where the running server of a CHORUS_HOME is: `run/server.json`, for the command line."""

import json
import os
from pathlib import Path
from typing import Any

from common.files import replacing
from common.settings import Settings

_FILE = "server.json"


def write(settings: Settings) -> None:
    """Called by the HTTP server once it listens. The record stays after the end: who reads it must ask there."""
    with replacing(settings.home / "run" / _FILE) as file:
        file.write(json.dumps({"url": settings.api_url, "pid": os.getpid()}).encode())


def url_of(home: Path) -> str | None:
    """The address of the server that ran here last; None where none ever did."""
    try:
        found: Any = json.loads((home / "run" / _FILE).read_text())
        return str(found["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
