"""`python -m launcher.announce`: prints the board's address once both servers are ready, and ends."""

import http.client
import json
import logging.config
import time

from common.log import dict_config
from common.process import die_with_supervisor
from common.settings import Settings, load

DEADLINE_S = 30.0
EVERY_S = 0.1
log = logging.getLogger("chorus.launcher")


def unready(settings: Settings) -> str | None:
    """Why the servers are not ready, in one sentence; None once both are."""
    for port, name in ((settings.port, "The HTTP server"), (settings.ws_port, "The WebSocket server")):
        problem = _ask(settings.reachable_host, port)
        if problem is not None:
            return f"{name} on port {port}: {problem}"
    return None


def _ask(host: str, port: int) -> str | None:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/readyz", headers={"Host": f"127.0.0.1:{port}"})
        answer = connection.getresponse()
        body = answer.read(65_536)
        return None if answer.status == 200 else str(json.loads(body).get("detail", answer.status))
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"it does not answer ({error})."
    finally:
        connection.close()


def main() -> None:
    die_with_supervisor()
    settings = load()
    logging.config.dictConfig(dict_config(settings.log_level))
    deadline = time.monotonic() + DEADLINE_S
    while (problem := unready(settings)) and time.monotonic() < deadline:
        time.sleep(EVERY_S)
    if problem:
        log.warning("Not ready after %d seconds. %s", DEADLINE_S, problem)
    print(f"Chorus is at {settings.public_url or settings.local_url}", flush=True)


if __name__ == "__main__":
    main()
