"""Who is given which output of the runs. Pure.

Output is no state: it is numbered per run, and a client that misses some reads it over HTTP once it sees a later
number. So nobody waits for it: whoever is behind or blocked is passed over, and is told the heads of the runs
(how far they go) as soon as it has room again, because what it missed may have been a run's last word.
"""

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from common.output import Head, Written
from wsserver import messages

MESSAGE_BYTES = 128 * 1024
RECORDS_AT_ONCE = 1_000
SKIP_FROM = 20_000  # records that we are behind: then the clients read for themselves


class Client(Protocol):
    """Somebody who follows. `has_room`: a message would go out at once, with nothing of the log waiting before it."""

    @property
    def has_room(self) -> bool: ...
    def send(self, data: bytes) -> None: ...


C = TypeVar("C", bound=Client)


class Outlet(Generic[C]):
    """`since`: id of the last record before the first one that any of the `missed` clients has missed."""

    def __init__(self) -> None:
        self.missed: set[C] = set()
        self.since = 0

    def miss(self, client: C, before: int) -> None:
        """`client` is not given the records after the one with id `before`."""
        if not self.missed:
            self.since = before
        self.missed.add(client)

    def offer(self, client: C, message: bytes, before: int) -> bool:
        """Gives the records that follow id `before`, unless the client has no room or has missed earlier ones."""
        if client in self.missed or not client.has_room:
            self.miss(client, before)
            return False
        client.send(message)
        return True

    def catch_up(self, clients: Iterable[C], heads: list[Head]) -> None:
        """Tells the heads of the runs that wrote after `since` to those who missed some and have room now."""
        if not heads:  # so nobody has missed anything
            return self.missed.clear()
        message = frame_of_heads(heads)
        for client in clients:
            if client in self.missed and client.has_room:
                client.send(message)
                self.missed.discard(client)

    def keep(self, clients: set[C]) -> None:
        """Forgets those who have gone, or begin anew with a read over HTTP."""
        self.missed &= clients


def fitting(written: list[Written]) -> list[Written]:
    """As many as fit into a message; at least one."""
    size = 0
    for count, record in enumerate(written):
        size += len(record.wire.encode())
        if size > MESSAGE_BYTES and count:
            return written[:count]
    return written


def frame_of(written: Iterable[Written]) -> bytes:
    """The records as one frame, gathered by run; an item's records follow each other without a hole."""
    items: list[tuple[Written, list[str]]] = []
    open_items: dict[str, tuple[Written, list[str]]] = {}
    for record in written:
        known = open_items.get(record.run_id)
        if known is None or known[0].n + len(known[1]) != record.n:
            known = open_items[record.run_id] = (record, [])
            items.append(known)
        known[1].append(record.wire)
    return messages.run_output((first.run_id, first.task_id, first.n, wires) for first, wires in items)


def frame_of_heads(heads: Iterable[Head]) -> bytes:
    """Items without records: whoever has not got the one before `from` reads it."""
    return messages.run_output((head.run_id, head.task_id, head.last + 1, []) for head in heads)
