"""`chorus-tools`: one tool call from the command line. JSON in, JSON out."""

import json
import os
import sys
from typing import Any

from agenttools.client import Misconfigured, Refused, Stopped, Unreachable, from_environment

DONE, REFUSED, USAGE, UNREACHABLE = range(4)
HELP = """\
Usage: chorus-tools '{"tool": "file.read", "path": "README.md"}'
       chorus-tools < call.json

Calls one tool of Chorus: a JSON object with "tool" and that tool's arguments, as the only argument or on standard
input. {"tool": "help"} lists the tools you may use. A hand-off waits for the other agent.

Standard output gets the result as JSON; standard error {"error": {"code", "message", ...}}.
Exit status: 0 done, 1 refused, 2 wrong usage, 3 Chorus does not answer.

Environment: CHORUS_API_URL, CHORUS_TOKEN, and for a run CHORUS_TASK_ID. Chorus sets them for its agents.
"""


class Usage(Exception):
    """The call cannot be read; the text says why."""


def main(arguments: list[str]) -> int:
    if arguments in (["--help"], ["-h"]):
        sys.stdout.write(HELP)
        return DONE
    try:
        call = _call(arguments)
        result = from_environment(os.environ).call(call.pop("tool"), call)
    except Refused as refusal:
        return _fail(REFUSED, refusal.error)
    except (Usage, Misconfigured) as problem:
        return _fail(USAGE, {"code": "USAGE", "message": str(problem)})
    except (Unreachable, Stopped) as problem:
        return _fail(UNREACHABLE, {"code": "UNREACHABLE", "message": str(problem)})
    sys.stdout.write(json.dumps(result) + "\n")
    return DONE


def _call(arguments: list[str]) -> dict[str, Any]:
    if len(arguments) > 1:
        raise Usage("Give the call as one argument, in quotes, or on standard input. See --help.")
    text = sys.stdin.read() if arguments in ([], ["-"]) else arguments[0]
    try:
        call = json.loads(text)
    except ValueError as error:
        raise Usage(f"The call is not JSON: {error}.") from None
    if not isinstance(call, dict) or not isinstance(call.get("tool"), str):
        raise Usage('The call must be a JSON object that names its tool, such as {"tool": "help"}.')
    return call


def _fail(status: int, error: dict[str, Any]) -> int:
    sys.stderr.write(json.dumps({"error": error}) + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
