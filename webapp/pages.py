"""The page's files: compressed once, as small as they get, and revalidated by ETag; any other path is the page itself.

The first board is made of many small files, so the bytes of each count: brotli is a seventh smaller than gzip.
"""

import hashlib
import html
import mimetypes
import os
import threading
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from flask import Blueprint, Response, request
from werkzeug.security import safe_join

from common.errors import NotFound
from common.security import websocket_url
from common.wire import dumps
from webapp import packing, state, stylesheet
from webapp.comments import without_comments
from webapp.envelopes import SMALLEST, compressed

blueprint = Blueprint("pages", __name__)
_PLACE = '<meta name="chorus-config" content="">'
_PACKABLE = {"text/html", "text/css", "text/javascript", "image/svg+xml", "application/json", "text/plain"}
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/javascript", ".mjs")


class StaticFile(NamedTuple):
    """`packed` by encoding, the smallest first."""

    raw: bytes
    packed: dict[str, bytes]
    content_type: str
    etag: str


@blueprint.get("/", defaults={"path": ""})
@blueprint.get("/<path:path>")
def page(path: str) -> Response:
    """A file of the page, or, for an address of the page itself, index.html."""
    root = state.current().settings.static_dir
    found = safe_join(str(root), path) if path else None
    if found and os.path.isfile(found) and Path(found).name != "index.html":  # false for all that can be no name
        return _file(Path(found))
    if path.split("/")[0] == "api" or _names_a_file(path):
        raise NotFound("There is nothing at this address.")
    return _index(root / "index.html")


def _names_a_file(path: str) -> bool:
    """Names of agents and providers may have dots; other addresses of the page have none."""
    return "." in path.rpartition("/")[2] and path != "index.html" and not path.startswith(("agents/", "providers/"))


def _file(path: Path) -> Response:
    file = _current(path)
    response = Response(mimetype=file.content_type)
    response.set_etag(file.etag)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Accept-Encoding"
    encoding = next((name for name in file.packed if request.accept_encodings[name] > 0), None)
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.set_data(file.packed[encoding] if encoding else file.raw)
    response.make_conditional(request)
    return response


def _current(path: Path) -> StaticFile:
    if stylesheet.is_made_of_parts(path):
        return _load(path, stylesheet.last_change(path), 0)
    status = path.stat()
    return _load(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=512)
def _load(path: Path, _changed_ns: int, _size: int) -> StaticFile:
    raw = _content(path)
    content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = {"br": packing.packed(path, raw), "gzip": compressed(raw, SMALLEST)} if content_type in _PACKABLE else {}
    return StaticFile(raw, packed, content_type, hashlib.sha256(raw).hexdigest()[:16])


def _content(path: Path) -> bytes:
    if stylesheet.is_made_of_parts(path):
        return stylesheet.whole(path)
    if path.suffix == ".js" and "vendor" not in path.parts:  # libraries are sent as they were shipped
        return without_comments(path.read_text()).encode()
    return path.read_bytes()


def warm(root: Path, stop: threading.Event) -> None:
    """Compresses all files before somebody waits for them."""
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        if stop.is_set():
            return
        _current(path)


def _index(path: Path) -> Response:
    """index.html with what this page must know of its server: WebSocket address, build, exposure."""
    current = state.current()
    config = {
        "webSocketUrl": websocket_url(current.settings, request.host),
        "build": current.build,
        "openToNetwork": current.settings.open_to_network,
    }
    meta = f'<meta name="chorus-config" content="{html.escape(dumps(config), quote=True)}">'
    text = path.read_text().replace(_PLACE, meta)
    return Response(text, mimetype="text/html", headers={"Cache-Control": "no-store"})
