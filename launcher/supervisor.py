"""`python -m launcher.supervisor`: supervisord (supervisor 4), with four changes that belong to Chorus.

* The programs write straight to our stdout and stderr. Supervisor would copy through pipes and reopen /dev/stdout,
  which loses lines when it is killed and fails where stdout is a socket (systemd, many test harnesses).
* Its own lines have the format of all our log lines.
* A program that is told to stop between its fork and its exec stops, instead of swallowing the signal in
  supervisor's own handler and being killed 8 s later.
* It looks at its children ten times a second instead of once: a killed server is back sooner.
"""

import logging
import logging.config
import os
import signal
from pathlib import Path
from typing import Any

from supervisor import loggers, poller
from supervisor.options import ServerOptions
from supervisor.supervisord import go

from common.log import dict_config
from common.settings import load

CONFIG = Path(__file__).with_name("supervisord.conf")
LOOK_EVERY_S = 0.1
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
log = logging.getLogger("chorus.supervisor")
_LEVELS = {
    loggers.LevelsByName.CRIT: logging.CRITICAL,
    loggers.LevelsByName.ERRO: logging.ERROR,
    loggers.LevelsByName.WARN: logging.WARNING,
}


class _LineHandler(loggers.Handler):
    def emit(self, record: Any) -> None:
        log.log(_LEVELS.get(record.level, logging.DEBUG), "%s", record.asdict()["message"])


class _Poller(poller.Poller):
    def poll(self, timeout: float) -> Any:
        return super().poll(min(timeout, LOOK_EVERY_S))


class _Options(ServerOptions):
    first = True
    test = False

    def __init__(self) -> None:
        super().__init__()
        self.poller = _Poller(self)

    def make_logger(self) -> None:
        self.logger = loggers.getLogger(self.loglevel)
        self.logger.addHandler(_LineHandler())

    def fork(self) -> int:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        pid: int = super().fork()
        if pid == 0:
            for number in STOP_SIGNALS:
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        return pid

    def make_pipes(self, stderr: bool = True) -> dict[str, int | None]:
        ours = dict.fromkeys(("stdin", "stdout", "stderr"))
        return ours | {
            "child_stdin": os.open(os.devnull, os.O_RDONLY),
            "child_stdout": os.dup(1),
            "child_stderr": os.dup(2),
        }


def main() -> None:
    """Runs the programs until SIGTERM, SIGINT, SIGQUIT or SIGHUP; then stops all and returns."""
    settings = load()
    logging.config.dictConfig(dict_config(settings.log_level))
    options = _Options()
    options.realize(["-c", str(CONFIG), "-j", str(settings.home / "run" / "supervisord.pid")])
    go(options)


if __name__ == "__main__":
    main()
