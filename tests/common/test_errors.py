"""Errors: the codes and statuses of contract A2, one shape."""

import pytest

from common import errors
from common.errors import ChorusError

CONTRACT = {
    "BAD_REQUEST": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "CONFLICT": 409,
    "INVALID_TRANSITION": 409,
    "INVALID_STATUS": 409,
    "WORKSPACE_SWITCHED": 409,
    "RESYNC": 410,
    "STALE": 412,
    "TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "VALIDATION_ERROR": 422,
    "KEY_REUSED": 422,
    "RATE_LIMITED": 429,
    "INTERNAL_ERROR": 500,
    "BUSY": 503,
    "SERVICE_UNAVAILABLE": 503,
    "NOT_RECORDED": 500,  # ours: a file was changed, and the database could not be
    "STORAGE_FULL": 507,  # ours: the disk is full
}


def kinds() -> list[type[ChorusError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ChorusError)]


def test_codes_and_statuses_are_the_contracts() -> None:
    assert {kind.code: kind.status for kind in kinds()} == CONTRACT


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind.__init__ is ChorusError.__init__])
def test_shape(kind: type[ChorusError]) -> None:
    assert kind("What happened.").body() == {"error": {"code": kind.code, "message": "What happened."}}


def test_extra_members() -> None:
    error = errors.ValidationFailed("No.", fields={"description": ["Missing."]})
    assert error.body()["error"]["fields"] == {"description": ["Missing."]}


@pytest.mark.parametrize("kind", [errors.Busy, errors.RateLimited, errors.ServiceUnavailable])
def test_what_passes_says_when_to_come_back(kind: type[ChorusError]) -> None:
    assert kind.retry_after_s
