"""Backups: one zip with the databases as they are at one instant, and all files of attachments.

`backup.json` says what it is; `chorus.db`, `output.db` and `chorus.json` are the workspace's; `uploads/<task>/<uuid>`
are the files. A backup holds everything, the keys of providers too.
"""
