"""The board at one instant, and the log as pages of events."""

import itertools
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from common.db import eventlog, tables
from common.db.database import Reading
from common.errors import ResyncNeeded
from common.events import ResyncReason
from common.wire import dumps
from core.tasks import queries

EVENTS_AT_ONCE = 1_000
BYTES_AT_ONCE = 4 * 1024 * 1024  # of events: the one that passes it is the last one
_PAGE = 50


def build(reading: Reading, config_path: str) -> str:
    """JSON text of the snapshot: joined from stored wire texts, nothing is decoded or encoded again."""
    position = reading.position
    unfinished = sa.select(tables.runs.c.wire).where(tables.runs.c.ended_at.is_(None)).order_by(tables.runs.c.rank)
    agents = sa.select(tables.agents.c.wire).where(tables.agents.c.deleted_at.is_(None)).order_by(tables.agents.c.name)
    providers = (
        sa.select(tables.providers.c.wire)
        .where(tables.providers.c.deleted_at.is_(None))
        .order_by(tables.providers.c.name)
    )
    members = (
        f'"epoch":"{position.epoch}"',
        f'"seq":{position.seq}',
        f'"tasks":{queries.board(reading)}',
        f'"agents":{_array(reading, agents)}',
        f'"providers":{_array(reading, providers)}',
        f'"runs":{_array(reading, unfinished)}',
        f'"config":{reading.execute(sa.select(tables.config.c.wire)).scalar_one()}',
        f'"configPath":{dumps(config_path)}',
    )
    return f"{{{','.join(members)}}}"


def _array(reading: Reading, statement: sa.Select[Any]) -> str:
    return f"[{','.join(row[0] for row in reading.execute(statement))}]"


def events_since(reading: Reading, epoch: str, since: int) -> str:
    """JSON text of at most 1,000 events after `since`, of some 4 MiB. Raises ResyncNeeded where the socket would."""
    position = reading.position
    if epoch != position.epoch:
        raise ResyncNeeded("This is another log now: take a snapshot.", reason=ResyncReason.EPOCH)
    if since > position.seq:
        raise ResyncNeeded("The log does not go that far: take a snapshot.", reason=ResyncReason.AHEAD)
    found = _events(reading.connection, since)
    if since < position.seq and (not found or found[0].seq != since + 1):
        raise ResyncNeeded("These events are no longer kept: take a snapshot.", reason=ResyncReason.EXPIRED)
    frames = ",".join(event.frame for event in found)
    return f'{{"epoch":"{position.epoch}","seq":{position.seq},"events":[{frames}]}}'


def _events(connection: sa.Connection, since: int) -> list[eventlog.Event]:
    found: list[eventlog.Event] = []
    size = 0
    for event in itertools.islice(_log(connection, since), EVENTS_AT_ONCE):
        found.append(event)
        size += len(event.frame)
        if size >= BYTES_AT_ONCE:
            break
    return found


def _log(connection: sa.Connection, since: int) -> Iterator[eventlog.Event]:
    """All events after `since`, read in pages."""
    while page := eventlog.tail(connection, since, _PAGE):
        yield from page
        since = page[-1].seq
