"""The arguments of the tools, by tool name. `metadata` says to agents what an argument means."""

from typing import Any

from marshmallow import fields, validate

from common.events import TaskStatus
from common.fields.base import DESCRIPTION_BYTES, LARGEST_NUMBER, RequestSchema, Text
from common.fields.names import name_field
from common.schemas.run import CompletionReportRequest, PlannerOutputRequest
from common.tools import HANDOFF, PLANNER_OUTPUT, REPORT

CONTENT_BYTES = 1024 * 1024
LARGEST_LINE = 10 * 1024 * 1024
PATTERN_CHARACTERS = 1_000
PATCHES_AT_MOST = 100
RESULTS, RESULTS_AT_MOST = 100, 1_000
CONTEXT_AT_MOST = 20
TASKS, TASKS_AT_MOST = 50, 200


def _about(description: str) -> dict[str, Any]:
    return {"metadata": {"description": description}}


def _path(meaning: str, **options: Any) -> Text:
    where = f"{meaning}: relative to the working folder, or absolute inside an allowed folder"
    return Text(validate=validate.Length(1, 4_096), **_about(where), **options)


def _expected_hash() -> Text:
    rule = validate.Regexp(r"\A[0-9a-fA-F]{64}\Z", error="Must be a SHA-256 in hexadecimal.")
    return Text(validate=rule, **_about("hash from file.read: the call is refused if the file has changed since"))


def _whole(low: int, high: int, meaning: str, **options: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(low, high), **_about(meaning), **options)


class FileReadArguments(RequestSchema):
    path = _path("the file", required=True)
    offset = _whole(0, LARGEST_LINE, "lines to pass over (0: begin with the first)", load_default=0)
    limit = _whole(1, LARGEST_LINE, "most lines to show (default: all)", load_default=None)


class FileCreateArguments(RequestSchema):
    path = _path("the new file", required=True)
    content = Text(required=True, most_bytes=CONTENT_BYTES, **_about("the whole text"))


class FileWriteArguments(RequestSchema):
    path = _path("the file", required=True)
    content = Text(required=True, most_bytes=CONTENT_BYTES, **_about("the whole new text"))
    expected_hash = _expected_hash()


class PatchArguments(RequestSchema):
    find = Text(required=True, most_bytes=CONTENT_BYTES, **_about("text that stands exactly once in the file"))
    replace = Text(required=True, most_bytes=CONTENT_BYTES, **_about("text to put in its place"))
    startLine = _whole(1, LARGEST_LINE, "search from this line on (1: the first)", load_default=1)


class FilePatchArguments(RequestSchema):
    path = _path("the file", required=True)
    patches = fields.List(
        fields.Nested(PatchArguments),
        required=True,
        validate=validate.Length(1, PATCHES_AT_MOST),
        **_about("the changes, in order"),
    )
    expected_hash = _expected_hash()


class FileDeleteArguments(RequestSchema):
    path = _path("the file", required=True)
    expected_hash = _expected_hash()


class FileListArguments(RequestSchema):
    path = _path("the folder (default: the working folder)", load_default=".")
    pattern = Text(
        validate=validate.Length(1, PATTERN_CHARACTERS),
        load_default=None,
        **_about("such as *.py or src/**/*.py: list all files below that fit"),
    )


class FileSearchArguments(RequestSchema):
    pattern = Text(
        required=True, validate=validate.Length(1, PATTERN_CHARACTERS), **_about("regular expression, Python's syntax")
    )
    path = _path("the file or folder to search (default: the working folder)", load_default=".")
    glob = Text(
        validate=validate.Length(1, PATTERN_CHARACTERS), load_default=None, **_about("search only files that fit this")
    )
    case_sensitive = fields.Boolean(load_default=True, truthy={True}, falsy={False}, **_about("tell a from A"))
    context_lines = _whole(0, CONTEXT_AT_MOST, "lines to show before and after each match", load_default=0)
    max_results = _whole(1, RESULTS_AT_MOST, "most matches to give", load_default=RESULTS)


class HandoffArguments(RequestSchema):
    agentName = name_field("name of the agent")
    prompt = Text(required=True, most_bytes=DESCRIPTION_BYTES, **_about("what it shall do, in full: it knows no more"))


class TaskGetArguments(RequestSchema):
    taskId = Text(required=True, **_about("id of the task"))


class TaskListArguments(RequestSchema):
    status = Text(validate=validate.OneOf(list(TaskStatus)), **_about("only tasks in this status"))
    limit = _whole(1, TASKS_AT_MOST, "most tasks to give", load_default=TASKS)
    offset = _whole(0, LARGEST_NUMBER, "tasks to pass over (0: begin with the first)", load_default=0)


class TaskCreateArguments(RequestSchema):
    description = Text(
        required=True,
        most_bytes=DESCRIPTION_BYTES,
        validate=validate.Length(min=1),
        **_about("what is to be done, in Markdown"),
    )


class TaskReportArguments(CompletionReportRequest):
    taskId = Text(required=True, **_about("id of the task"))


class HelpArguments(RequestSchema):
    name = Text(**_about("only this tool (default: all that you may use)"))


ARGUMENTS: dict[str, type[RequestSchema]] = {
    "file.read": FileReadArguments,
    "file.create": FileCreateArguments,
    "file.write": FileWriteArguments,
    "file.patch": FilePatchArguments,
    "file.delete": FileDeleteArguments,
    "file.list": FileListArguments,
    "file.search": FileSearchArguments,
    "task.get": TaskGetArguments,
    "task.list": TaskListArguments,
    HANDOFF: HandoffArguments,
    REPORT: CompletionReportRequest,
    PLANNER_OUTPUT: PlannerOutputRequest,
    "help": HelpArguments,
    "task.create": TaskCreateArguments,
    "task.report": TaskReportArguments,
}
