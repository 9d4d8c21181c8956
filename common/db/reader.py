"""What queries need of a transaction: to read. Both kinds of transaction are one."""

from collections.abc import Mapping
from typing import Any, Protocol

import sqlalchemy as sa

from common.db.prepared import Prepared, Row
from common.db.sqlite import Rows


class Reader(Protocol):
    """A read or write transaction."""

    def execute(self, statement: sa.Executable, parameters: Any = None) -> Rows: ...

    def run(self, prepared: Prepared, parameters: Mapping[str, Any]) -> list[Row]: ...
