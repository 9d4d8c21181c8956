"""Stands in for `claude` where a test is about processes: it runs its message as Python, or the file `again` where the
message holds none.

What it can do: `init()`, `say(text)`, `end(text)`, `result(**changes)` write Claude Code's lines; `escape()` starts a
process that nobody ties to it: another session, another parent, no environment, and our stdout held open.
"""

import json
import os
import signal
import subprocess  # noqa: F401 - for messages
import sys
import time  # noqa: F401 - for messages
from typing import Any

SESSION = "5b6c1a0e-0000-4000-8000-000000000001"


def write(**line: Any) -> None:
    print(json.dumps(line | {"session_id": SESSION}), flush=True)


def init() -> None:
    write(type="system", subtype="init", model="fake", tools=[], mcp_servers=[])


def say(text: str, tokens: int = 10) -> None:
    usage = {"input_tokens": tokens, "output_tokens": 1}
    message = {"id": text, "model": "fake", "content": [{"type": "text", "text": text}], "usage": usage}
    write(type="assistant", message=message)


def result(**changes: Any) -> None:
    line = {"is_error": False, "api_error_status": None, "result": "done", "total_cost_usd": 0.5}
    write(type="result", **(line | {"usage": {"input_tokens": 20, "output_tokens": 2}} | changes))


def end(text: str) -> None:
    init()
    result(result=text)


def escape() -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.execve("/bin/sh", ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"], {"ESCAPED": "1"})
        os._exit(0)
    os.wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        sys.exit(print(os.environ.get("FAKE_VERSION", "2.1.197 (Claude Code)")))
    told = sys.stdin.read()
    if log := os.environ.get("FAKE_LOG"):
        with open(log, "a") as file:
            file.write(json.dumps({"argv": sys.argv, "env": dict(os.environ), "cwd": os.getcwd(), "told": told}) + "\n")
    if "--resume" in sys.argv and os.path.exists("lost"):
        sys.exit("No conversation found with session ID: it")
    code = told.partition("#!python\n")[2].partition("\n\n## ")[0]
    if not code and os.path.exists("again"):
        with open("again") as file:
            code = file.read()
    exec(code or "end('nothing to do')")
