"""The log line of every process: `[Chorus 2026-01-31T08:15:00Z] [LEVEL] message`, UTC, on stdout."""

import copy
import logging
import time
from typing import Any

LEVELS = {"error": "ERROR", "warn": "WARNING", "info": "INFO", "debug": "DEBUG"}
_WORDS = {"WARNING": "WARN", "CRITICAL": "ERROR"}


class LineFormatter(logging.Formatter):
    """Formats a record as one Chorus line; a traceback follows on its own lines."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("[Chorus %(asctime)s] [%(levelname)s] %(message)s", "%Y-%m-%dT%H:%M:%SZ")

    def format(self, record: logging.LogRecord) -> str:
        if record.levelname in _WORDS:
            record = copy.copy(record)  # other handlers see the original
            record.levelname = _WORDS[record.levelname]
        return super().format(record)


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
