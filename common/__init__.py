"""What every process of Chorus shares: settings, errors, wire words, schemas, the database and the bell.

Law: `common` imports none of the other rooms. It knows neither Flask nor gevent, so that the webapp, the
sidecar, the launcher and the tests can all use it.
"""
