"""gunicorn for the two Flask peers: one gevent worker, no limit that the swarm would meet."""

worker_class = "gevent"
workers = 1
worker_connections = 20_000
backlog = 4096
timeout = 120
loglevel = "error"
control_socket_disable = True
