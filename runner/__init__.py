"""The runner: starts, watches and stops the programs of agents.

Law: `runner` imports `core`, `common` and the client of `agenttools`, never the servers. It changes the workspace
through `core`'s verbs only, and talks to an agent only through its program's input and output; the agent talks to
Chorus through the HTTP API. The providers, limits and environments are pure. Each run has a keeper, a small parent
process under which everything that works for the run is found and ended.
"""
