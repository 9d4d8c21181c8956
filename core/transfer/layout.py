"""Where things are in an export, and in a folder of the original's format. Pure."""

import re

FORMAT, FORMAT_VERSION = "chorus-export", 1
MANIFEST = "export.json"
CONFIG = "chorus.json"
ROOTS = ("agents", "providers", "registry", "uploads")
TASK, HISTORY, QUEUE, RUNS = "task.json", "history.json", "queue.json", "runs.json"
_NAMED = re.compile(r"(agents|providers)/([^/]+)\.json")
_TASK = re.compile(r"registry/([^/]+)/task\.json")
_PART = re.compile(r"registry/([^/]+)/(?:history|queue|runs)\.json")
_KNOWN = re.compile(rf"{_NAMED.pattern}|registry/registry\.json|registry/[^/]+/(task|history|queue|runs)\.json")


def agent(name: str) -> str:
    return f"agents/{name}.json"


def provider(name: str) -> str:
    return f"providers/{name}.json"


def of_task(task_id: str, part: str) -> str:
    return f"registry/{task_id}/{part}"


def upload(task_id: str, filename: str) -> str:
    return f"uploads/{task_id}/{filename}"


def entity_in(path: str, kind: str) -> str | None:
    """The name of the agent or provider (`kind`: the folder) in this file."""
    match = _NAMED.fullmatch(path)
    return match[2] if match and match[1] == kind else None


def task_in(path: str) -> str | None:
    """The id of the task in this file."""
    match = _TASK.fullmatch(path)
    return match[1] if match else None


def task_of_part(path: str) -> str | None:
    """The id of the task that this file of its folder belongs to."""
    match = _PART.fullmatch(path)
    return match[1] if match else None


def is_known(path: str) -> bool:
    """Whether an import reads this file; uploads are known by the tasks that name them."""
    return path in (MANIFEST, CONFIG) or _KNOWN.fullmatch(path) is not None
