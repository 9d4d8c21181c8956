"""Generated requests over the OpenAPI document: no answer is a server error, and each has its documented shape."""

import contextlib
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.helpers.api import HOST

HEADERS = {"Host": HOST, "Accept-Encoding": "identity"}
CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance, status_code_conformance]


def test_generated_requests(app: Flask) -> None:
    document = schemathesis.openapi.from_wsgi("/api/openapi.json", app, headers={"Host": HOST})
    operations = [found.ok() for found in document.get_all_operations()]  # type: ignore[union-attr]
    assert len(operations) >= 19
    for operation in operations:
        probe(operation)


def probe(operation: Any) -> None:
    """30 requests made from the operation's own description, valid and mutated."""

    @settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def valid(case: Any) -> None:
        case.call_and_validate(headers=HEADERS, checks=CHECKS)

    @settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def mutated(case: Any) -> None:
        case.call_and_validate(headers=HEADERS, checks=CHECKS)

    valid()
    with contextlib.suppress(Unsatisfiable):  # nothing in this operation can be wrong
        mutated()
