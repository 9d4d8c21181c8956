"""The tools of programs outside: they act with an access token of the workspace, not as a run."""

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from common.clock import now_ms
from common.db.database import Database
from common.db.reader import Reader
from common.db.write import WriteTransaction
from common.errors import BadRequest, Forbidden
from common.tools import OUTSIDE
from common.wire import dumps
from core import idempotency
from core.access import verbs as access
from core.board import outside as runs
from core.idempotency import Answer
from core.tasks import verbs as tasks
from core.tools import catalogue, control
from core.tools.pace import Pace
from core.tools.tool import Arguments, Result

Holder = Mapping[str, Any]
_pace = Pace()


class Call(NamedTuple):
    token: str | None
    tool: str
    arguments: dict[str, Any]
    key: idempotency.Request | None = None


def perform(database: Database, call: Call) -> Answer:
    """Raises Unauthorized, Forbidden (scope), BadRequest, ValidationFailed, RateLimited and what the verb raises."""
    _pace.take(hashlib.sha256((call.token or "").encode()).hexdigest(), time.monotonic())
    with database.read() as reading:
        holder = access.holder(reading, call.token)
        _check_scope(holder, call.tool)
        arguments = catalogue.valid(call.tool, call.arguments)
        if call.tool in _READS:
            return Answer(200, dumps(_READS[call.tool](reading, arguments)), str(reading.position))
        first = call.key and idempotency.look(reading, call.key, now_ms())
    return first or _change(database, call, arguments)


def usable(reader: Reader, token: str | None) -> list[Result]:
    """The description of the tools that the token permits. Raises Unauthorized."""
    return catalogue.described(access.holder(reader, token)["scopes"])


def _check_scope(holder: Holder, tool: str) -> None:
    if tool not in OUTSIDE:
        raise BadRequest(f"There is no tool named {tool[:100]!r} for access tokens. There are: {', '.join(OUTSIDE)}.")
    if tool not in holder["scopes"]:
        raise Forbidden(f"This access token does not permit {tool}. It permits: {', '.join(holder['scopes'])}.")


def _change(database: Database, call: Call, arguments: Arguments) -> Answer:
    with database.write() as tx:
        holder = access.holder(tx, call.token)
        if call.key and (first := idempotency.find(tx, call.key)):
            return first
        result = _CHANGES[call.tool](tx, holder, arguments)
        answer = Answer(200, dumps(result), str(tx.position))
        if call.key:
            idempotency.keep(tx, call.key, answer)
    return answer


def _create(tx: WriteTransaction, holder: Holder, arguments: Arguments) -> Result:
    source = {"sourceType": "terminal", "userId": holder["name"], "conversationId": None}
    return control.enveloped(tasks.create(tx, arguments["description"], source).full_form)


def _report(tx: WriteTransaction, holder: Holder, arguments: Arguments) -> Result:
    given = {name: value for name, value in arguments.items() if name != "taskId"}
    return control.enveloped(runs.report(tx, arguments["taskId"], holder["name"], given).full_form)


_READS: dict[str, Callable[[Reader, Arguments], Result]] = {
    "task.list": control.read_tasks,
    "task.get": control.read_task,
}
_CHANGES: dict[str, Callable[[WriteTransaction, Holder, Arguments], Result]] = {
    "task.create": _create,
    "task.report": _report,
}
