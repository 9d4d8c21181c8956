"""The sidecar's application with what only tests ask for: faults to order, and a look inside.

`gunicorn -c wsserver/gunicorn.conf.py "tests.helpers.probing_sidecar:create_app()"`
"""

import gc
import os
from typing import Any

from flask import Flask
from greenlet import greenlet

from tests.helpers.sidecar import BOMB
from wsserver import app as real
from wsserver import looks, session
from wsserver.session import Effect, Log, Session


class Bomb(Exception):
    """A mistake of ours, ordered by a test."""


def create_app() -> Flask:
    """As the real one; a message BOMB raises in its handler, a GET /bomb in a view.

    `PROBING_STALE_S` shortens the time after which the log is stale, and the time until clients are sent away.
    """
    looks.STALE_S = float(os.environ.get("PROBING_STALE_S", looks.STALE_S))
    looks.LEAVE_S = 2 * looks.STALE_S
    app = real.create_app()
    handle = session.receive

    def receive(session: Session, text: str, log: Log | None, now: float) -> Effect | None:
        if text == BOMB:
            raise Bomb
        return handle(session, text, log, now)

    session.receive = receive

    @app.get("/bomb")
    def bomb() -> str:
        raise Bomb

    @app.get("/greenlets")
    def greenlets() -> str:
        gc.collect()
        return str(sum(isinstance(thing, greenlet) and not thing.dead for thing in gc.get_objects()))

    @app.get("/end-pump")
    def end_pump() -> str:
        """Delivery is dead from here on, while everything else lives."""
        app.extensions["sidecar"]._greenlets[0].kill()
        return ""

    @app.get("/break-pump/<int:is_broken>")
    def break_pump(is_broken: int) -> str:
        """Each turn of the pump fails after the log has been read, or no more does."""
        fanout: Any = app.extensions["sidecar"]._fanout
        if is_broken:
            fanout.round = lambda: 1 / 0
        else:
            del fanout.round
        return ""

    return app
