"""What moves tasks and runs together: planning, starting, handing off, stopping, ending.

Tasks and runs know their own rows and rules, and nothing of each other's commands. Each function here is one step in
the write transaction it is given. People's requests, agents' tools and the runner all come this way.
"""
