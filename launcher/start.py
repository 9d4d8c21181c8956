"""The steps of a start, in their order. After the last one this process is the supervisor."""

import logging
import logging.config
import os
import resource
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from common.log import dict_config
from common.process import SUPERVISOR
from common.settings import ROOT, SETTINGS, Settings, load
from core.workspaces.locks import lock_home
from launcher import address
from launcher.home import prepare_home

log = logging.getLogger("chorus.launcher")
MOST_DESCRIPTORS = 65_536  # 20,000 WebSockets and their files; the limit of a shell is often 1,024


def start(port: int | None) -> NoReturn:
    """Becomes the supervisor of the servers. `port` is the `--port` flag. Raises StartRefused."""
    settings = load(port=port)
    logging.config.dictConfig(dict_config(settings.log_level))
    lock = lock_home(settings.home)
    settings = replace(settings, port=address.resolve_port(settings))
    address.check_free(settings)
    prepare_home(settings, with_runner=settings.parallel_runs > 0)
    os.set_inheritable(lock, True)  # held for as long as the supervisor lives
    os.environ.update(environment(settings))
    _raise_descriptor_limit(settings.max_connections)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # the servers run in the background of a terminal and write to it
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "launcher.supervisor"])


def environment(settings: Settings) -> dict[str, str]:
    """What the servers inherit beside our own environment: where everything is, once and for all."""
    paths = {row.env: str(value) for row in SETTINGS if isinstance(value := getattr(settings, row.name), Path)}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return paths | {"CHORUS_PORT": str(settings.port), SUPERVISOR: str(os.getpid()), "PATH": programs}


def _raise_descriptor_limit(max_connections: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(MOST_DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if wanted < max_connections:
        log.warning(
            "%d open files are allowed (ulimit -Hn): CHORUS_MAX_CONNECTIONS=%d is too many.", wanted, max_connections
        )
