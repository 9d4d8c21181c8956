"""For all tests: nothing may leak, and random tests say their seed."""

import gc
import json
import random
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from common.settings import ROOT
from tests.helpers import leaks

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("chorus", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("chorus")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, help="seed of the random tests (default: a new one, printed)")
    parser.addoption("--rounds", type=int, help="rounds of the random tests (default: few)")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.seed is None:
        config.option.seed = random.SystemRandom().randrange(2**32)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in a shell's background, and so in all that tests start
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: neither the collector nor the search for leaked greenlets walks it in each test."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()  # for plugins that are loaded late and look for who refers to them


def pytest_report_header(config: pytest.Config) -> list[str]:
    """The seed, and the agents' programs that are driven: tests/browser/test_real_agents.py holds that these run."""
    pinned = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    programs = ", ".join(f"{name} {pinned[name]}" for name in ("@anthropic-ai/claude-code", "opencode-ai"))
    return [f"chorus: --seed={config.option.seed} --rounds={config.option.rounds or 'default'}", f"agents: {programs}"]


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """For `random.Random(seed)`; the same for the whole run, printed in its header."""
    value: int = request.config.option.seed
    return value


@pytest.fixture(scope="session")
def rounds(request: pytest.FixtureRequest) -> int | None:
    """How many rounds were asked for; None: the test's own small number."""
    value: int | None = request.config.option.rounds
    return value


@pytest.fixture(autouse=True)
def _leaks() -> Iterator[None]:
    """Fails a test that leaves a thread, descriptor, child process or greenlet behind."""
    before = leaks.held()
    yield
    left = leaks.left_behind(before)
    assert not left, "left behind:\n" + "\n".join(left)
