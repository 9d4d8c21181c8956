"""The page's files: compressed once, revalidated by ETag; any other path without a dot is the page itself."""

import hashlib
import html
import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from flask import Blueprint, Response, request
from werkzeug.security import safe_join

from common.errors import NotFound
from common.security import websocket_url
from common.wire import dumps
from webapp import state
from webapp.answers import SMALLEST, accepts_gzip, compressed

blueprint = Blueprint("pages", __name__)
_PLACE = '<meta name="chorus-config" content="">'
_PACKABLE = {"text/html", "text/css", "text/javascript", "image/svg+xml", "application/json", "text/plain"}
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/javascript", ".mjs")


class StaticFile(NamedTuple):
    raw: bytes
    packed: bytes | None
    content_type: str
    etag: str


@blueprint.get("/", defaults={"path": ""})
@blueprint.get("/<path:path>")
def page(path: str) -> Response:
    """A file of the page, or, for an address of the page itself, index.html."""
    root = state.current().settings.static_dir
    found = safe_join(str(root), path) if path else None
    if found and Path(found).is_file() and Path(found).name != "index.html":
        return _file(Path(found))
    if path.startswith("api/") or ("." in path.rpartition("/")[2] and path != "index.html"):
        raise NotFound("There is nothing at this address.")
    return _index(root / "index.html")


def _file(path: Path) -> Response:
    status = path.stat()
    file = _load(path, status.st_mtime_ns, status.st_size)
    response = Response(mimetype=file.content_type)
    response.set_etag(file.etag)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Accept-Encoding"
    if file.packed is not None and accepts_gzip():
        response.set_data(file.packed)
        response.headers["Content-Encoding"] = "gzip"
    else:
        response.set_data(file.raw)
    response.make_conditional(request)
    return response


@lru_cache(maxsize=512)
def _load(path: Path, _mtime_ns: int, _size: int) -> StaticFile:
    raw = path.read_bytes()
    content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = compressed(raw, SMALLEST) if content_type in _PACKABLE else None
    return StaticFile(raw, packed, content_type, hashlib.sha256(raw).hexdigest()[:16])


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
