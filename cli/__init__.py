"""The command line `chorus`: tasks over the running server's HTTP API and WebSocket; backup, restore, export, import
and doctor on the workspace itself.

Law: `cli` imports `core` and `common`, never `webapp` or `wsserver`: what those do is asked of the running server. An
expected failure is one sentence on stderr that says what to do, never a traceback. `following.py` is pure.
"""
