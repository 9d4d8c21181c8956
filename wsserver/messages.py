"""Messages that are not logged events, as text frames with a fixed order of fields. Pure.

Server → client; times are ms since the Unix epoch. Events are not made here: they are pushed as the log holds them.
"""

from collections.abc import Iterable

from common.events import PROTOCOL, ByeReason, MessageType, ResyncReason
from common.wire import dumps
from wsserver import frames


def _message(kind: MessageType, **fields: object) -> bytes:
    return frames.text(dumps({"type": kind, **fields}).encode())


def welcome(*, build: str, epoch: str, head: int, heartbeat_ms: int, spread_ms: int, now: int) -> bytes:
    """The stream follows from the cursor that the client subscribed with; `head` is the newest event.

    What all clients do at the same event, as a snapshot after `reset`, each does at a moment of its own in `spread_ms`.
    """
    return _message(
        MessageType.WELCOME,
        protocol=PROTOCOL,
        build=build,
        epoch=epoch,
        seq=head,
        heartbeatMs=heartbeat_ms,
        spreadMs=spread_ms,
        now=now,
    )


def heartbeat(cursor: int | None, spread_ms: int, now: int) -> bytes:
    """`cursor` is the last event put into this connection's stream; None while it is not subscribed."""
    return _message(MessageType.HEARTBEAT, seq=cursor, spreadMs=spread_ms, now=now)


def resync(reason: ResyncReason, delay_ms: int) -> bytes:
    """The cursor cannot be continued: take a snapshot after `delay_ms`, then subscribe again."""
    return _message(MessageType.RESYNC, reason=reason, delayMs=delay_ms)


def workspaces_changed(recent: Iterable[tuple[str, int]]) -> bytes:
    """The whole recent list, newest first: (configPath, lastOpenedAt)."""
    entries = [{"configPath": path, "lastOpenedAt": at} for path, at in recent]
    return _message(MessageType.WORKSPACES_CHANGED, data=entries)


def run_output(items: Iterable[tuple[str, str, int, list[str]]]) -> bytes:
    """What agents said: for each run its id, its task's, the number of the first record, and the stored records."""
    texts = [
        f'{{"runId":{dumps(run_id)},"taskId":{dumps(task_id)},"from":{start},"records":[{",".join(wires)}]}}'
        for run_id, task_id, start, wires in items
    ]
    return frames.text(f'{{"type":"{MessageType.RUN_OUTPUT}","items":[{",".join(texts)}]}}'.encode())


def bye(delay_ms: int, reason: ByeReason, detail: str = "") -> bytes:
    """Reconnect after `delay_ms`; `detail` says more about the reason, in words for a person."""
    return _message(MessageType.BYE, delayMs=delay_ms, reason=reason, detail=detail)
