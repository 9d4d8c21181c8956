"""Starts all of Chorus with one command and hands over to the supervisor.

Law: the launcher imports `core` and `common`. Everything that can refuse a start is asked here, before anything
serves: each refusal is one sentence on stderr and exit status 1, with nothing half-started.
"""
