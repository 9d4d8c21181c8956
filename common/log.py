"""The log line of every process: `[Chorus 2026-01-31T08:15:00Z] [LEVEL] message`, UTC, on stdout."""

import copy
import logging
import re
import time
from typing import Any

LEVELS = {"error": "ERROR", "warn": "WARNING", "info": "INFO", "debug": "DEBUG"}
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_WORDS = {"WARNING": "WARN", "CRITICAL": "ERROR"}


class LineFormatter(logging.Formatter):
    """Formats a record as one Chorus line; a traceback follows on its own lines.

    Control characters are written as escapes: what clients send must not look like a line of ours.
    """

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("[Chorus %(asctime)s] [%(levelname)s] %(message)s", "%Y-%m-%dT%H:%M:%SZ")

    def format(self, record: logging.LogRecord) -> str:
        if record.levelname in _WORDS:
            record = copy.copy(record)  # other handlers see the original
            record.levelname = _WORDS[record.levelname]
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        record.message = _CONTROL.sub(lambda found: ascii(found[0])[1:-1], record.message)
        return super().formatMessage(record)


def dict_config(level: str) -> dict[str, Any]:
    """A `logging.config` dictionary for `level` (a key of LEVELS); also given to gunicorn as `logconfig_dict`."""
    threshold = LEVELS[level]
    quiet = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": LineFormatter}},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stdout"}},
        "root": {"level": threshold, "handlers": ["stdout"]},
        "loggers": {
            "gunicorn.error": quiet | {"level": "WARNING" if threshold == "INFO" else threshold},
            "gunicorn.access": quiet | {"level": "CRITICAL"},
            "alembic": {"level": "WARNING"},
        },
    }
