"""The sidecar's application with what only tests ask for: faults to order, and a look inside.

`gunicorn -c wsserver/gunicorn.conf.py "tests.helpers.probing_sidecar:create_app()"`
"""

import gc

from flask import Flask
from greenlet import greenlet

from tests.helpers.sidecar import BOMB
from wsserver import app as real
from wsserver import session
from wsserver.session import Effect, Log, Session


class Bomb(Exception):
    """A mistake of ours, ordered by a test."""


def create_app() -> Flask:
    """As the real one; a message BOMB raises in its handler, a GET /bomb in a view."""
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

    return app
