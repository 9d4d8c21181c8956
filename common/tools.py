"""The tools: their names, and what they are told to do and give. Their arguments are in common/schemas/tools.py.

This is the one description: the API's `help`, the MCP server and the model providers all show it.
"""

from typing import NamedTuple

FILE_TOOLS = ("file.read", "file.create", "file.write", "file.patch", "file.delete", "file.list", "file.search")
TASK_TOOLS = ("task.get", "task.list")
HANDOFF = "handoff"
GRANTABLE = (*FILE_TOOLS, *TASK_TOOLS, HANDOFF, "web.search")
"""What `allowedTools` may name. `web.search` is the agent program's own search."""

ALWAYS = ("help",)
REPORT, PLANNER_OUTPUT = "completion-report", "planner-output"
"""Granted by the kind of the run: user agents report, the planner plans."""

OUTSIDE = ("task.list", "task.get", "task.create", "task.report")
"""What an access token of the workspace may permit: for programs that are not a run of Chorus."""


class Tool(NamedTuple):
    """What a tool does, and what its answer holds: name of a key -> meaning."""

    description: str
    output: dict[str, str]


def function_name(tool: str) -> str:
    """A tool's name as models see it: their providers allow no dots."""
    return tool.replace(".", "_")


_WRITTEN = {"success": "true", "bytes_written": "size of the file in bytes", "hash": "SHA-256 of the file"}

TOOLS: dict[str, Tool] = {
    "file.read": Tool(
        "Read a text file. Each line is shown as its number, a tab and the line.",
        {
            "content": "the numbered lines",
            "total_lines": "lines of the whole file",
            "truncated": "whether lines after these were left out",
            "hash": "SHA-256 of the whole file, to give as expected_hash when you change it",
        },
    ),
    "file.create": Tool("Create a file that does not exist yet, and the folders it needs.", _WRITTEN),
    "file.write": Tool("Replace the whole content of a file that exists.", _WRITTEN),
    "file.patch": Tool(
        "Change parts of a file. Each text to find must stand exactly once; all patches are applied, or none.",
        {"success": "true", "patches_applied": "how many", "hash": "SHA-256 of the file afterwards"},
    ),
    "file.delete": Tool("Delete a file. Folders cannot be deleted.", {"success": "true"}),
    "file.list": Tool(
        "List a folder: one level with its folders, or, with a pattern, all files below that fit it.",
        {"files": "list of path, size in bytes, modified in ms, is_directory", "truncated": "whether there are more"},
    ),
    "file.search": Tool(
        "Search text files for a regular expression (Python's syntax), line by line.",
        {"matches": "list of path, line, content; before and after with context_lines", "truncated": "are there more"},
    ),
    "task.get": Tool("Read one task.", {"data": "the task", "meta": "timestamp in ms"}),
    "task.list": Tool(
        "List the tasks on the board in short, in the order of their creation; task.get gives all of one.",
        {
            "data": "list of id, description and summary (their beginning), status, assignedAgent, updatedAt in ms",
            "meta": "timestamp in ms; total; offset; more: whether tasks after these were left out",
        },
    ),
    HANDOFF: Tool(
        "Let another agent do a part of the work on this task, wait for it, and get its output and report.",
        {
            "agent_name": "the agent",
            "output": "its last text",
            "state": "how its run ended: succeeded, blocked, failed, cancelled or interrupted",
            "report": "its completion report, or null",
        },
    ),
    REPORT: Tool(
        "Say how the work ended: complete, blocked or failed. Exactly once, before you finish.",
        {"success": "true", "status": "the status you gave"},
    ),
    PLANNER_OUTPUT: Tool("Give the plan, questions or an error. Exactly once.", {"success": "true"}),
    "help": Tool("List your tools.", {"tools": "list of name, description, parameters, output"}),
    "task.create": Tool("Create a task on the board.", {"data": "the task", "meta": "timestamp in ms"}),
    "task.report": Tool(
        "Report work that you did yourself on a task that no agent works on: it is completed, failed or waits.",
        {"data": "the task", "meta": "timestamp in ms"},
    ),
}
