"""The tools an agent may be given, by the names that agents, runs and the page use (contract B 5.2)."""

FILE_TOOLS = ("file.read", "file.create", "file.write", "file.patch", "file.delete", "file.list", "file.search")
TASK_TOOLS = ("task.get", "task.list")
GRANTABLE = (*FILE_TOOLS, *TASK_TOOLS, "handoff", "web.search")
"""What `allowedTools` may name. `web.search` is the agent program's own search."""

ALWAYS = ("help",)
REPORT, PLANNER_OUTPUT = "completion-report", "planner-output"
"""Granted by the kind of the run: user agents report, the planner plans."""
