"""`python -m launcher [--port N]`: what `make run` calls."""

import argparse
import sys

from common.errors import StartRefused
from launcher.start import start


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="launcher", description="Starts the Chorus servers.")
    parser.add_argument("--port", type=int, metavar="N", help="HTTP port; the WebSocket port is N + 1")
    return parser.parse_args()


try:
    start(_arguments().port)
except StartRefused as refusal:
    sys.exit(str(refusal))
except KeyboardInterrupt:
    sys.exit(130)
