"""Workspaces: a folder with `chorus.db`, `uploads/` and `chorus.json`; one is open at a time, for everybody."""
