"""Generated requests over the OpenAPI document: no answer is a server error, and each has its documented shape."""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
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


EXAMPLES = 5  # of each kind, for each operation; `make soak` sends so many more
EXAMPLES_OF_A_SOAK = 30


def test_generated_requests(app: Flask) -> None:
    check_all_operations(app, EXAMPLES)


@pytest.mark.soak
def test_many_generated_requests(app: Flask, rounds: int | None) -> None:
    check_all_operations(app, rounds or EXAMPLES_OF_A_SOAK)


def check_all_operations(app: Flask, examples: int) -> None:
    document = schemathesis.openapi.from_wsgi("/api/openapi.json", app, headers={"Host": HOST})
    operations = [found.ok() for found in document.get_all_operations()]  # type: ignore[union-attr]
    assert len(operations) >= 19
    for operation in operations:
        probe(operation, examples)


def can_be_wrong(operation: Any) -> bool:
    """Whether its description forbids anything. Headers and paths of plain strings do not, and a hunt there is long."""
    described = operation.definition.raw
    return "requestBody" in described or any(
        parameter["in"] == "query" or parameter["schema"] != {"type": "string"} for parameter in described["parameters"]
    )


def probe(operation: Any, examples: int) -> None:
    """Requests made from the operation's own description, valid and mutated."""
    few = settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

    @few
    @given(case=operation.as_strategy())
    def valid(case: Any) -> None:
        case.call_and_validate(headers=HEADERS, checks=CHECKS)

    @few
    @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def mutated(case: Any) -> None:
        case.call_and_validate(headers=HEADERS, checks=CHECKS)

    valid()
    if can_be_wrong(operation):
        mutated()
