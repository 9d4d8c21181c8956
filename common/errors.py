"""Errors that cross the wire: one type a code, one shape.

A verb raises one of these; `webapp.errors` turns it into the error envelope
`{"error": {"code", "message", "fields"?, "current"?}}`. Nothing else makes that shape.
"""

from collections.abc import Mapping, Sequence
from typing import Any


class ChorusError(Exception):
    """An error whose code, status and message a client may see.

    `message` says what happened and what to do, in one or two sentences, without paths of this machine.
    """

    status = 500
    code = "INTERNAL_ERROR"
    retry_after_s: int | None = None

    def __init__(self, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.extra: Mapping[str, Any] = extra

    def body(self) -> dict[str, Any]:
        """The error envelope, ready for JSON."""
        return {"error": {"code": self.code, "message": self.message, **self.extra}}


class NotRecorded(ChorusError):
    """Something outside of the database was changed, and the change could be neither recorded nor taken back."""

    code = "NOT_RECORDED"


class BadRequest(ChorusError):
    status, code = 400, "BAD_REQUEST"


class Unauthorized(ChorusError):
    status, code = 401, "UNAUTHORIZED"


class Forbidden(ChorusError):
    status, code = 403, "FORBIDDEN"


class NotFound(ChorusError):
    status, code = 404, "NOT_FOUND"


class MethodNotAllowed(ChorusError):
    """`allowed` lists the methods this address has, for the Allow header."""

    status, code = 405, "METHOD_NOT_ALLOWED"

    def __init__(self, allowed: Sequence[str], method: str) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__(f"{method} is not possible here; this address has: {self.allowed}.")


class Conflict(ChorusError):
    status, code = 409, "CONFLICT"


class InvalidTransition(ChorusError):
    status, code = 409, "INVALID_TRANSITION"


class InvalidStatus(ChorusError):
    status, code = 409, "INVALID_STATUS"


class WorkspaceSwitched(ChorusError):
    status, code = 409, "WORKSPACE_SWITCHED"


class ResyncNeeded(ChorusError):
    """The asked part of the log does not exist any more; `reason` is one of the wire's resync reasons."""

    status, code = 410, "RESYNC"


class Stale(ChorusError):
    """`If-Match` names a version since which a written field has changed; `current` is the resource now."""

    status, code = 412, "STALE"


class TooLarge(ChorusError):
    status, code = 413, "TOO_LARGE"


class UnsupportedMediaType(ChorusError):
    status, code = 415, "UNSUPPORTED_MEDIA_TYPE"


class ValidationFailed(ChorusError):
    """`fields` maps each rejected field to its messages."""

    status, code = 422, "VALIDATION_ERROR"


class KeyReused(ChorusError):
    status, code = 422, "KEY_REUSED"


class RateLimited(ChorusError):
    status, code = 429, "RATE_LIMITED"
    retry_after_s = 1


class Busy(ChorusError):
    """The write lock was not free within its deadline."""

    status, code = 503, "BUSY"
    retry_after_s = 1


class ServiceUnavailable(ChorusError):
    status, code = 503, "SERVICE_UNAVAILABLE"
    retry_after_s = 2


class NoWorkspaceOpen(ServiceUnavailable):
    """`home.db` says that no workspace is open: not a passing failure of the disk, but for a person to change."""


class StorageFull(ChorusError):
    """The disk has no room. Reading still works."""

    status, code = 507, "STORAGE_FULL"


class StartRefused(Exception):
    """A start that cannot succeed: its text is the one clear sentence for stderr; the exit status is 1."""
