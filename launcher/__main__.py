"""`python -m launcher [--port N]`: what `make run` calls."""

import argparse
import sys

from common.errors import StartRefused
from launcher.start import start


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise StartRefused(f"--port {text}: it must be a whole number.")
    return int(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="launcher", description="Starts the Chorus servers.")
    parser.add_argument("--port", type=_port, metavar="N", help="HTTP port; the WebSocket port is N + 1")
    return parser.parse_args()


try:
    start(_arguments().port)
except StartRefused as refusal:
    sys.exit(str(refusal))
except KeyboardInterrupt:
    sys.exit(130)
