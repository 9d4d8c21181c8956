"""`python -m runner`: the third process beside the two servers. The launcher starts it just so."""

import logging.config
import os
import signal
import sys

from common import queue
from common.db import sqlite
from common.db.home import Home
from common.errors import StartRefused
from common.log import dict_config
from common.process import adopt_orphans, die_with_supervisor
from common.settings import load
from core.workspaces.current import CurrentWorkspace
from runner.house import House
from runner.runner import Runner

TOOL_SERVER = [sys.executable, "-P", "-m", "agenttools.mcp"]  # no modules from the folder that it is started in


def main() -> None:
    """Runs until SIGTERM, SIGINT or SIGHUP; then all agents are ended within 5 s."""
    die_with_supervisor()
    adopt_orphans()  # of a keeper that was killed
    settings = load()
    logging.config.dictConfig(dict_config(settings.log_level))
    module = sqlite.library(settings.sqlite)
    bell = queue.Bell(queue.bell_path(settings.home))
    current = CurrentWorkspace(Home(settings.home, module), module, bell.ring)
    outlet = queue.Bell(queue.bell_path(settings.home, queue.OUTPUT))
    house = House(settings, dict(os.environ), outlet.ring, TOOL_SERVER)
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    runner = Runner(house, current, wake)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: runner.stop())
    try:
        runner.run()
    finally:
        current.close()
        bell.close()
        outlet.close()


if __name__ == "__main__":
    try:
        main()
    except StartRefused as refusal:
        sys.exit(str(refusal))
