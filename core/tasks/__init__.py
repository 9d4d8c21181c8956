"""Tasks: their states, their history, their message queue."""
