"""gunicorn for the bare server of `floor`: the processes and threads that Chorus has by default."""

from typing import Any

worker_class = "gthread"
workers = 2
threads = 8
keepalive = 65
loglevel = "error"
control_socket_disable = True


def on_starting(_server: Any) -> None:
    from bench.bare import prepare

    prepare()
