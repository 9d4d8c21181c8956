"""How agents reach the tools: the program `chorus-tools` and an MCP server, both over Chorus's HTTP API.

Law: `agenttools` imports only `common`, and of it only what has no state: it runs beside the agent, as the agent, with
the agent's token. Whatever is allowed or refused is decided by the server.
"""
