"""Declaring a route: its path, what it takes and what it answers, together with its handler.

A handler gets the transaction it runs in. `Api.read` opens a read transaction, `Api.write` a write transaction with
versions and idempotency. The same declaration makes the OpenAPI document.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Blueprint, Response, g, request
from marshmallow import EXCLUDE, Schema, ValidationError

from common.db.database import Database
from common.db.write import WriteTransaction
from common.errors import ChorusError, ValidationFailed
from common.wire import dumps
from core import idempotency
from webapp import requests, state
from webapp.answers import json_response
from webapp.envelopes import USUAL, Envelope
from webapp.errors import answer as error_answer

View = Callable[..., Any]


@dataclass(frozen=True)
class Operation:
    """One route as the OpenAPI document tells of it. `errors` are its statuses besides the common ones."""

    method: str
    path: str
    summary: str
    answer: type[Schema] | None
    many: bool
    status: int
    body: type[Schema] | None
    query: type[Schema] | None
    errors: tuple[int, ...]
    if_match: bool
    raw_body: bool
    envelope: Envelope


OPERATIONS: list[Operation] = []
_NOT_KEPT = {"KEY_REUSED", "WORKSPACE_SWITCHED"}  # refusals that say nothing about the request itself


class Api:
    """The routes of one subject."""

    def __init__(self, name: str) -> None:
        self.blueprint = Blueprint(name, __name__)

    def read(
        self,
        path: str,
        *,
        answer: type[Schema],
        many: bool = False,
        query: type[Schema] | None = None,
        errors: tuple[int, ...] = (),
        envelope: Envelope = USUAL,
    ) -> Callable[[View], View]:
        """A GET in one read transaction. The handler takes `(reading, query?, **path)`, returns data or JSON text."""

        def declare(view: View) -> View:
            @wraps(view)
            def handler(**path_values: str) -> Response:
                arguments = [] if query is None else [parsed_query(query)]
                with state.current().workspace.get().database.read() as reading:
                    g.position = str(reading.position)
                    data = view(reading, *arguments, **path_values)
                return json_response(envelope.wrap(data, None), 200, g.position)

            self.add(
                "GET", path, handler, view, answer=answer, many=many, query=query, errors=errors, envelope=envelope
            )
            return handler

        return declare

    def write(
        self,
        method: str,
        path: str,
        *,
        answer: type[Schema],
        status: int = 200,
        body: type[Schema] | None = None,
        if_match: bool = False,
        errors: tuple[int, ...] = (),
        envelope: Envelope = USUAL,
    ) -> Callable[[View], View]:
        """A mutation in one write transaction. The handler takes `(tx, body?, if_match?, **path)` and returns data."""

        def declare(view: View) -> View:
            @wraps(view)
            def handler(**path_values: str) -> Response:
                raw, values = requests.json_body(body)
                arguments = [] if values is None else [values]
                if if_match:
                    arguments.append(requests.if_match())
                key = requests.idempotency_request(hashlib.sha256(raw).hexdigest())
                return mutation(lambda tx: view(tx, *arguments, **path_values), status, key, envelope)

            self.add(
                method,
                path,
                handler,
                view,
                answer=answer,
                status=status,
                body=body,
                if_match=if_match,
                errors=errors,
                envelope=envelope,
            )
            return handler

        return declare

    def add(
        self,
        method: str,
        path: str,
        handler: Callable[..., Response],
        view: View,
        *,
        answer: type[Schema] | None,
        many: bool = False,
        status: int = 200,
        body: type[Schema] | None = None,
        query: type[Schema] | None = None,
        errors: tuple[int, ...] = (),
        if_match: bool = False,
        raw_body: bool = False,
        envelope: Envelope = USUAL,
    ) -> None:
        """Registers a handler that makes its own response, and tells the OpenAPI document of it."""
        self.blueprint.add_url_rule(path, view.__name__, handler, methods=[method])
        summary = (view.__doc__ or "").strip().splitlines()[0]
        operation = Operation(
            method, path, summary, answer, many, status, body, query, errors, if_match, raw_body, envelope
        )
        OPERATIONS.append(operation)


def parsed_query(schema: type[Schema]) -> dict[str, Any]:
    """The query string through its schema; unknown parameters are ignored. Raises ValidationFailed."""
    try:
        values: dict[str, Any] = schema(unknown=EXCLUDE).load(request.args.to_dict())
    except ValidationError as error:
        raise ValidationFailed("The query is not valid.", fields=error.messages_dict) from None
    return values


def mutation(
    act: Callable[[WriteTransaction], Any], status: int, key: idempotency.Request | None, envelope: Envelope = USUAL
) -> Response:
    """Runs `act` in a write transaction and answers with what it returns; a repeated key gets its first answer."""
    database = state.current().workspace.get().database
    try:
        with database.write() as tx:
            g.position = str(tx.position)
            requests.check_epoch(tx.position.epoch)
            answer = key and idempotency.find(tx, key)
            if not answer:
                body = envelope.wrap(act(tx), tx.now)
                answer = idempotency.Answer(status, body, str(tx.position))
                if key:
                    idempotency.keep(tx, key, answer)
    except ChorusError as error:
        if key is None or error.status >= 500 or error.code in _NOT_KEPT:
            raise
        return _kept_refusal(database, error, key)
    return json_response(answer.body, answer.status, answer.seq_header)


def _kept_refusal(database: Database, error: ChorusError, key: idempotency.Request) -> Response:
    """Refusals are repeated too; what refused changed nothing, so its answer is stored in a transaction of its own.

    A twin that was quicker has given the first answer: this one gets it.
    """
    with database.write() as tx:
        first = idempotency.find(tx, key)
        if first is None:
            idempotency.keep(tx, key, idempotency.Answer(error.status, dumps(error.body()), g.position))
    return json_response(first.body, first.status, first.seq_header) if first else error_answer(error)
