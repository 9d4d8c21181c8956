"""The measurements of design.md 6, one command each: `python -m bench.run fanout`, or `all`.

JSON goes to stdout, one line a result; a sentence for people to stderr.
"""

import sys
import traceback
from collections.abc import Sequence

import click

from bench import (
    fanout,
    floor,
    generator,
    large,
    latency,
    machine,
    memory,
    mutations,
    output,
    page,
    report,
    selftest,
    snapshot,
    storm,
)
from bench.chorus import Chorus
from bench.peers import PEERS
from bench.target import Plan, Target

MEASUREMENTS = {
    module.__name__.rpartition(".")[2]: module
    for module in (selftest, floor, fanout, latency, mutations, large, snapshot, storm, memory, page, output)
}
_targets: list[Target] = [Chorus(), *PEERS]
TARGETS = {target.name: target for target in _targets}


@click.command(epilog="Measurements: " + ", ".join(MEASUREMENTS) + ", or all.")
@click.argument("names", nargs=-1, required=True, type=click.Choice([*MEASUREMENTS, "all"]))
@click.option("--seconds", default=3.0, show_default=True, help="Length of one window.")
@click.option("--windows", default=3, show_default=True, help="Windows whose median is reported.")
@click.option("--only", multiple=True, type=click.Choice(list(TARGETS)), help="Servers that fanout and memory compare.")
def main(names: Sequence[str], seconds: float, windows: int, only: Sequence[str]) -> None:
    """Measures Chorus, and its peers, on this machine."""
    machine.prepare()
    generator.build()
    report.begin()
    plan = Plan(seconds, windows, [TARGETS[name] for name in only or TARGETS])
    failed = [name for name in (MEASUREMENTS if "all" in names else names) if not _measured(name, plan)]
    sys.exit(1 if failed else 0)


def _measured(name: str, plan: Plan) -> bool:
    """A measurement that fails says so and does not keep the others from being made."""
    try:
        MEASUREMENTS[name].run(plan)
    except Exception:  # noqa: BLE001
        traceback.print_exc()
        return False
    return True


if __name__ == "__main__":
    main()
