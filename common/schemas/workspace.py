"""Workspace configuration, the snapshot and the answers about the live connection."""

from marshmallow import fields, validate

from common.entities.config import CONFIG
from common.entities.schemas import request_schema, wire_schema
from common.entities.workspace import WORKSPACE
from common.fields.base import RequestSchema, WireSchema, directory
from common.schemas.task import TaskSchema

WorkspaceConfigSchema = wire_schema(CONFIG)
WriteConfigSchema = request_schema(
    CONFIG,
    "WriteConfig",
    "The whole configuration. Directories are absolute paths; `systemAgentProvider` names a provider that exists.",
)
WorkspaceEntrySchema = wire_schema(WORKSPACE)


class OpenWorkspaceSchema(RequestSchema):
    """`path` of a workspace's chorus.json or folder. `stopRuns` permits it while agents work."""

    path = directory(required=True)
    stopRuns = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class DefaultsSchema(WireSchema):
    defaultWorkspacePath = fields.String(required=True)


class ForgottenSchema(WireSchema):
    """`undo` puts the workspace back on the list, within 60 s."""

    undo = fields.String()


class SnapshotSchema(WireSchema):
    """The board at one instant: everything as it stands at `(epoch, seq)`."""

    epoch = fields.String(required=True)
    seq = fields.Integer(required=True)
    tasks = fields.List(fields.Nested(TaskSchema), required=True)
    agents = fields.List(fields.Dict(), required=True)
    providers = fields.List(fields.Dict(), required=True)
    runs = fields.List(fields.Dict(), required=True)
    config = fields.Nested(WorkspaceConfigSchema, required=True)
    configPath = fields.String(required=True)


class EventsSchema(WireSchema):
    """Logged events after `since`, in order, at most 1,000; `seq` is the head of the log."""

    epoch = fields.String(required=True)
    seq = fields.Integer(required=True)
    events = fields.List(fields.Dict(), required=True)


class SidecarStateSchema(WireSchema):
    state = fields.String(required=True, validate=validate.OneOf(["ready", "unready", "unreachable"]))
    detail = fields.String(required=True)


class LiveSchema(WireSchema):
    """Where the page finds the WebSocket, who may open it, and whether the sidecar serves."""

    webSocketUrl = fields.String(required=True)
    allowedOrigins = fields.List(fields.String(), required=True)
    sidecar = fields.Nested(SidecarStateSchema, required=True)
    openToNetwork = fields.Boolean(required=True)
