"""Attachments over HTTP: streamed in, streamed out, never served as part of the page."""

import hashlib
import uuid
from typing import Any

from flask import Response, g, request, send_file
from marshmallow import Schema, fields

from common.clock import now_ms
from common.db.database import Database
from common.db.write import WriteTransaction
from common.errors import ChorusError, Conflict, NotFound, WorkspaceSwitched
from common.schemas.task import TaskSchema, TaskWithUndoSchema
from core import idempotency
from core.attachments import files, names, verbs
from webapp import requests, state
from webapp.answers import SEQ_HEADER, json_response
from webapp.api import Api, mutation

api = Api("attachments")
# An attachment is somebody else's text: it must not run with the board's origin.
SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"


class FilenameQuery(Schema):
    """The name the file gets."""

    filename = fields.String(required=True)


class HashingStream:
    """The request's body, with its hash so far."""

    def __init__(self) -> None:
        self._stream = request.stream
        self._hash = hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        chunk = self._stream.read(size)
        self._hash.update(chunk)
        return chunk

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def upload_attachment(task_id: str) -> Response:
    """Attach a file (raw body, 10 MiB at most); a file of the same name is replaced."""
    filename = names.check_filename(request.args.get("filename", ""))
    request.max_content_length = files.MOST_BYTES + 1
    files.check_size(request.content_length or 0)
    workspace = state.current().workspace.get()
    try:
        with workspace.database.read() as reading:
            g.position = str(reading.position)
            verbs.check_room(reading, task_id, filename)
    except (NotFound, Conflict) as refusal:
        return _first_answer(workspace.database, refusal)
    attachment_id = str(uuid.uuid4())
    path = files.path_of(workspace.uploads, task_id, attachment_id)
    body = HashingStream()
    size = files.store(path, body, request.content_length)
    used = False

    def keep() -> None:
        nonlocal used
        used = True

    def attach(tx: WriteTransaction) -> dict[str, Any]:
        if tx.folder != workspace.folder:  # a copy of ours may know the task, but has not got the file
            raise WorkspaceSwitched("Another workspace was opened during the upload. Nothing was attached.")
        tx.after_commit(keep)
        return verbs.attach(tx, task_id, attachment_id, filename, size).full_form

    try:
        return mutation(attach, 201, requests.idempotency_request(body.hexdigest()))
    finally:
        if not used:
            files.drop(path)


def _first_answer(database: Database, refusal: ChorusError) -> Response:
    """What a repeat got at first, whatever has happened to the task since. Raises `refusal` where it is none."""
    if "Idempotency-Key" not in request.headers:  # refused before its body is read
        raise refusal
    body = HashingStream()
    files.drain(body)
    key = requests.idempotency_request(body.hexdigest())
    with database.read() as reading:
        first = key and idempotency.look(reading, key, now_ms())
    if not first:
        raise refusal
    return json_response(first.body, first.status, first.seq_header)


def download_attachment(task_id: str, filename: str) -> Response:
    """Download a file."""
    workspace = state.current().workspace.get()
    with workspace.database.read() as reading:
        g.position = str(reading.position)
        attachment = verbs.find(reading, task_id, filename)
    path = files.path_of(workspace.uploads, task_id, attachment.id)
    if not path.is_file():
        raise NotFound("The file of this attachment is missing from the workspace folder.")
    response = send_file(
        path,
        attachment.content_type,
        as_attachment=True,
        download_name=filename,
        conditional=False,  # a part, or "not modified", might be of another file that had this name
        etag=False,
    )
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["Cache-Control"] = "private, no-store"
    response.headers[SEQ_HEADER] = g.position
    return response


@api.write("DELETE", "/api/tasks/<task_id>/attachments/<filename>", answer=TaskWithUndoSchema, errors=(404, 409))
def delete_attachment(tx: WriteTransaction, task_id: str, filename: str) -> dict[str, Any]:
    """Remove a file; `undo` brings it back within 60 s."""
    task, token = verbs.remove(tx, task_id, filename)
    return task.full_form | {"undo": token}


_PATH = "/api/tasks/<task_id>/attachments"
api.add(
    "POST",
    _PATH,
    upload_attachment,
    upload_attachment,
    answer=TaskSchema,
    status=201,
    query=FilenameQuery,
    errors=(404, 409, 413),
    raw_body=True,
)
api.add("GET", f"{_PATH}/<filename>", download_attachment, download_attachment, answer=None, errors=(404,))
