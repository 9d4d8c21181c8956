from collections.abc import Iterator

import pytest

from tests.helpers.runner import Bench, bench

LIMITS = {
    "CHORUS_PARALLEL_RUNS": "12",
    "CHORUS_RUN_SECONDS": "5",
    "CHORUS_RUN_IDLE_SECONDS": "2",
    "CHORUS_RUN_OUTPUT_BYTES": "50000",
    "CHORUS_RUN_PROCESSES": "8",
    "CHORUS_TASK_TOKENS": "5000",
    "CHORUS_TASK_COST_USD": "2",
}


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One runner for all tests that do not kill it."""
    with bench(tmp_path_factory.mktemp("shared"), CHORUS_PARALLEL_RUNS="12") as made:
        yield made


@pytest.fixture(scope="session")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One with low limits."""
    with bench(tmp_path_factory.mktemp("limited"), LIMITS) as made:
        yield made
