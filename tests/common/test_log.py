"""The log line: `[Chorus 2026-01-31T08:15:00Z] [LEVEL] message`."""

import io
import logging
import re

import pytest

from common.log import LEVELS, LineFormatter, dict_config


def line(level: int, message: str, *arguments: object, error: bool = False) -> str:
    try:
        raise ValueError("why")
    except ValueError as raised:
        exc_info = (ValueError, raised, raised.__traceback__) if error else None
    record = logging.LogRecord("any", level, "file", 1, message, arguments, exc_info)
    record.created = 1769847300.999
    return LineFormatter().format(record)


@pytest.mark.parametrize(
    ("level", "word"),
    [
        (logging.CRITICAL, "ERROR"),
        (logging.ERROR, "ERROR"),
        (logging.WARNING, "WARN"),
        (logging.INFO, "INFO"),
        (logging.DEBUG, "DEBUG"),
    ],
)
def test_line(level: int, word: str) -> None:
    assert line(level, "task %s moved", "x") == f"[Chorus 2026-01-31T08:15:00Z] [{word}] task x moved"


def test_traceback_follows() -> None:
    first, *rest = line(logging.ERROR, "failed", error=True).splitlines()
    assert first == "[Chorus 2026-01-31T08:15:00Z] [ERROR] failed"
    assert rest[-1] == "ValueError: why"


def test_nothing_that_a_client_sends_looks_like_a_line_of_ours() -> None:
    sent = "/a\n[Chorus 2026-01-31T08:15:00Z] [ERROR] forged\r\x1b[31m\x85\u2028"
    first, *rest = line(logging.INFO, "GET %s", sent).splitlines()
    assert rest == []
    assert first.endswith(r"GET /a\n[Chorus 2026-01-31T08:15:00Z] [ERROR] forged\r\x1b[31m\x85\u2028")


def test_formatting_leaves_the_record_alone() -> None:
    record = logging.LogRecord("any", logging.WARNING, "file", 1, "m", (), None)
    LineFormatter().format(record)
    assert record.levelname == "WARNING"


@pytest.mark.parametrize("level", LEVELS)
def test_levels(level: str) -> None:
    assert dict_config(level)["root"]["level"] == LEVELS[level]


def test_stdout_only(capsys: pytest.CaptureFixture[str]) -> None:
    """The configuration itself, on a logger of its own so that pytest's handlers stay."""
    config = dict_config("info")
    handler = config["handlers"]["stdout"]
    assert handler["stream"] == "ext://sys.stdout"
    stream = logging.StreamHandler(io.StringIO())
    stream.setFormatter(config["formatters"]["line"]["()"]())
    logger = logging.Logger("own")
    logger.addHandler(stream)
    logger.info("hello")
    assert re.fullmatch(r"\[Chorus \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\] \[INFO\] hello\n", stream.stream.getvalue())
