"""The sidecar: pushes every logged event to every open page, over WebSockets, on port N + 1.

Law: `wsserver` imports only `common` of ours, never writes to a database and never waits for one.
* Pure modules (`ring`, `session`, `heartbeat`, `frames`, `messages`, `outlet`) decide: no I/O, no clock, no
  environment.
* Shell modules (`connection`, `feed`, `fanout`, `outflow`, `sidecar`, `drain`, `canary`, `upgrade`, `app`, `metrics`)
  perform.
* One ring of frames for all and one cursor a connection: no per-client queue, no greenlet a connection.
* A socket has exactly one writer: its `Connection`. All of it runs in one gevent loop, so that nothing is locked;
  whoever may take long yields to the loop (`sidecar.yield_to_loop`).
"""
