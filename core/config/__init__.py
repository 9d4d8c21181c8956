"""The configuration of a workspace: where agents may work, what the planner runs on, which port."""
