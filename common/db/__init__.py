"""The workspace database: tables, the one write function, the event log, migrations; and `home.db`.

Law: every mutation of a workspace goes through `Database.write`, which appends its event in the same transaction.
Connections handed out by `Database.read` refuse to write.
"""
