"""The sidecar's application: the table of contents."""

from flask import Flask

from common.security import AccessGuard, rules_for
from common.settings import Settings, load
from wsserver import operations, upgrade
from wsserver.sidecar import Sidecar


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application for `settings` (default: from the environment).

    It serves when its sidecar has been started (`gunicorn.conf.py` does), and once a workspace can be read.
    """
    settings = settings or load()
    app = Flask(__name__, static_folder=None)
    sidecar = app.extensions["sidecar"] = Sidecar(settings)
    operations.install(app, sidecar)
    upgrade.install(app, sidecar)
    refused = sidecar.metrics.refusals.labels("access")
    app.wsgi_app = AccessGuard(app.wsgi_app, rules_for(settings), lambda _: refused.inc())  # type: ignore[method-assign]
    return app
