"""What Chorus does, without HTTP: one folder a subject, verbs as plain functions of a transaction.

Law: `core` imports `common` only and knows no Flask. A verb that changes something takes the WriteTransaction it runs
in; modules named after their subject (`status.py`, `wire.py`) are pure: no input or output, no clock, no environment.
"""
