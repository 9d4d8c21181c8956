"""The OpenAPI document, made from the same declarations that make the routes, and a page that shows it."""

import re
from functools import cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Response, render_template

from common.build import VERSION
from common.schemas.errors import ErrorEnvelopeSchema
from common.wire import dumps
from webapp.api import OPERATIONS, Operation

blueprint = Blueprint("docs", __name__, template_folder="templates")
_COMMON_ERRORS = (400, 403, 409, 503)


@blueprint.get("/api/openapi.json")
def get_openapi() -> Response:
    """The document as JSON."""
    return Response(_document_text(), mimetype="application/json", headers={"Cache-Control": "no-cache"})


@blueprint.get("/docs")
def get_docs() -> str:
    """The document as a page."""
    return render_template("docs.html", document=document())


@cache
def _document_text() -> str:
    return dumps(document())


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1 of all routes."""
    info = {"description": "The HTTP API of Chorus. Every change is also pushed over the WebSocket."}
    spec = APISpec("Chorus", VERSION, "3.1.0", info=info, plugins=[MarshmallowPlugin(_schema_name)])
    for operation in sorted(OPERATIONS, key=lambda operation: operation.path):
        path = re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", operation.path)
        spec.path(path, operations={operation.method.lower(): _operation(operation, path)})
    return spec.to_dict()


def _schema_name(schema: Any) -> str:
    name = schema if isinstance(schema, str) else getattr(schema, "__name__", type(schema).__name__)
    return name.removesuffix("Schema")


def _operation(operation: Operation, path: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": f"{operation.method.lower()}{re.sub(r'[^A-Za-z0-9]+', '_', path)}",
        "parameters": _parameters(operation, path),
        "responses": {str(operation.status): _success(operation)} | _failures(operation),
    }
    if operation.body:
        described["requestBody"] = _json_content(operation.body) | {"required": True}
    if operation.raw_body:
        binary = {"schema": {"type": "string", "format": "binary"}}
        described["requestBody"] = {"content": {"application/octet-stream": binary}, "required": True}
    return described


def _parameters(operation: Operation, path: str) -> list[Any]:
    found: list[Any] = [
        {
            "in": "path",
            "name": name,
            "required": True,
            "schema": {"type": "integer" if name == "entry_id" else "string"},
        }
        for name in re.findall(r"{(\w+)}", path)
    ]
    if operation.query:
        found.append({"in": "query", "schema": operation.query})
    if operation.if_match:
        found.append(
            _header("If-Match", "The version you read, in quotes; 412 if a field you write has changed since.")
        )
    if operation.method != "GET":
        found.append(
            _header("X-Chorus-Epoch", "The log this change is made for; 409 if another workspace has been opened.")
        )
    if operation.method == "POST":
        found.append(
            _header("Idempotency-Key", "The repeat of a request with this key gets the first answer, for a day.")
        )
    return found


def _header(name: str, description: str) -> dict[str, Any]:
    return {"in": "header", "name": name, "description": description, "schema": {"type": "string"}}


def _success(operation: Operation) -> dict[str, Any]:
    seq = {
        "X-Chorus-Seq": {
            "description": "`<epoch>:<seq>` of the event caused or the state read",
            "schema": {"type": "string"},
        }
    }
    if operation.answer is None:
        return {
            "description": operation.summary,
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        }
    data: Any = {"type": "array", "items": operation.answer} if operation.many else operation.answer
    beside = operation.envelope.beside
    body = data
    if beside is not None:
        required = ["data", *operation.envelope.required]
        body = {"type": "object", "properties": {"data": data, **beside}, "required": required}
    return {"description": operation.summary, "headers": seq, "content": {"application/json": {"schema": body}}}


def _failures(operation: Operation) -> dict[str, Any]:
    statuses = set(_COMMON_ERRORS) | set(operation.errors)
    if operation.query or operation.body or operation.method == "POST":
        statuses.add(422)
    if operation.method != "GET":
        statuses |= {413, 415, 507}
    if operation.if_match:
        statuses.add(412)
    return {str(status): {"description": "Error", **_json_content(ErrorEnvelopeSchema)} for status in sorted(statuses)}


def _json_content(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}
