"""The vocabulary: every word that crosses the WebSocket, in one list. `python -m common.words` writes it for the page.

A change of meaning of any word raises VOCABULARY, which renews the epoch of every log at its next opening.
"""

from enum import IntEnum, StrEnum

VOCABULARY = 1
PROTOCOL = 1


class EventType(StrEnum):
    """`type` of a logged event; each carries the whole changed entity in its wire form."""

    TASK_CREATED = "task_created"
    TASK_UPDATED = "task_updated"
    TASK_DELETED = "task_deleted"
    TASK_ARCHIVED = "task_archived"
    TASKS_CHANGED = "tasks_changed"
    HISTORY_APPENDED = "history_appended"
    QUEUE_CHANGED = "queue_changed"
    RUN_UPDATED = "run_updated"
    AGENTS_CHANGED = "agents_changed"
    PROVIDERS_CHANGED = "providers_changed"
    ACCESS_TOKENS_CHANGED = "access_tokens_changed"
    CONFIG_CHANGED = "config_changed"
    TRANSACTION = "transaction"
    RESET = "reset"


class MessageType(StrEnum):
    """`type` of a message that is not a logged event."""

    SUBSCRIBE = "subscribe"
    PONG = "pong"
    WELCOME = "welcome"
    HEARTBEAT = "heartbeat"
    RESYNC = "resync"
    RUN_OUTPUT = "run_output"
    WORKSPACES_CHANGED = "workspaces_changed"
    BYE = "bye"


class ResyncReason(StrEnum):
    """Why a cursor cannot be continued: the page takes a snapshot."""

    EPOCH = "epoch"
    EXPIRED = "expired"
    AHEAD = "ahead"
    WORKSPACE = "workspace"


class ByeReason(StrEnum):
    """Why a client is asked to come back later."""

    RESTART = "restart"
    STALE = "stale"  # the log cannot be read just now


class CloseCode(IntEnum):
    """Close codes we send. 1xxx and 4000-4499: come back. 4500-4999: do not."""

    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    INVALID_PAYLOAD = 1007
    POLICY = 1008
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    RESTART = 1012
    NO_PONG = 4012
    NOT_SUBSCRIBED = 4401
    PROTOCOL_NOT_SERVED = 4506


class TaskStatus(StrEnum):
    """`status.type` of a task, in the order of the board's columns."""

    PENDING = "pending"
    PLANNING = "planning"
    AWAITING_INPUT = "awaiting_input"
    PLANNED = "planned"
    ACTIVE = "active"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
