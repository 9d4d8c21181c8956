"""docs/api.md from the OpenAPI document: `python -m webapp.apidoc > docs/api.md`. Pure but for printing it."""

import sys
from collections.abc import Iterator
from typing import Any

HEAD = """# The HTTP API

Made from the same declarations as `/api/openapi.json` and `/docs` by `make docs`; do not edit. How changes are pushed
is in [protocol.md](protocol.md).

Success is `{"data": …, "meta": {"timestamp": ms}}`, failure `{"error": {"code", "message", "fields"?}}`, unless the
route says otherwise. Times are ms since 1970, UTC. `*` marks what must be there. Every answer carries `X-Chorus-Seq`,
`<epoch>:<seq>` of the event it caused or the state it read. Any `POST` may carry `Idempotency-Key`: for a day its
repeat gets the first answer. "version" means that `If-Match: "<version>"` is understood: the change is refused if a
field that it writes has changed since that version. Beside the statuses named, a route may answer 400, 403, 503, and
409 after a switch of workspaces; where it writes also 413, 415 and 507 (the disk is full). A failure (5xx) of a change
says in its `message` whether anything was changed.

There is no login. A program needs no `Origin`; the `Host` must be one of the server's names.

```
curl -X POST http://127.0.0.1:8080/api/tasks -H 'Content-Type: application/json' \\
  -d '{"description": "Try it", "source": {"sourceType": "terminal", "userId": "me", "conversationId": null}}'
```

| Status | Code | When |
|---|---|---|
| 400 | `BAD_REQUEST` | it cannot be read, or a header of it |
| 401 | `UNAUTHORIZED` | a call of a tool without a valid token |
| 403 | `FORBIDDEN` | Host or Origin is not allowed; a tool, or a path, is not |
| 404, 405 | `NOT_FOUND`, `METHOD_NOT_ALLOWED` | there is nothing; the address has other methods (`Allow`) |
| 409 | `CONFLICT` | it does not go with what there is: a name that is taken, a full queue, an agent at work |
| 409 | `INVALID_STATUS`, `INVALID_TRANSITION` | the task's state does not permit it; the message says what does |
| 409 | `WORKSPACE_SWITCHED` | the change was made for another log (`X-Chorus-Epoch`) |
| 410 | `RESYNC` | take a snapshot; `reason` as on the WebSocket |
| 412 | `STALE` | somebody was faster (`If-Match`); `current` is what there is now |
| 413, 415 | `TOO_LARGE`, `UNSUPPORTED_MEDIA_TYPE` | the body; it must be JSON |
| 422 | `VALIDATION_ERROR` | `fields` names each wrong one, with the reasons |
| 422 | `KEY_REUSED` | the `Idempotency-Key` was used for another request |
| 429, 503 | `RATE_LIMITED`, `BUSY`, `SERVICE_UNAVAILABLE` | try again after `Retry-After` seconds |
| 500 | `INTERNAL_ERROR` | a bug in Chorus |
| 500 | `NOT_RECORDED` | a file was changed, and this could be neither recorded nor taken back; look at it |
| 507 | `STORAGE_FULL` | the disk is full |
"""
_EVERYWHERE = {"400", "403", "413", "415", "503", "507"}
_METHODS = ("get", "post", "put", "patch", "delete")


def markdown(document: dict[str, Any]) -> str:
    """The document as tables, one section a subject, and one for each shape."""
    sections = "\n".join(_sections(document))
    return f"{HEAD}\n{sections}\n## Shapes\n\n{_shapes(document)}"


def _sections(document: dict[str, Any]) -> Iterator[str]:
    subjects: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        subject = path.split("/")[2] if path.startswith("/api/") else "operations"
        for method in _METHODS:
            if method in operations:
                subjects.setdefault(subject, []).append(_row(method, path, operations[method]))
    for subject in sorted(subjects):
        yield f"## {subject.capitalize().replace('-', ' ')}\n"
        yield "| Route | What it does | Takes | Answers |\n|---|---|---|---|"
        yield "\n".join(subjects[subject]) + "\n"


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    expected = _EVERYWHERE | ({"409"} if method == "get" else set())  # reading: the workspace was switched
    cells = (f"`{method.upper()} {path}`", operation["summary"], _takes(operation), _answers(operation, expected))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _takes(operation: dict[str, Any]) -> str:
    found = [
        f"`?{parameter['name']}`{'*' if parameter.get('required') else ''}"
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query"
    ]
    found += ["version"] if any(p["name"] == "If-Match" for p in operation.get("parameters", [])) else []
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        found.append(_type(content["schema"]) if kind == "application/json" else "the file's bytes")
    return ", ".join(found)


def _answers(operation: dict[str, Any], expected: set[str]) -> str:
    good = [status for status in operation["responses"] if status.startswith("2")]
    other = [status for status in operation["responses"] if status not in expected and status not in good]
    shown = [f"{status} {_content(operation['responses'][status])}".strip() for status in good]
    return "; ".join([*shown, ", ".join(sorted(other))]) if other else "; ".join(shown)


def _content(response: dict[str, Any]) -> str:
    for kind, content in response.get("content", {}).items():
        if kind != "application/json":
            return "the file's bytes"
        schema = content["schema"]
        beside = schema.get("properties", {})
        if "data" not in beside:
            return f"{_type(schema)} (bare)"
        extra = [name for name in beside if name not in ("data", "meta")]
        return _type(beside["data"]) + (f", beside it {', '.join(f'`{name}`' for name in extra)}" if extra else "")
    return ""


def _shapes(document: dict[str, Any]) -> str:
    shapes: dict[str, Any] = document.get("components", {}).get("schemas", {})
    return "\n".join(_shape(name, shapes[name]) for name in sorted(shapes))


def _shape(name: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", []))
    rows = [
        f"| `{key}`{'*' if key in required else ''} | {_field(value)} |"
        for key, value in schema.get("properties", {}).items()
    ]
    head = f"### {name}\n"
    table = "\n| Field | Type |\n|---|---|\n" + "\n".join(rows) + "\n" if rows else "\nNo fields.\n"
    return head + table


def _field(schema: dict[str, Any]) -> str:
    text = _type(schema)
    if schema.get("enum"):
        text += ": " + ", ".join(f"`{word}`" for word in schema["enum"] if word is not None)
    limits = [f"{word} {schema[key]}" for key, word in _LIMITS.items() if key in schema]
    text += f" ({', '.join(limits)})" if limits else ""
    text += f". {schema['description']}" if schema.get("description") else ""
    return text.replace("|", "\\|").replace("\n", " ")


_LIMITS = {
    "minimum": "from",
    "maximum": "to",
    "minLength": "at least",
    "maxLength": "at most",
    "minItems": "at least",
    "maxItems": "at most",
    "default": "default",
}


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    several = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if several:
        return " or ".join(_type(one) for one in several)
    kind = schema.get("type", "any")
    kinds = kind if isinstance(kind, list) else [kind]
    if "array" in kinds:
        return f"[{_type(schema.get('items', {}))} …]" + (" or null" if "null" in kinds else "")
    return " or ".join(kinds)


if __name__ == "__main__":
    from webapp import docs

    sys.stdout.write(markdown(docs.document()))
