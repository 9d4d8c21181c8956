"""Workspace configuration, the snapshot and the answers about the live connection."""

import marshmallow as ma
from marshmallow import fields, validate

from common.schemas.base import Milliseconds, RequestSchema, Text, WireSchema
from common.schemas.task import TaskSchema
from common.settings import HIGHEST_PORT

MOST_ARCHIVE_DAYS = 3650
LONGEST_PATH_BYTES = 4_000  # the system takes 4,096, and a file name follows
LONGEST_NAME_BYTES = 255


def directory(*, required: bool = False) -> Text:
    """An absolute path that can exist."""
    return Text(required=required, validate=_check_path)


def _check_path(path: str) -> None:
    names = path.split("/")
    if not path.startswith("/"):
        raise ma.ValidationError("Must be an absolute path.")
    if ".." in names:
        raise ma.ValidationError("Must not contain '..'.")
    if len(path.encode()) > LONGEST_PATH_BYTES or max(len(name.encode()) for name in names) > LONGEST_NAME_BYTES:
        raise ma.ValidationError(f"May have {LONGEST_PATH_BYTES} bytes, and each name in it {LONGEST_NAME_BYTES}.")


class WorkspaceConfigSchema(WireSchema):
    """`chorus.json` (contract B 2.13); `port` and `archiveDays` are absent where unset."""

    allowedAgentDirectories = fields.List(fields.String(), required=True)
    initialAgentDirectory = fields.String(required=True)
    systemAgentProvider = fields.String(required=True)
    port = fields.Integer()
    archiveDays = fields.Integer()
    version = fields.Integer(required=True)


class WriteConfigSchema(RequestSchema):
    """The whole configuration. Directories are absolute paths; `systemAgentProvider` names a provider that exists."""

    allowedAgentDirectories = fields.List(directory(), required=True, validate=validate.Length(max=100))
    initialAgentDirectory = fields.String(required=True)
    systemAgentProvider = Text(required=True, validate=validate.Length(1, 64))
    port = fields.Integer(strict=True, allow_none=True, validate=validate.Range(1, HIGHEST_PORT))
    archiveDays = fields.Integer(strict=True, allow_none=True, validate=validate.Range(1, MOST_ARCHIVE_DAYS))


class OpenWorkspaceSchema(RequestSchema):
    """`path` of a workspace's chorus.json or folder. `stopRuns` permits it while agents work."""

    path = directory(required=True)
    stopRuns = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class WorkspaceEntrySchema(WireSchema):
    """`missing`: its folder holds no workspace now."""

    configPath = fields.String(required=True)
    lastOpenedAt = Milliseconds(required=True)
    missing = fields.Boolean()


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
