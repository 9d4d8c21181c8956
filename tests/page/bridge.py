"""The page's real rules, driven from Python: one line of JSON in, one out (tests/js/bridge.mjs)."""

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Page:
    """A page in a node process. `modules` is a folder like static/js, to run a mutant of it."""

    def __init__(self, modules: Path = ROOT / "static" / "js") -> None:
        self._node = subprocess.Popen(
            ["node", str(ROOT / "tests" / "js" / "bridge.mjs"), str(modules)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def __enter__(self) -> "Page":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._node.stdin
        assert self._node.stdout
        self._node.stdin.close()
        self._node.wait(10)
        self._node.stdout.close()

    def tell(self, op: str, **fields: Any) -> dict[str, Any]:
        """Performs one operation and returns what the page then is and wants."""
        assert self._node.stdin
        assert self._node.stdout
        self._node.stdin.write(json.dumps({"op": op, **fields}) + "\n")
        answer: dict[str, Any] = json.loads(self._node.stdout.readline())
        assert answer["ok"], answer
        return answer
