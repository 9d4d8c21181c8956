"""What a page needs to be live: the snapshot, missed events over HTTP, and why the WebSocket may not be open."""

import http.client
import json
from typing import Any

from flask import Response, request
from marshmallow import Schema, fields, validate

from common.db.database import Reading
from common.fields.base import LARGEST_NUMBER
from common.schemas.workspace import EventsSchema, LiveSchema, SnapshotSchema
from common.security import rules_for, websocket_url
from common.settings import Settings
from core import snapshot
from webapp import state
from webapp.answers import accepts_gzip, json_response, packed_json, position
from webapp.api import Api
from webapp.envelopes import envelope

api = Api("live")
SIDECAR_TIMEOUT_S = 1.0


class EventsQuery(Schema):
    """A cursor: the epoch of the log and the number of the last event known."""

    epoch = fields.String(required=True)
    since = fields.Integer(required=True, validate=validate.Range(0, LARGEST_NUMBER))


def get_snapshot() -> Response:
    """The whole board at one instant, to be continued from its `(epoch, seq)` over the WebSocket."""
    current = state.current()
    shared = current.snapshots.get(current.workspace.get())
    return packed_json(shared.raw, shared.packed if accepts_gzip() else None, 200, str(shared.position))


api.add("GET", "/api/snapshot", get_snapshot, get_snapshot, answer=SnapshotSchema)


@api.read("/api/events", answer=EventsSchema, query=EventsQuery, errors=(410,))
def get_events(reading: Reading, query: dict[str, Any]) -> str:
    """Logged events after `since`, at most 1,000 and some 4 MiB; 410 where a snapshot is needed."""
    return snapshot.events_since(reading, query["epoch"], query["since"])


def get_live() -> Response:
    """Where the WebSocket is, who may open it, and whether it can be served right now."""
    settings = state.current().settings
    data = {
        "webSocketUrl": websocket_url(settings, request.host),
        "allowedOrigins": sorted(rules_for(settings).origins),
        "sidecar": sidecar_state(settings),
        "openToNetwork": settings.open_to_network,
    }
    return json_response(envelope(LiveSchema().dump(data)), 200, position())


api.add("GET", "/api/live", get_live, get_live, answer=LiveSchema)


def sidecar_state(settings: Settings) -> dict[str, str]:
    """Asks the sidecar's own /readyz: ready, unready with its reason, or unreachable."""
    connection = http.client.HTTPConnection(settings.reachable_host, settings.ws_port, timeout=SIDECAR_TIMEOUT_S)
    try:
        connection.request("GET", "/readyz", headers={"Host": f"127.0.0.1:{settings.ws_port}"})
        answer = connection.getresponse()
        detail = json.loads(answer.read(65_536)).get("detail", "")
        return {"state": "ready" if answer.status == 200 else "unready", "detail": detail}
    except (OSError, http.client.HTTPException, ValueError) as error:
        detail = f"Nothing answers on port {settings.ws_port} ({type(error).__name__}). Is the sidecar running?"
        return {"state": "unreachable", "detail": detail}
    finally:
        connection.close()
