"""The tools of agents: who may call which, what each does, and the record of every call.

`calls.perform` is the way in. A tool prepares what takes time (reading, drafting, searching) without a transaction, and
has its effect inside one, together with the check that its run still lives and with the history entry: after a run has
ended nothing happens in its name, and whatever happens is recorded once.
"""
