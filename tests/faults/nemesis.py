"""Kills, stops and continues the server's processes at random; everything is continued and alive again at the end."""

import random
import time

from tests.helpers.server import Server

LONGEST_STOP_S = 1.5


def strike(server: Server, chance: random.Random) -> str:
    """One random fault; returns what it was, for the record."""
    program = chance.choice(["wsserver", "wsserver", "webapp"])
    pids = server.pids(program)
    if not pids:
        return f"{program} is still down"
    pid = chance.choice(pids)
    role = "arbiter" if pid == pids[0] else "worker"
    if chance.random() < 0.5:
        server.kill(pid)
        return f"kill -9 {program} {role}"
    seconds = chance.uniform(0.05, LONGEST_STOP_S)
    server.stop(pid)
    time.sleep(seconds)  # the fault itself, not a wait for something
    server.cont(pid)
    return f"stop {program} {role} for {seconds:.2f} s"
