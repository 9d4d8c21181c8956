"""The HTTP server: parse a request, call one verb of `core`, dump the answer.

Law: `webapp` imports `core` and `common`, knows no SQL, and decides nothing about tasks. `create_app` is the table of
contents.
"""

from collections.abc import Callable

from flask import Flask

from common import queue as bells
from common.build import build_id
from common.db import sqlite
from common.db.home import Home
from common.security import AccessGuard, rules_for
from common.settings import Settings, load
from core.workspaces.current import CurrentWorkspace
from webapp import (
    access,
    agents,
    attachments,
    config,
    docs,
    errors,
    headers,
    history,
    insights,
    live,
    operations,
    pages,
    providers,
    queue,
    requestlog,
    runs,
    state,
    tasks,
    tools,
    undo,
    workspaces,
)
from webapp.answers import note_change
from webapp.snapshots import SnapshotCache


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application for `settings` (default: from the environment). CHORUS_HOME must have been prepared."""
    settings = settings or load()
    app = Flask(__name__, static_folder=None)
    app.url_map.strict_slashes = False
    module = sqlite.library(settings.sqlite)
    bell = bells.everybody(settings.home)
    home = Home(settings.home, module)
    state.install(
        app,
        state.State(
            settings=settings,
            home=home,
            workspace=CurrentWorkspace(home, module, _noting(bell)),
            snapshots=SnapshotCache(),
            build=build_id(settings.static_dir),
            bell=bell,
        ),
    )
    requestlog.install(app)
    headers.install(app)
    errors.install(app)
    for blueprint in (
        tasks.api.blueprint,
        history.api.blueprint,
        queue.api.blueprint,
        attachments.api.blueprint,
        undo.api.blueprint,
        runs.api.blueprint,
        tools.api.blueprint,
        access.api.blueprint,
        agents.api.blueprint,
        providers.api.blueprint,
        config.api.blueprint,
        workspaces.api.blueprint,
        insights.api.blueprint,
        live.api.blueprint,
        docs.blueprint,
        operations.blueprint,
        pages.blueprint,
    ):
        app.register_blueprint(blueprint)
    app.wsgi_app = AccessGuard(app.wsgi_app, rules_for(settings))  # type: ignore[method-assign]
    return app


def _noting(bell: bells.Bell) -> Callable[[], None]:
    """What is called after each commit."""

    def committed() -> None:
        note_change()
        bell.ring()

    return committed
