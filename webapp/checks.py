"""Testing a provider, for the page's button: a program of its own asks it one question, in bounded time."""

import json
import os
import subprocess
import sys
from typing import Any

from common.settings import ROOT, Settings
from webapp.slots import slot

AT_ONCE = 2  # each holds a thread
SECONDS = 60.0


def run(settings: Settings, name: str) -> dict[str, Any]:
    """What `python -m runner.check` says: ok, message, seconds. Raises ServiceUnavailable (too many at once)."""
    with slot(settings.home, "test of a provider", AT_ONCE, "Try again in a minute."):
        environ = os.environ | {"CHORUS_HOME": str(settings.home), "CHORUS_SQLITE": settings.sqlite}
        command = [sys.executable, "-m", "runner.check", name]
        try:
            done = subprocess.run(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, timeout=SECONDS, check=True)
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
            return {"ok": False, "message": "The test could not be finished; the server's log says more.", "seconds": 0}
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
