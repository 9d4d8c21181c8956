"""The WSGI entry: `gunicorn` finds `wsgi:app` through gunicorn.conf.py. Importing it serves CHORUS_HOME."""

import atexit

from webapp import create_app, state
from webapp.background import Background

app = create_app()
_background = Background(app)


@atexit.register
def _close() -> None:
    _background.stop()
    state.of(app).close()
