"""What is measured: a server with subscribers, and the plan of a run."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from bench import machine, report


class Target(Protocol):
    """A server that delivers what `publish` gives it to every subscriber."""

    name: str

    @property
    def port(self) -> int:
        """Of the WebSocket."""

    @property
    def options(self) -> list[str]:
        """Further flags of `loadgen swarm`."""

    def start(self, folder: Path) -> None:
        """Returns when subscribers may come. `folder` is empty and vanishes afterwards."""

    def publish(self, count: int) -> None:
        """Hands it `count` events of 600 bytes, stamped now, in one burst."""

    def pids(self) -> list[int]:
        """The processes whose memory a connection costs."""

    def version(self) -> str: ...

    def stop(self) -> None: ...


AnyTarget = TypeVar("AnyTarget", bound=Target)


@dataclass(frozen=True)
class Plan:
    """How long to measure: `windows` windows of `seconds` each; and which servers to compare."""

    seconds: float
    windows: int
    targets: Sequence[Target]


@contextmanager
def running(target: AnyTarget) -> Iterator[AnyTarget]:
    """The target, started in a folder of its own and ended afterwards."""
    with machine.scratch() as folder:
        try:
            target.start(folder)
            yield target
        finally:
            target.stop()


def compare(targets: Sequence[Target], measure: Callable[[Target], dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """One row a target. A peer that cannot be measured here gets `error` in place of numbers."""
    return {target.name: {"version": target.version(), **_row(target, measure)} for target in targets}


def _row(target: Target, measure: Callable[[Target], dict[str, Any]]) -> dict[str, Any]:
    report.progress(f"{target.name} {target.version()}")
    try:
        with running(target):
            return measure(target)
    except Exception as error:  # noqa: BLE001
        traceback.print_exc()
        return {"error": str(error)[:500]}
